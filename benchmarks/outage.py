"""A month without a network, on a simulated clock: does the door get slower, does memory grow.

The real daemon and the real outbox on this disk, every commit flushed; nothing takes the events
away. On the first day and on the last the same people pass in turn before this door and before one
with an empty outbox, so that a busy machine slows both alike. Then the network is back, and what
waited must arrive.

Held to: the last day's median within 5 % of the empty door's, at most 5 MB more memory, and every
event in the ledger.
"""

import argparse
import base64
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.eye import say
from benchmarks.outage_end import deliver
from kiosk.app import logs
from kiosk.app.daemon import Kiosk
from kiosk.app.keys import Keys, without_periods
from kiosk.app.notify import Notify
from kiosk.app.parts import Parts
from kiosk.clock.manual import ManualClock
from kiosk.clock.manual import Settings as ClockSettings
from kiosk.door.cues import Show, ShowAll, Unlock
from kiosk.door.machine import Conduct
from kiosk.door.rules import Rules
from kiosk.door.signal import Signal
from kiosk.eye.link import Heard
from kiosk.eye.messages import Code, Heartbeat, Seen
from kiosk.eye.watch import resident_now_mb
from kiosk.outbox.sqlite import Settings, SqliteOutbox

SOURCE = "kiosk/v1/hk-042/door-1"
DAY_S = 86400.0
MOST_SLOWER = 0.05
MOST_GROWTH_MB = 5.0
_PATIENCE_S = 120.0
KEEP_EVERY = 200
"""Scans between two calls of `keep`, which the courier makes once a minute."""
BEAT = Heartbeat(
    camera_ok=True,
    frames=1,
    frames_read=0,
    codes_read=0,
    sensor_ns=0,
    sharpness=100,
    brightness=120,
)


class Nobody:
    """Lights and a courier that are always well; `greens` counts."""

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self._monotonic_s = monotonic_s
        self.greens = 0

    @property
    def turned_s(self) -> float:
        """When it last turned: now."""
        return self._monotonic_s()

    def play(self, effect: Show | ShowAll | Unlock) -> None:
        """Count what means recorded."""
        self.greens += isinstance(effect, Show) and effect.signal is Signal.ACCEPTED

    def nudge(self) -> None:
        """Deliver nothing."""

    def say(self, status: bytes) -> None:
        """Tell nobody."""

    def answer(self, name: str, body: bytes) -> None:
        """Answer nobody."""


class Door:
    """A kiosk on a clock of its own; `pass_one` lets one more person pass."""

    def __init__(self, path: Path, gap_s: float) -> None:
        self.clock = ManualClock(ClockSettings(trusted=False))
        self.outbox = SqliteOutbox(Settings(path=path, max_mb=4096), SOURCE)
        self._upkeep = self.outbox.sibling()
        self.played = Nobody(self.clock.monotonic_s)
        parts = Parts(
            self.outbox,
            self.played,
            self.played,
            self.clock,
            None,
            without_periods(Keys(b"s" * 32, b"d" * 32), self.clock),
            Conduct(Rules(frozenset({"cccd"}))),
            5.0,
            Notify.of({}),
        )
        self._kiosk = Kiosk(parts)
        self._gap_s = gap_s
        self._passed = 0

    def pass_one(self) -> int:
        """Let the next person pass; return the nanoseconds from the eye's word to green."""
        self.clock.advance(self._gap_s)
        self._kiosk.take(Heard(BEAT, self.clock.monotonic_s()))
        self._kiosk.turn()
        if self._passed % KEEP_EVERY == 0:
            self._upkeep.keep(self.clock.read())
        heard = Heard(seen(self._passed, self.clock), self.clock.monotonic_s())
        begun_ns = time.perf_counter_ns()
        self._kiosk.take(heard)
        ended_ns = time.perf_counter_ns()
        self._passed += 1
        if self.played.greens != self._passed:
            raise RuntimeError(f"scan {self._passed} was not green")
        return ended_ns - begun_ns

    def close(self) -> None:
        """Release the files."""
        self._upkeep.close()
        self.outbox.close()


