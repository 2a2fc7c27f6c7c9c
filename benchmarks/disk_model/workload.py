"""The program that is traced: the shipped outbox, driven through every method that writes.

It tells on its standard output, which the trace shows among the writes, what it is about to do and,
when the call has returned, what the outbox then shows. It lives several lives: some end with
`close`, the others by leaving, and one may be killed in the middle of a sync. What the next one
finds is as good as delivered, so from then on it must stay.

`--synchronous-normal` is the control: the same module, on connections that sync less.
"""

import argparse
import json
import os
import random
import signal
import sqlite3
import sys
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kiosk.door.credential import Assurance
from kiosk.door.event import (
    Acknowledgement,
    BootClock,
    CheckIn,
    ClockReading,
    Direction,
    QueuedEvent,
    source_of,
)
from kiosk.door.rules import Reason, Verdict
from kiosk.outbox import Memory, MemoryChange, Outbox, StoredPassage, StoredVisits
from kiosk.outbox.sqlite import Settings, build

SOURCE = source_of("hk-model", "door-1")
ALL = 1 << 20
"""More events than any run has."""
LIVES = (0.01, 0.6, 0.04, 0.35)
"""Which part of the operations each life has. The long ones fill and restart SQLite's log."""
_BEGIN = datetime(2024, 2, 29, 8, 0, tzinfo=UTC)
_DAY_S = 86_400.0


