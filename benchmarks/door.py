"""How long from a card before the camera to the green light, and how much of it is our own doing.

The parts of `kiosk run` at work: the eye in a process of its own before a mock camera at 30 frames
a second, its socket, the daemon, the outbox on this disk with every commit flushed, the player, and
the lights on mock pins that note the time. Cards are held up in a drawn hall, in frames of the size
that a kiosk reads unless told otherwise. Between two cards, while nobody is in view, the same
picture is decoded and a row of the same size is committed with nothing around it: these two are
what no kiosk can do without. The eye decodes only what changed in a frame, so it may take less.

Held to: our own part (everything but waiting for the frame and decoding) at most 15 ms in 99 of 100
cards; the whole at most 1.5 times the bare decode and commit, at the median.
"""

import argparse
import contextlib
import json
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from gpiozero.pins.mock import MockFactory, MockPWMPin

from benchmarks.door_eye import CARDS, EMPTY_FRAMES, FPS, cards, frame_of
from kiosk.app import collector, logs
from kiosk.app.daemon import Kiosk
from kiosk.app.inbox import Inbox, Item
from kiosk.app.keys import Keys, without_periods
from kiosk.app.notify import Notify
from kiosk.app.parts import Parts
from kiosk.app.player import Player
from kiosk.clock import system
from kiosk.door.event import CheckIn, QueuedEvent
from kiosk.door.machine import Conduct
from kiosk.door.rules import Rules
from kiosk.eye.decoders import zxing
from kiosk.eye.link import Heard, KioskEnd
from kiosk.eye.messages import Seen
from kiosk.indicators.led import LedIndicator
from kiosk.indicators.led import Settings as LedSettings
from kiosk.outbox import MemoryChange
from kiosk.outbox.sqlite import Settings as OutboxSettings
from kiosk.outbox.sqlite import SqliteOutbox
from kiosk.payloads import formats, read
from kiosk.uplink.courier import CourierThread
from kiosk.uplink.mqtt import Settings as MqttSettings
from kiosk.uplink.mqtt import build as build_mqtt

SOURCE = "kiosk/v1/hk-042/door-1"
MOST_OWN_MS = 15.0
MOST_TIMES_BARE = 1.5
_PATIENCE_S = 60.0
_ROW_BYTES = 700
_SETTINGS = """
[camera]
kind = "synthetic"
[eye]
decoders = ["zxing", "zbarlight"]
"""


@dataclass(slots=True)
class Times:
    """When what happened, in monotonic nanoseconds; each list has one writer."""

    shown: dict[int, int] = field(default_factory=dict)
    decodes: list[tuple[int, int, int]] = field(default_factory=list)
    heard: list[tuple[int, int]] = field(default_factory=list)
    commits: list[tuple[int, int]] = field(default_factory=list)
    greens: list[int] = field(default_factory=list)
    bare_decodes: list[int] = field(default_factory=list)
    bare_commits: list[int] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def wait_for_green(self, count: int) -> bool:
        """Wait until so many cards were green; tell whether they were."""
        with self.changed:
            return self.changed.wait_for(lambda: len(self.greens) >= count, _PATIENCE_S)


class TimedOutbox(SqliteOutbox):
    """The outbox, with a stop watch around a commit."""

    times: Times

    def commit(self, check_in: CheckIn, change: MemoryChange | None = None) -> QueuedEvent:
        """Commit, and note how long it took."""
        begun_ns = time.monotonic_ns()
        event = super().commit(check_in, change)
        self.times.commits.append((begun_ns, time.monotonic_ns()))
        return event


def timed_pins(times: Times) -> MockFactory:
    """Return mock pins whose green one notes when it rises."""

    class TimedPin(MockPWMPin):  # type: ignore[misc] # gpiozero has no types
        def _change_state(self, value: float) -> bool:
            rises = value and not self._state and self.info.name == "GPIO17"
            changed: bool = super()._change_state(value)
            if rises:
                with times.changed:
                    times.greens.append(time.monotonic_ns())
                    times.changed.notify_all()
            return changed

    return MockFactory(pin_class=TimedPin)


