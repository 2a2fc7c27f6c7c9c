"""How fast a full outbox drains, beside a bare paho client that has everything in memory.

The same broker, the same bytes, the same window of 20 at QoS 1, in turns of so many events: first
ours from disk (SQLite, marked durably), then paho's from a list, and again. A rate alone says
little on a machine that others use; the ratio of two neighbours does. Then a rate that
an operator has signed slows the same courier down to ten events a second, and it is counted whether
that holds.
"""

import argparse
import json
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from benchmarks.drain_peer import PATIENCE_S, Peer
from kiosk.app.lists_thread import ListsThread
from kiosk.door.credential import Assurance
from kiosk.door.event import CheckIn, ClockReading, Direction, QueuedEvent, source_of
from kiosk.door.rules import Reason, Verdict
from kiosk.lists.keeper import Keeper, Terms
from kiosk.lists.reception import Reception
from kiosk.lists.signed import signing
from kiosk.lists.store import Store
from kiosk.outbox import sqlite
from kiosk.outbox.store import rows
from kiosk.uplink import mqtt
from kiosk.uplink.courier import CourierState, CourierThread
from provisioning.broker import Broker

SITE = "hk-bench"
SOURCE = source_of(SITE, "door-1")
TARGET = 0.5
"""A drain from disk is at least half as fast as a bare client from memory."""
TURNS = 10
TOLD_HZ = 10.0
TOLD_S = 10.0
TOLERANCE = 0.15
FASTEST_HZ = 10_000.0
_BEGIN = datetime(2024, 2, 29, 8, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Drained:
    """One run: seconds for each turn of `turn` events, ours and paho's; then the governed rate."""

    events: int
    turn: int
    ours_s: tuple[float, ...]
    paho_s: tuple[float, ...]
    told_hz: float
    seen_hz: float

    @property
    def ratio(self) -> float:
        """Return our rate over paho's, over all turns."""
        return sum(self.paho_s) / sum(self.ours_s)

    @property
    def kept(self) -> bool:
        """Tell whether it was fast enough, and slow enough when told."""
        return self.ratio >= TARGET and abs(self.seen_hz / self.told_hz - 1) <= TOLERANCE

    def lines(self) -> list[str]:
        """Return what was seen."""
        ours, peer = (self.events / sum(took) for took in (self.ours_s, self.paho_s))
        each = sorted(p / o for o, p in zip(self.ours_s, self.paho_s, strict=True))
        return [
            f"outbox to broker   {ours:8.0f} events/s",
            f"paho from memory   {peer:8.0f} events/s",
            (
                f"ratio              {self.ratio:8.2f}  (turns {each[0]:.2f} to {each[-1]:.2f};"
                f" at least {TARGET})"
            ),
            f"told {self.told_hz:g}/s, seen {self.seen_hz:8.2f} events/s over {TOLD_S:g} s",
        ]


def check_in(number: int) -> CheckIn:
    """Return the check-in of a person who does not exist."""
    return CheckIn(
        verdict=Verdict.ACCEPTED,
        reason=Reason.OK,
        direction=Direction.IN,
        kind="cccd",
        assurance=Assurance.UNSIGNED,
        handle=f"{number:032x}",
        clock=ClockReading(
            utc=_BEGIN + timedelta(seconds=number),
            trusted=True,
            boot="00000000-0000-4000-8000-000000000001",
            mono_ns=number * 1_000_000_000,
        ),
    )


class Office:
    """The real courier and lists over a real outbox and the real uplink; what it says is kept."""

    def __init__(self, folder: Path, port: int, operator: bytes) -> None:
        self._path = folder / "outbox.db"
        self._outbox = sqlite.build(sqlite.Settings(path=self._path), SOURCE)
        self._outbox.probe()
        self._filled = 0
        uplink = mqtt.build(
            mqtt.Settings(host="127.0.0.1", port=port, tls=False), SOURCE, b'{"online":false}'
        )
        self._told = threading.Condition()
        self._state = CourierState()
        self._courier = CourierThread(
            self._outbox.sibling, uplink, time.monotonic, self._keep, drain_hz=FASTEST_HZ
        )
        terms = Terms(signing([operator]), SITE, max_entries=1)
        keeper = Keeper(Store(folder / "lists", SITE), terms)
        self._lists = ListsThread(
            keeper,
            Reception(keeper, SITE),
            self._courier.listen,
            self._courier.govern,
            lambda _: None,
            time.monotonic,
        )
        self._courier.heard_by(self._lists.hear)
        self._lists.start()
        self._courier.start()

    def fill(self, count: int) -> list[QueuedEvent]:
        """Put so many check-ins on disk in one transaction; nobody is told of them yet."""
        numbers = range(self._filled + 1, self._filled + count + 1)
        with sqlite3.connect(self._path) as db:
            events = [rows.insert(db, check_in(number), SOURCE) for number in numbers]
        db.close()
        self._filled += count
        return events

    def drain(self) -> float:
        """Tell the courier; return how long it took until all were sent and marked."""
        begun_s = time.monotonic()
        self._courier.nudge()
        wait_for(lambda: not self.unsent)
        return time.monotonic() - begun_s

    @property
    def unsent(self) -> int:
        """How many rows no broker has taken over."""
        return self._outbox.depth().unsent

    def wait_for(self, met: Callable[[CourierState], bool]) -> None:
        """Wait until the courier says so of itself."""
        with self._told:
            if not self._told.wait_for(lambda: met(self._state), PATIENCE_S):
                raise TimeoutError(f"the courier is at {self._state}")

    def nudge(self) -> None:
        """Say that there are rows."""
        self._courier.nudge()

    def close(self) -> None:
        """End it."""
        self._courier.close(b"{}", 5.0)
        self._lists.close(5.0)
        self._outbox.close()

    def _keep(self, state: CourierState) -> None:
        with self._told:
            self._state = state
            self._told.notify_all()


def wait_for(met: Callable[[], bool]) -> None:
    """Look every few milliseconds; looking costs the same however full the outbox is."""
    until_s = time.monotonic() + PATIENCE_S
    while not met():
        if time.monotonic() > until_s:
            raise TimeoutError("the outbox does not drain")
        time.sleep(0.005)


def listen(port: int) -> None:
    """Subscribe to all events and throw them away, so that a broker has somebody to deliver to."""
    topic = b"kiosk/v1/+/+/event/#"
    with socket.create_connection(("127.0.0.1", port)) as wire:
        wire.sendall(b"\x10\x0f\0\x04MQTT\x05\x02\0\0\0\0\x02ls")
        wire.sendall(bytes((0x82, len(topic) + 6, 0, 1, 0, 0, len(topic))) + topic + b"\0")
        sys.stdout.write("listening\n")
        sys.stdout.flush()
        while wire.recv(1 << 20):
            pass


@contextmanager
def listening(port: int) -> Iterator[None]:
    """Let somebody listen, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.drain", "--listen", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603 - ourselves
        if process.stdout is None or not process.stdout.readline():
            raise RuntimeError("nobody listens")
        try:
            yield
        finally:
            process.terminate()


def run(folder: Path, events: int, told_s: float = TOLD_S) -> Drained:
    """Drain in turns, then as slowly as told for `told_s` seconds."""
    turn = max(1, events // TURNS)
    ours_s, paho_s = [], []
    with Broker(folder, verbose=False) as broker, listening(broker.port):
        operator = Ed25519PrivateKey.generate()
        public = operator.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        office, peer = Office(folder, broker.port, public), Peer(broker.port)
        office.wait_for(lambda state: state.connected)
        for each in (max(1, turn // 10), *[turn] * TURNS):
            filled = office.fill(each)
            ours_s.append(office.drain())
            paho_s.append(peer.publish(filled, f"{SOURCE}/event/checkin"))
        peer.tell(TOLD_HZ, operator)
        office.wait_for(lambda state: state.drain_hz == TOLD_HZ)
        seen_hz = governed_hz(office, told_s)
        office.close()
        peer.close()
    # The first turn warms everything up and is not counted.
    return Drained(turn * TURNS, turn, tuple(ours_s[1:]), tuple(paho_s[1:]), TOLD_HZ, seen_hz)


def governed_hz(office: Office, told_s: float) -> float:
    """Return how many events a second leave of a queue that has more of them."""
    office.fill(int(TOLD_HZ * (told_s + 5) * 2))
    office.nudge()
    before = office.unsent
    # What was saved up leaves at once; it is no part of the rate.
    wait_for(lambda: office.unsent < before - TOLD_HZ)
    begun_s, begun = time.monotonic(), office.unsent
    wait_for(lambda: time.monotonic() - begun_s >= told_s)
    return (begun - office.unsent) / (time.monotonic() - begun_s)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, and fail where a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.drain", description=__doc__)
    parser.add_argument("--events", type=int, default=100_000, help="how many, in all turns")
    parser.add_argument("--json", type=Path, help="write the figures there")
    parser.add_argument("--listen", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.listen is not None:
        listen(options.listen)
        return 0
    folder = Path(tempfile.mkdtemp(prefix="drain-"))
    try:
        drained = run(folder, options.events)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.write("\n".join(drained.lines()) + "\n")
    if options.json is not None:
        figures = {**asdict(drained), "ratio": drained.ratio, "kept": drained.kept}
        options.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    return 0 if drained.kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
