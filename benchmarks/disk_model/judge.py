"""What the outbox must still know after a cut, and whether it does.

The outbox that opens the torn disk is the shipped class, by its contract only. What it must know
comes from what the traced program was told before the cut; what was under way may be there or not.
"""

import random
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.disk_model.story import Owed, epoch_of, seq_of
from benchmarks.disk_model.workload import ALL, SOURCE, told_of
from kiosk.door.credential import Assurance
from kiosk.door.event import (
    Acknowledgement,
    CheckIn,
    CheckInEvent,
    ClockReading,
    Direction,
    QueuedEvent,
    read_event,
    utc_of,
)
from kiosk.door.rules import Reason, Verdict
from kiosk.errors import OutboxError
from kiosk.outbox import Outbox
from kiosk.outbox.sqlite import Settings, build

DATABASE = "outbox.db"
ONE_MORE = CheckIn(
    verdict=Verdict.REJECTED,
    reason=Reason.OK,
    direction=Direction.IN,
    kind="cccd",
    assurance=Assurance.UNSIGNED,
    handle="0" * 32,
    clock=ClockReading(utc=utc_of(0.0), trusted=False, boot="after", mono_ns=1),
)
"""What an outbox is given after a cut, to see whether it goes on."""


@dataclass(frozen=True, slots=True)
class Found:
    """What one cut did."""

    lost: int = 0
    unreadable: str = ""
    wrong: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Tell whether every promise was kept."""
        return not (self.lost or self.unreadable or self.wrong)


def rebuild(folder: Path, files: Mapping[str, bytes], dice: random.Random) -> None:
    """Put a disk's files into `folder`, in place of what was there."""
    for old in folder.iterdir():
        old.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    if dice.random() < 0.2:
        # Never durable, so a cut may leave anything in it.
        (folder / f"{DATABASE}-shm").write_bytes(dice.randbytes(32768))


def examine(folder: Path, owed: Owed) -> Found:
    """Let the outbox open what is left, and compare."""
    outbox = build(Settings(path=folder / DATABASE), SOURCE)
    try:
        found = _compare(outbox, owed)
    except (OutboxError, ValueError) as error:
        # The second is never right, but only worse drives than the promise speaks of show it.
        return Found(len(owed.events), f"{type(error).__name__}: {error}")
    finally:
        outbox.close()
    damage = _damage(folder / DATABASE)
    return Found(found.lost, damage, found.wrong) if damage else found


def _compare(outbox: Outbox, owed: Owed) -> Found:
    wrong = [*_view_faults(outbox, owed)]
    epoch = None if owed.last is None else epoch_of(owed.last)
    if epoch is not None:
        outbox.acknowledge(Acknowledgement(epochs={epoch: 0}))
    outbox.send_again()
    events = outbox.pending(0, ALL)
    held = _by_id(events)
    if len(held) != len(events):
        wrong.append("an event is there twice")
    lost = sum(
        not _same(body, held.get(event_id), may_blank=owed.may_blank)
        for event_id, body in owed.events.items()
    )
    known = [owed.last, owed.under_way if owed.under_way in held else None]
    last_seq = max((seq_of(event_id) for event_id in known if event_id is not None), default=0)
    more = outbox.commit(ONE_MORE)
    if more.seq != last_seq + 1:
        wrong.append("the next number is not the next")
    if epoch is not None and epoch_of(more.event_id) != epoch:
        wrong.append("another epoch")
    if outbox.pending(more.row - 1, ALL) != [more]:
        wrong.append("the next event is not there")
    return Found(lost, "", tuple(wrong))


def _view_faults(outbox: Outbox, owed: Owed) -> list[str]:
    """Return where the outbox shows what was in none of the states that a cut may leave."""
    shown = _by_id(outbox.pending(0, ALL))
    ids = {*shown}.union(*(state.shown for state in owed.states))
    faults = []
    if any(shown.get(i) not in [state.shown.get(i) for state in owed.states] for i in ids):
        faults.append("unsent events are not as told")
    if told_of(outbox.memory()) not in [state.passed for state in owed.states]:
        faults.append("who passed is not as told")
    rows = [state.rows for state in owed.states]
    if not min(rows) <= outbox.depth().rows <= max(rows):
        faults.append("the number of rows is not as told")
    return faults


def _by_id(events: Iterable[QueuedEvent]) -> dict[str, str]:
    return {event.event_id: event.body.decode(errors="replace") for event in events}


def _same(told: str, held: str | None, *, may_blank: bool) -> bool:
    """Tell whether an event is still there: byte for byte, or as retention leaves it."""
    if held is None or told == held:
        return held is not None
    if not may_blank:
        return False
    try:
        was, now = read_event(told.encode()), read_event(held.encode())
    except ValueError:
        return False
    if not isinstance(was, CheckInEvent) or not isinstance(now, CheckInEvent):
        return False
    blank = {"handle": None, "sealed": None, "expired": True}
    return now == was.model_copy(update={"data": was.data.model_copy(update=blank)})


def _damage(database: Path) -> str:
    """Return what SQLite's own check says against the file."""
    connection = sqlite3.connect(database)
    try:
        answer = str(connection.execute("PRAGMA integrity_check").fetchone()[0])
    except sqlite3.Error as error:
        answer = str(error)
    finally:
        connection.close()
    return "" if answer == "ok" else answer