@contextlib.contextmanager
def door(folder: Path, times: Times, inbox: Inbox) -> Iterator[Kiosk]:
    """Give a kiosk as `kiosk run` puts it together; its eye is to be started beside it."""
    with contextlib.ExitStack() as stack:
        clock = system.build(system.Settings())
        player = Player(
            [LedIndicator(LedSettings(), timed_pins(times))], clock.monotonic_s, unlock_s=1.0
        )
        stack.callback(player.close)
        outbox = TimedOutbox(OutboxSettings(path=folder / "outbox.db"), SOURCE)
        outbox.times = times
        stack.callback(outbox.close)
        # Nobody listens at port 1: the door does not wait for a network.
        uplink = build_mqtt(MqttSettings(host="127.0.0.1", port=1, tls=False), SOURCE, b"")
        plain = SqliteOutbox(OutboxSettings(path=folder / "outbox.db"), SOURCE)
        courier = CourierThread(
            plain.sibling, uplink, clock.monotonic_s, inbox.post, reading=clock.read
        )

        def post(item: Item) -> None:
            if isinstance(item, Heard) and isinstance(item.message, Seen):
                times.heard.append((item.message.captured_ns, round(item.at_s * 1e9)))
            inbox.post(item)

        player.start()
        courier.start()
        stack.callback(courier.close, b"", 1.0)
        stack.callback(KioskEnd(folder / "eye", post).close)
        keys = without_periods(Keys(b"s" * 32, b"d" * 32), clock)
        conduct = Conduct(Rules(frozenset({"cccd"})))
        collector.leave_what_stays()
        yield Kiosk(Parts(outbox, courier, player, clock, None, keys, conduct, 5.0, Notify.of({})))


def listen(eye: subprocess.Popen[str], times: Times) -> None:
    """Note what the eye says, until it ends."""
    assert eye.stdout is not None  # noqa: S101 - it was asked for
    for line in eye.stdout:
        said = json.loads(line)
        with times.changed:
            if "card" in said:
                times.shown[said["card"]] = said["captured_ns"]
            else:
                times.decodes.append((said["captured_ns"], said["begun_ns"], said["ended_ns"]))
            times.changed.notify_all()


def bare(folder: Path, times: Times, pictures: list[bytes], count: int, inbox: Inbox) -> None:
    """After each green, once the card is gone: the same decode and commit with nothing around."""
    decoder = zxing.build(zxing.Settings())
    with contextlib.closing(bare_database(folder / "bare.db")) as db:
        for number in range(count):
            luma = pictures[number % CARDS]
            if not times.wait_for_green(number + 1):
                break
            # The card stays for a third of a second, then nobody is in view for a second.
            time.sleep(EMPTY_FRAMES / FPS * 0.6)
            begun_ns = time.monotonic_ns()
            decoder.decode(frame_of(luma, begun_ns))
            decoded_ns = time.monotonic_ns()
            commit(db)
            times.bare_decodes.append(decoded_ns - begun_ns)
            times.bare_commits.append(time.monotonic_ns() - decoded_ns)
    inbox.stop(0)


def bare_database(path: Path) -> sqlite3.Connection:
    """Return a database with nothing but rows, durable as the outbox is."""
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE event (seq INTEGER PRIMARY KEY, body BLOB)")
    return db


def commit(db: sqlite3.Connection) -> None:
    """Commit one row of an event's size."""
    db.execute("BEGIN IMMEDIATE")
    db.execute("INSERT INTO event (body) VALUES (zeroblob(?))", (_ROW_BYTES,))
    db.execute("COMMIT")


