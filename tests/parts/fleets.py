"""A fleet that nobody trusts outside these tests: keys, a broker, and a clock that is moved."""

import gc
import queue
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from kiosk.enrolment.keys import Held
from provisioning.broker import Broker
from provisioning.fleet import broker_files, many
from provisioning.fleet.broker_files import Listener
from provisioning.fleet.certificates import Signer
from provisioning.fleet.folder import FleetFolder, Terms
from provisioning.fleet.registrar import Registrar

ROOT_PHRASE, PHRASE = "the root of these tests", "the issuing key of these tests"
DAY_S = 86_400
PATIENCE_S = 20.0
DEVICE_DAYS = 90


@cache
def _made() -> tuple[dict[str, bytes], list[Signer]]:
    """Return the files of a fleet, and its issuing keys: opening those is made slow on purpose."""
    # Begun long ago, so that certificates of days gone by can be made.
    begun_s = int(time.time()) - 3 * 365 * DAY_S
    with tempfile.TemporaryDirectory() as place:
        folder = FleetFolder(Path(place))
        folder.make(Terms(name="Tests"), ROOT_PHRASE, PHRASE, begun_s)
        return {p.name: p.read_bytes() for p in folder.path.iterdir()}, folder.signers(PHRASE)


class Fleet:
    """A fleet in a folder; `ahead_s` is added to this machine's clock, and may be changed."""

    def __init__(self, folder: Path, **terms: Any) -> None:
        self.ahead_s = 0
        self.path = folder
        self.folder = FleetFolder(folder)
        files, self.signers = _made()
        folder.mkdir()
        for name, raw in files.items():
            (folder / name).write_bytes(raw)
        values = {"server": "https://127.0.0.1:1", "device_days": DEVICE_DAYS, **terms}
        made = Terms.model_validate({"name": "Tests", **values})
        (folder / "fleet.json").write_text(made.model_dump_json())
        self.registrar = self.opened()

    def opened(self) -> Registrar:
        """Return a registrar of this fleet: another process would have its own."""
        return Registrar(self.folder, self.signers, self.now_s)

    def now_s(self) -> float:
        return time.time() + self.ahead_s

    def add_sites(self, *sites: str) -> None:
        roll = self.folder.roll()
        for site in sites:
            roll.add_site(site, "", int(self.now_s()))
        roll.close()

    def enrolled(self, name: str) -> Held:
        """Return the key and certificate of a device made here."""
        site, _, device = name.partition("/")
        self.add_sites(site)
        return self.registrar.enrol_here(site, device)

    def write(self, folder: Path, held: Held) -> Path:
        """Write them as a kiosk has them."""
        many.write_bench(folder, held, self.registrar.root)
        return folder / many.KEY


class FleetBroker(Broker):
    """A real mosquitto with the very settings that the fleet writes."""

    def __init__(self, folder: Path, fleet: Fleet) -> None:
        self.files = folder / "broker"
        signer = fleet.folder.signers(PHRASE)[-1]
        broker_files.write_broker(self.files, fleet.folder, signer, ["127.0.0.1"], int(time.time()))
        super().__init__(folder)

    def _config_lines(self, port: int) -> list[str]:
        listener = Listener(port, "127.0.0.1")
        return [
            "log_dest stderr",
            *broker_files.settings(self.files, listener, broker_files.owner()),
        ]


class Client:
    """Anybody with a certificate: says what it likes, and is told what the broker makes of it."""

    def __init__(self, port: int, held: Path, ca: Path, will: str | None = None) -> None:
        self._port = port
        self._connected: queue.Queue[str] = queue.Queue()
        self._answers: queue.Queue[str] = queue.Queue()
        self._subscribed = threading.Event()
        self.heard: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self._client = client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id="anything",
            protocol=paho.MQTTv5,
            reconnect_on_failure=False,
        )
        context = ssl.create_default_context(cafile=ca)
        context.load_cert_chain(held)
        client.tls_set_context(context)
        if will is not None:
            client.will_set(will, b"forged", qos=1, retain=True)
        client.on_connect = lambda _c, _u, _f, reason, _p: self._connected.put(str(reason))
        client.on_disconnect = lambda _c, _u, _f, reason, _p: self._connected.put(
            f"ended: {reason}"
        )
        client.on_publish = lambda _c, _u, _m, reason, _p: self._answers.put(str(reason))
        client.on_subscribe = lambda *_: self._subscribed.set()
        client.on_message = lambda _c, _u, said: self.heard.put((said.topic, bytes(said.payload)))

    def outcome(self) -> str:
        """Connect, and return what became of it; what is refused is put away."""
        try:
            self._client.connect("127.0.0.1", self._port)
        except OSError as error:
            said = f"refused: {error}"
        else:
            self._client.loop_start()
            said = self._connected.get(timeout=PATIENCE_S)
        if said != "Success":
            self.__exit__()
            # paho leaves the socket of a failed handshake to the garbage collector.
            gc.collect()
        return said

    def says(self, topic: str, body: bytes = b"x", *, retain: bool = False) -> str:
        """Publish, and return the broker's answer."""
        self._client.publish(topic, body, qos=1, retain=retain)
        return self._answers.get(timeout=PATIENCE_S)

    def listens(self, *topics: str) -> None:
        """Subscribe, and wait for the answer."""
        self._subscribed.clear()
        self._client.subscribe([(topic, 1) for topic in topics])
        assert self._subscribed.wait(PATIENCE_S)

    def hears(self) -> tuple[str, bytes]:
        """Return the next message."""
        return self.heard.get(timeout=PATIENCE_S)

    def vanish(self) -> None:
        """Lose the connection without a word: the broker tells the will."""
        wire = self._client.socket()
        assert wire is not None
        self._client.loop_stop()
        wire.close()
        self._let_go()

    def __enter__(self) -> Self:
        assert self.outcome() == "Success"
        return self

    def __exit__(self, *_: object) -> None:
        wire = self._client.socket()
        self._client.disconnect()
        self._client.loop_stop()
        if wire is not None:
            wire.close()
        self._let_go()

    def _let_go(self) -> None:
        """Let nothing hold the client but us: in a circle, its sockets are collected before it."""
        client = self._client
        client.on_connect = client.on_disconnect = client.on_publish = None
        client.on_subscribe = client.on_message = None


@contextmanager
def clients(connect: Callable[[str], Client], *names: str) -> Iterator[list[Client]]:
    """Give connected clients of these names."""
    made = [connect(name) for name in names]
    try:
        for client in made:
            client.__enter__()
        yield made
    finally:
        for client in made:
            client.__exit__()
