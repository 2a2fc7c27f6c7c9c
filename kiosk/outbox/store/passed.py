"""What the door remembers of those who passed, as rows: steps within the caller's transaction."""

import contextlib
import sqlite3
from collections.abc import Iterator
from typing import Any

from kiosk.door.event import Direction
from kiosk.outbox import Memory, MemoryChange, StoredPassage, StoredVisits
from kiosk.outbox.store.opening import Damaged

PASSAGES = "SELECT mark, direction, since_unix_s FROM passage"
VISITS = "SELECT mark, day, count, days FROM visit"
_INSIDE = "SELECT mark, 'in', since_unix_s FROM inside"
"""As versions 1 and 2 of the schema had it."""


def change(db: sqlite3.Connection, wanted: MemoryChange) -> None:
    """Write only what changes: a full hall must not be written anew for each person."""
    for mark, passage in wanted.passages.items():
        if passage is None:
            db.execute("DELETE FROM passage WHERE mark = ?", (mark,))
        else:
            row = (mark, passage.direction.value, passage.since_unix_s)
            db.execute("INSERT OR REPLACE INTO passage VALUES (?, ?, ?)", row)
    for mark, visits in wanted.visits.items():
        db.execute("DELETE FROM visit WHERE mark = ?", (mark,))
        if visits is not None:
            db.executemany(
                "INSERT INTO visit VALUES (?, ?, ?, ?)",
                [(mark, day, count, visits.days) for day, count in visits.counts.items()],
            )


def memory(db: sqlite3.Connection) -> Memory:
    """Return all of it.

    Raises:
        Damaged: Something in it cannot have been written.
    """
    try:
        passages = {mark: _passage(way, since_s) for mark, way, since_s in db.execute(PASSAGES)}
        counts: dict[str, dict[int, int]] = {}
        days: dict[str, int] = {}
        for mark, day, count, window_days in db.execute(VISITS):
            counts.setdefault(mark, {})[int(day)] = int(count)
            days[mark] = max(int(window_days), days.get(mark, 0))
    except ValueError as error:
        raise Damaged("the outbox is damaged: a passage is none") from error
    return Memory(passages, {mark: StoredVisits(days[mark], counts[mark]) for mark in counts})


def carry(source: sqlite3.Connection, db: sqlite3.Connection) -> None:
    """Carry over from a damaged file, of whatever version, what can be read."""
    for statement in (PASSAGES, _INSIDE):
        for mark, way, since_s in _readable(source, statement):
            with contextlib.suppress(TypeError, ValueError):
                stored = _passage(way, since_s)
                change(db, MemoryChange({str(mark): stored}, {}))
    for mark, day, count, days in _readable(source, VISITS):
        with contextlib.suppress(TypeError, ValueError, sqlite3.IntegrityError):
            row = (str(mark), int(day), int(count), int(days))
            db.execute("INSERT OR REPLACE INTO visit VALUES (?, ?, ?, ?)", row)


def _passage(way: str, since_s: float) -> StoredPassage:
    return StoredPassage(Direction(way), float(since_s))


def _readable(source: sqlite3.Connection, statement: str) -> Iterator[tuple[Any, ...]]:
    """Yield rows until one cannot be read."""
    with contextlib.suppress(sqlite3.Error):
        yield from source.execute(statement)