class Life:
    """One process's time with the outbox: a door and a courier, as the daemon has them."""

    def __init__(
        self, door: Outbox, tell: Callable[[dict[str, Any]], None], dice: random.Random, number: int
    ) -> None:
        self._door = door
        self._courier = door.sibling()
        self._tell = tell
        self._dice = dice
        self._number = number
        self._age_s = number * 20 * _DAY_S
        self._last: QueuedEvent | None = None
        self._marks = set(door.memory().passages)
        self._shown: dict[str, str] = {}
        self._tell({"finds": self._changes()})

    def live(self, operations: int) -> None:
        """Do so many things, most of them commits."""
        things: list[tuple[int, Callable[[], object]]] = [
            (60, self._commit),
            (4, self._door.probe),
            (14, self._send),
            (10, self._acknowledge),
            (1, self._courier.send_again),
            (6, self._keep),
            (1, self._commit_clock),
            (2, self._remember),
        ]
        weights, calls = zip(*things, strict=True)
        # The first is a commit: whether the epoch survived can only be told by an event of it.
        for call in [self._commit, *self._dice.choices(calls, weights, k=operations - 1)]:
            self._age_s += self._dice.uniform(1.0, 60.0)
            self._tell({"begins": call.__name__})
            call()
            self._tell(self._changes())

    def close(self) -> None:
        """Close both objects, as a kiosk that is stopped does."""
        self._courier.close()
        self._door.close()

    def _commit(self) -> None:
        change = self._someone_passes() if self._dice.random() < 0.5 else None
        self._last = self._door.commit(_check_in(self._dice, self._clock()), change)
        self._tell({"committed": _shown(self._last)})

    def _someone_passes(self) -> MemoryChange:
        """Return what is to be remembered of one more, and of whom nothing is any more."""
        dice = self._dice
        mark = f"{dice.randrange(20):032x}"
        gone = dice.sample(sorted(self._marks), len(self._marks) // 8)
        self._marks = (self._marks | {mark}) - set(gone)
        day = int(self._age_s // _DAY_S)
        visits = StoredVisits(7, {day - ago: dice.randrange(1, 4) for ago in range(3)})
        passage = StoredPassage(dice.choice(list(Direction)), self._age_s)
        forgotten = dict.fromkeys(gone)
        return MemoryChange({mark: passage, **forgotten}, {mark: visits, **forgotten})

    def _remember(self) -> None:
        self._door.remember(self._someone_passes())

    def _commit_clock(self) -> None:
        event = self._door.commit_clock(BootClock(boot=self._boot, offset_ns=1), self._clock())
        if event is not None:
            self._last = event
            self._tell({"committed": _shown(event)})

    def _send(self) -> None:
        waiting = self._courier.pending(0, self._dice.randrange(1, 40))
        self._courier.mark_sent([e.row for e in waiting if self._dice.random() < 0.97])

    def _acknowledge(self) -> None:
        """Say what a ledger that has got everything sent would say, and sometimes less."""
        if self._last is None:
            return
        epoch = self._last.event_id.partition(":")[0]
        waiting = [e.seq for e in self._courier.pending(0, ALL) if e.event_id.startswith(epoch)]
        upto = min(waiting, default=self._last.seq + 1) - 1
        if self._dice.random() < 0.1:
            upto = max(0, upto - self._dice.randrange(20))
        self._tell({"acknowledges": {epoch: upto}})
        self._courier.acknowledge(Acknowledgement(epochs={epoch: upto}))

    def _keep(self) -> None:
        """Let time pass: rows grow old, are pruned when acknowledged, and blanked when not."""
        self._age_s += self._dice.choice((0.0, 0.1, 1.0, 3.0)) * _DAY_S
        while self._courier.keep(self._clock()):
            pass

    def _clock(self) -> ClockReading:
        return ClockReading(
            utc=_BEGIN + timedelta(seconds=self._age_s),
            trusted=True,
            boot=self._boot,
            mono_ns=round((self._age_s - self._number * 20 * _DAY_S) * 1e9),
        )

    @property
    def _boot(self) -> str:
        return f"00000000-0000-4000-8000-{self._number:012x}"

    def _view(self) -> dict[str, str]:
        return {e.event_id: e.body.decode() for e in self._courier.pending(0, ALL)}

    def _changes(self) -> dict[str, Any]:
        """Return what the outbox shows now, where it differs from what it showed before."""
        before, self._shown = self._shown, self._view()
        now = {i: body for i, body in self._shown.items() if before.get(i) != body}
        gone = sorted(before.keys() - self._shown.keys())
        rows = self._courier.depth().rows
        return {"now": now, "gone": gone, "passed": told_of(self._door.memory()), "rows": rows}


def told_of(memory: Memory) -> dict[str, Any]:
    """Return the memory of who passed as JSON gives it back."""
    passages = {m: [p.direction.value, p.since_unix_s] for m, p in memory.passages.items()}
    visits = {
        m: [v.days, {str(day): count for day, count in v.counts.items()}]
        for m, v in memory.visits.items()
    }
    return {"passages": passages, "visits": visits}


def _check_in(dice: random.Random, clock: ClockReading) -> CheckIn:
    return CheckIn(
        verdict=Verdict.ACCEPTED,
        reason=Reason.OK,
        direction=Direction.IN,
        kind="cccd",
        assurance=Assurance.UNSIGNED,
        handle=f"{dice.getrandbits(128):032x}",
        sealed="A" * dice.choice((8, 300, 900)),
        clock=clock,
    )


def _shown(event: QueuedEvent) -> dict[str, str]:
    return {event.event_id: event.body.decode()}


class _SyncsLess(sqlite3.Connection):
    """A connection on which the outbox's own statement about syncing has less effect."""

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        """Run it, and take back what it said about syncing."""
        cursor = super().execute(*arguments)
        if "synchronous" in arguments[0].casefold():
            super().execute("PRAGMA synchronous = NORMAL")
        return cursor


def sync_less() -> None:
    """Let every outbox that this process opens from now on sync less: the control."""
    shipped = sqlite3.connect

    def connect(*arguments: Any, **named: Any) -> sqlite3.Connection:
        return shipped(*arguments, **named, factory=_SyncsLess)

    sqlite3.connect = connect  # type: ignore[assignment]


def _tell(told: dict[str, Any]) -> None:
    os.write(1, json.dumps(told).encode())


def _in_a_process(work: Callable[[], None]) -> None:
    """Do it in a child that ends at once after it, or is killed: nothing is closed on the way out.

    Raises:
        SystemExit: The child failed; it has said why.
    """
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 - whatever it is: the parent's stack must not unwind twice
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if status != 0 and not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
        raise SystemExit(1)


def main(given: Sequence[str] | None = None) -> None:
    """Live all lives."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.disk_model.workload")
    parser.add_argument("database", type=Path)
    parser.add_argument("--operations", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--synchronous-normal", action="store_true")
    parser.add_argument("--again", action="store_true", help="one life more, on what is there")
    options = parser.parse_args(sys.argv[1:] if given is None else given)
    if options.synchronous_normal:
        sync_less()
    lives = [(len(LIVES), 1.0)] if options.again else list(enumerate(LIVES))
    for number, part in lives:

        def life(number: int = number, part: float = part) -> None:
            _tell({"arrives": number})
            outbox = build(Settings(path=options.database), SOURCE)
            dice = random.Random(options.seed * 100 + number)  # noqa: S311 - a trial, no secret
            lived = Life(outbox, _tell, dice, number)
            lived.live(max(3, round(options.operations * part)))
            if number % 2:
                lived.close()

        _in_a_process(life)


if __name__ == "__main__":
    main()