def seen(number: int, clock: ManualClock) -> Seen:
    """Return what the eye says of a made-up person's card."""
    # Province 099 was never assigned: nobody has this number.
    text = f"099090{number:06}||Nguyễn Văn An|01011990|Nam|Số 1 Lê Lợi, Hà Nội|15042021"
    code = Code.model_validate(
        {"payload": base64.b64encode(text.encode()).decode(), "corners": None, "decoder": "zxing"}
    )
    captured_ns = round(clock.monotonic_s() * 1e9)
    return Seen(captured_ns=captured_ns, width_px=640, height_px=480, codes=(code,))


def compared(old: Door, empty: Door, count: int) -> tuple[float, float]:
    """Let people pass both in turn; return the medians in milliseconds."""
    old_ns: list[int] = []
    empty_ns: list[int] = []
    for number in range(count):
        pairs = [(old, old_ns), (empty, empty_ns)]
        for door, told in pairs if number % 2 else reversed(pairs):
            told.append(door.pass_one())
    return median(old_ns) / 1e6, median(empty_ns) / 1e6


def run(folder: Path, days: int, scans: int, sample: int) -> dict[str, Any]:
    """Return the figures of an outage of so many days with so many scans a day."""
    gap_s = DAY_S / scans
    with (
        closing(Door(folder / "outage.db", gap_s)) as old,
        closing(Door(folder / "first.db", gap_s)) as first,
        closing(Door(folder / "last.db", gap_s)) as last,
    ):
        begin_ms = compared(old, first, sample)
        begin_mb = resident_now_mb()
        begun_s = time.monotonic()
        for day in range(days):
            for _ in range(scans - (sample if day == 0 else 0)):
                old.pass_one()
            say(f"day {day + 1}: {resident_now_mb() - begin_mb:+.1f} MB")
        took_s = time.monotonic() - begun_s
        grown_mb = resident_now_mb() - begin_mb
        end_ms = compared(old, last, sample)
        depth = old.outbox.depth()
        begun_s = time.monotonic()
        stored = deliver(old.outbox, SOURCE, old.clock.read, folder, _PATIENCE_S + depth.rows / 200)
        drained_s = time.monotonic() - begun_s
    slower = end_ms[0] / end_ms[1] - 1
    held = {
        "as_fast_as_an_empty_one": slower <= MOST_SLOWER,
        "memory": grown_mb <= MOST_GROWTH_MB,
        "every_scan_committed": depth.rows == depth.unsent == days * scans + sample,
        "every_event_in_the_ledger": stored == depth.rows,
    }
    return {
        "days": days,
        "rows": depth.rows,
        "oldest_unsent_days": round((depth.oldest_unsent_s or 0) / DAY_S, 2),
        "first_day_ms": {"this": round(begin_ms[0], 3), "empty": round(begin_ms[1], 3)},
        "last_day_ms": {"this": round(end_ms[0], 3), "empty": round(end_ms[1], 3)},
        "slower": round(slower, 4),
        "grown_mb": round(grown_mb, 2),
        "scans_hz": round(days * scans / took_s, 1),
        "stored": stored,
        "drained_s": round(drained_s, 1),
        "held": held,
    }


def main(given: Sequence[str] | None = None) -> int:
    """Measure; return 1 where a limit does not hold."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.outage", description=__doc__)
    add = parser.add_argument
    add("--days", type=int, default=30, metavar="N")
    add("--scans", type=int, default=20_000, metavar="N", help="a day")
    add("--sample", type=int, default=2000, metavar="N", help="scans that are compared")
    add("--folder", type=Path, metavar="DIR", help="the disk to be measured")
    add("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args(given)
    logs.configure("json", "error")
    with tempfile.TemporaryDirectory(prefix="outage-", dir=options.folder) as name:
        told = run(Path(name), options.days, options.scans, options.sample)
    text = json.dumps(told, indent=1)
    say(text)
    if options.json is not None:
        options.json.write_text(f"{text}\n", encoding="utf-8")
    return 0 if all(told["held"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