def run(folder: Path, count: int) -> Times:
    """Show so many cards; return when what happened."""
    times, inbox, pictures = Times(), Inbox(), cards()
    # As `kiosk run` does: formats are loaded before somebody stands there.
    read(b"", formats())
    config = folder / "kiosk.toml"
    config.write_text(_SETTINGS, "utf-8")
    with door(folder, times, inbox) as kiosk:
        command = [sys.executable, "-m", "benchmarks.door_eye", str(config)]
        command += [str(folder / "eye"), str(count)]
        with subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command, stdout=subprocess.PIPE, text=True
        ) as eye:
            try:
                for work in (
                    lambda: listen(eye, times),
                    lambda: bare(folder, times, pictures, count, inbox),
                ):
                    threading.Thread(target=work, daemon=True).start()
                kiosk.run(inbox)
            finally:
                eye.kill()
    return times


def stages(times: Times, number: int) -> dict[str, float] | None:
    """Return the milliseconds of each stage for one card; None where it was never green."""
    shown_ns = times.shown.get(number)
    if shown_ns is None:
        return None
    until_ns = times.shown.get(number + 1, 2**63)
    green_ns = next((at for at in times.greens if shown_ns < at < until_ns), None)
    if green_ns is None:
        return None
    decodes = [d for d in times.decodes if shown_ns <= d[0] and d[2] < green_ns]
    heard_ns = next(h for _, h in times.heard if h > shown_ns)
    begun_ns, committed_ns = next(c for c in times.commits if c[0] > shown_ns)
    decoding_ns = sum(ended - begun for _, begun, ended in decodes)
    read_ns = decodes[-1][2]
    parts_ns = {
        "whole": green_ns - shown_ns,
        "own": green_ns - shown_ns - decoding_ns,
        "looking without decoding": read_ns - shown_ns - decoding_ns,
        "decoding": decoding_ns,
        "to the kiosk": heard_ns - read_ns,
        "deciding": begun_ns - heard_ns,
        "committing": committed_ns - begun_ns,
        "lighting": green_ns - committed_ns,
    }
    return {name: ns / 1e6 for name, ns in parts_ns.items()}


def figures(times: Times, cards: int) -> dict[str, Any]:
    """Return medians and 99th percentiles in milliseconds, and whether the limits hold."""
    told = [s for number in range(cards) if (s := stages(times, number)) is not None]
    if len(told) < 2:
        raise SystemExit("fewer than two cards were green: nothing to tell")
    bare_ms = [
        (decode + row) / 1e6
        for decode, row in zip(times.bare_decodes, times.bare_commits, strict=True)
    ]
    by_stage = {name: _summary([s[name] for s in told]) for name in told[0]}
    limit_ms = MOST_TIMES_BARE * median(bare_ms)
    held = {
        "own_p99": by_stage["own"]["p99_ms"] <= MOST_OWN_MS,
        "whole_median": by_stage["whole"]["median_ms"] <= limit_ms,
        "every_card_green": len(told) == cards,
    }
    return {
        "cards": cards,
        "green": len(told),
        "stages": by_stage,
        "bare_decode": _summary([ns / 1e6 for ns in times.bare_decodes]),
        "bare_commit": _summary([ns / 1e6 for ns in times.bare_commits]),
        "bare": _summary(bare_ms),
        "whole_to_bare": round(by_stage["whole"]["median_ms"] / median(bare_ms), 2),
        "held": held,
    }


def _summary(values_ms: list[float]) -> dict[str, float]:
    p99_ms = quantiles(values_ms, n=100, method="inclusive")[98]
    return {"median_ms": round(median(values_ms), 2), "p99_ms": round(p99_ms, 2)}


def main(given: Sequence[str] | None = None) -> int:
    """Measure; return 1 where a limit does not hold."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.door", description=__doc__)
    parser.add_argument("--cards", type=int, default=100, metavar="N", help="so many are shown")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="the disk to be measured")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args(given)
    logs.configure("json", "error")
    with tempfile.TemporaryDirectory(prefix="door-", dir=options.folder) as name:
        told = figures(run(Path(name), options.cards), options.cards)
    text = json.dumps(told, indent=1)
    sys.stdout.write(f"{text}\n")
    if options.json is not None:
        options.json.write_text(f"{text}\n", encoding="utf-8")
    return 0 if all(told["held"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
