"""The whole system on one machine, so that everything it writes can be searched afterwards.

Two venues with a real kiosk each, a real broker that keeps what it has on disk, a real ledger on
SQLite, everything at its most talkative, and a wire that notes each byte. What is held up stands in
a folder of its own, because it is ours and not theirs.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.planted import Planted
from benchmarks.privacy_lists import publish_issuers
from benchmarks.privacy_wire import Wire
from kiosk.identity.periods import Terms, as_text, derived, period_at
from provisioning.broker import Broker, end
from provisioning.key_file import encrypted

SITES = ("hk-042", "hk-043")
PASSPHRASE = "a passphrase of a trial run"  # noqa: S105 - it guards nothing
_PATIENCE_S = 60.0
_SCAN_PATIENCE_S = 8.0
_FORMATS = ["bhyt", "card", "cccd", "certificate", "covid_qr"]


@dataclass(slots=True)
class Heard:
    """What somebody hears who subscribes to everything; filled on paho's thread."""

    messages: list[tuple[str, bytes]] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until it holds.

        Raises:
            TimeoutError: It did not.
        """
        with self.changed:
            if not self.changed.wait_for(condition, _PATIENCE_S):
                raise TimeoutError(f"waited in vain for {what}")

    def events(self, source: str) -> list[dict[str, Any]]:
        """Return the check-ins of a kiosk."""
        topic = f"{source}/event/checkin"
        return [json.loads(body) for each, body in [*self.messages] if each == topic]


@dataclass(frozen=True, slots=True)
class Ran:
    """What is left of a run: all it wrote and sent, and what the authority can do with it."""

    sources: Mapping[str, bytes]
    events: Mapping[str, list[dict[str, Any]]]
    shown: Mapping[str, int]
    opened: list[dict[str, Any]]
    not_opened: list[dict[str, Any]]


def run(folder: Path, planted: list[Planted], stage: Path, say: Callable[[str], None]) -> Ran:
    """Let everybody pass at both venues; return what is left.

    Raises:
        TimeoutError: Something did not start, or nothing arrived.
    """
    key = X25519PrivateKey.generate()
    with ExitStack() as stack:
        broker_log = f"log_dest file {folder / 'mosquitto.log'}"
        kept = ("persistence true", f"persistence_location {folder}/", "autosave_interval 1")
        broker = stack.enter_context(Broker(folder, *kept, broker_log))
        wire = Wire(broker.port)
        stack.callback(wire.close)
        heard = stack.enter_context(_subscribed(broker.port))
        ledger = stack.enter_context(_ledger(folder, broker.port))
        signer = publish_issuers(folder / "operator", broker.port, PASSPHRASE)
        doors = [
            stack.enter_context(_door(folder / site, wire.port, stage, key, signer))
            for site in SITES
        ]
        _wait_until_ready(heard)
        shown = _show(planted, stage, doors, say)
        _wait_until_stored(heard)
        live = _files(folder)
        for process in (*doors, ledger):
            process.stop()
        broker.stop()
        opened = _opened(folder, heard, key)
        not_opened = _opened(folder, heard, X25519PrivateKey.generate())
        said = b"\n".join(topic.encode() + b" " + body for topic, body in heard.messages)
        left = {f"{name} (afterwards)": raw for name, raw in _files(folder).items()}
        streams = {"the wire": wire.bytes, "all topics": said}
        events = {site: heard.events(_source(site)) for site in SITES}
    return Ran({**live, **left, **streams}, events, shown, opened, not_opened)


def _source(site: str) -> str:
    return f"kiosk/v1/{site}/door-1"


class _Process:
    """A program of ours; its standard output and error go to a file, which is read as it grows."""

    def __init__(self, folder: Path, name: str, *arguments: str) -> None:
        self.log = folder / f"{name}.log"
        (folder / "tmp").mkdir(exist_ok=True)
        environ = {k: v for k, v in os.environ.items() if not k.startswith(("KIOSK_", "LEDGER_"))}
        with self.log.open("wb") as out:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**environ, "TMPDIR": str(folder / "tmp")},
            )

    @property
    def scans(self) -> int:
        """How often the log says that something was answered."""
        return self.log.read_bytes().count(b'"event":"scan"') + self.log.read_bytes().count(
            b'"event": "scan"'
        )

    def stop(self) -> None:
        """End it in order."""
        end(self._process)


@contextmanager
def _door(
    here: Path, port: int, stage: Path, key: X25519PrivateKey, signer: Path
) -> Iterator[_Process]:
    here.mkdir()
    site = here.name
    terms = Terms(site, 14)
    root = site.encode().ljust(32, b"r")
    (here / "site.key").write_text(as_text(derived(root, terms, period_at(time.time(), 14))))
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (here / "authority.pub").write_bytes(pem)
    sections: dict[str, dict[str, Any]] = {
        "kiosk": {"site": site, "device": "door-1", "direction": "in"},
        "identity": {
            "site_key_file": str(here / "site.key"),
            "device_key_file": str(here / "device.key"),
            "authority_key_file": str(here / "authority.pub"),
        },
        "camera": {"kind": "synthetic", "stage": str(stage), "fps": 10},
        "eye": {"decoders": ["zxing", "zbarlight"]},
        "payloads": {"accept": _FORMATS},
        "door": {"hold_off_s": 0.5, "repeat_s": 0.5},
        "gpio": {"pins": "mock"},
        "indicators": {"use": ["console", "led", "buzzer"]},
        "outbox": {"kind": "sqlite", "path": str(here / "outbox.db")},
        "uplink": {"kind": "mqtt", "host": "127.0.0.1", "port": port, "tls": False},
        "lists": {"folder": str(here / "lists"), "signers": [str(signer)]},
        "log": {"format": "json", "level": "debug"},
    }
    lines: list[str] = []
    for name, values in sections.items():
        lines += [f"[{name}]", *(f"{k} = {json.dumps(value)}" for k, value in values.items())]
    config = here / "kiosk.toml"
    config.write_text("\n".join(lines) + "\n", "utf-8")
    process = _Process(here, "kiosk", "kiosk", "run", "--config", str(config))
    try:
        yield process
    finally:
        process.stop()


@contextmanager
def _ledger(folder: Path, port: int) -> Iterator[_Process]:
    config = folder / "ledger.toml"
    config.write_text(
        f'[storage]\nurl = "sqlite:///{folder}/ledger.db"\n[source]\nkind = "mqtt"\n'
        f'host = "127.0.0.1"\nport = {port}\ntls = false\n[log]\nformat = "json"\n'
        'level = "debug"\n'
    )
    process = _Process(folder, "ledger", "ledger", "ingest", "--config", str(config))
    try:
        yield process
    finally:
        process.stop()


@contextmanager
def _subscribed(port: int) -> Iterator[Heard]:
    heard, ready = Heard(), threading.Event()

    def take(_client: paho.Client, _userdata: Any, message: paho.MQTTMessage) -> None:
        with heard.changed:
            heard.messages.append((message.topic, bytes(message.payload)))
            heard.changed.notify_all()

    def subscribe(subscriber: paho.Client, *_: Any) -> None:
        subscriber.subscribe("#", qos=1)

    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    client.on_connect = subscribe
    client.on_subscribe = lambda *_: ready.set()
    client.on_message = take
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        if not ready.wait(_PATIENCE_S):
            raise TimeoutError("the broker did not take the subscription")
        yield heard
    finally:
        client.disconnect()
        client.loop_stop()


def _wait_until_ready(heard: Heard) -> None:
    def ready() -> bool:
        said = {
            topic
            for topic, body in [*heard.messages]
            if topic.endswith("/status") and b'"ready"' in body and b'"issuers"' in body
        }
        return said >= {f"{_source(site)}/status" for site in SITES}

    heard.wait_for(ready, "both kiosks to be ready and to have the list")


def _show(
    planted: list[Planted], stage: Path, doors: list[_Process], say: Callable[[str], None]
) -> dict[str, int]:
    """Hold up each card at both doors until both have answered; return how many of a kind were."""
    shown: dict[str, int] = {}
    pause = threading.Event()
    for number, one in enumerate(planted):
        before = [door.scans for door in doors]
        draft = stage.with_suffix(".draft")
        draft.write_text(json.dumps({"codes": [{"text": one.payload, "size": 0.85}]}), "utf-8")
        draft.replace(stage)
        deadline_s = time.monotonic() + _SCAN_PATIENCE_S
        answered = False
        while not answered and time.monotonic() < deadline_s:
            pause.wait(0.1)
            answered = all(door.scans > had for door, had in zip(doors, before, strict=True))
        shown[one.kind] = shown.get(one.kind, 0) + answered
        if number % 20 == 19:
            say(f"  {number + 1} of {len(planted)} people have passed")
    return shown


def _wait_until_stored(heard: Heard) -> None:
    def stored() -> bool:
        for site in SITES:
            source = _source(site)
            highest = max((int(e["id"].split(":")[1]) for e in heard.events(source)), default=0)
            words = [json.loads(b) for t, b in [*heard.messages] if t == f"{source}/ack"]
            told = max((n for word in words for n in word["epochs"].values()), default=0)
            if told < highest or not highest:
                return False
        return True

    heard.wait_for(stored, "the ledger to have stored everything")


def _opened(folder: Path, heard: Heard, key: X25519PrivateKey) -> list[dict[str, Any]]:
    """Open everything with a key, as the authority does; its output goes nowhere but here."""
    private, secret = folder / "authority.key", folder / "passphrase"
    private.write_bytes(encrypted(key, PASSPHRASE))
    secret.write_text(PASSPHRASE)
    ids = [event["id"] for site in SITES for event in heard.events(_source(site))]
    words = [word for each in ids for word in ("--event", each)]
    done = subprocess.run(  # noqa: S603 - our own program
        [
            *(sys.executable, "-m", "ledger", "open", "--config", str(folder / "ledger.toml")),
            *("--key", str(private), "--passphrase-file", str(secret)),
            *("--reason", "a trial run", "--json", *words),
        ],
        capture_output=True,
        check=False,
        timeout=_PATIENCE_S,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def _files(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, by its name in it; what vanishes meanwhile is left out."""
    found = {}
    for path in sorted(folder.rglob("*")):
        with suppress(OSError):
            if path.is_file():
                found[str(path.relative_to(folder))] = path.read_bytes()
    return found
