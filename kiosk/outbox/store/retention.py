"""What goes when: acknowledged rows after some days, handles when their retention has ended.

Everything is asked of an index, oldest first, and done in small transactions: a commit at the door
waits for one of them at most. Days are days of the outbox's own age.
"""

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from kiosk.door.event import ClockReading
from kiosk.outbox.store.age import Age, advanced
from kiosk.outbox.store.answers import MINUTE_S
from kiosk.outbox.store.expiry import expired
from kiosk.outbox.store.rows import age_of, grow

PRUNED_AT_ONCE = 200
BLANKED_AT_ONCE = 50
"""Rows per transaction: a body is parsed and written anew, a few milliseconds on a slow board."""
AGE_KEPT_S = 60.0
"""The age is written so often: a power cut costs at most so much of it, and the card is spared."""
CROWDED = 0.8
"""Part of `max_mb` from which acknowledged rows make room before their days are over."""
RESERVE_BYTES = 4 * 1024 * 1024
RESERVE_PART = 8
OLDEST = """
SELECT e.row, e.seq, e.age_s, e.row IN unsent FROM event AS e
WHERE e.epoch = ? AND e.seq <= ? ORDER BY e.seq LIMIT ?"""
NEXT_TO_BLANK = """
SELECT row, seq, age_s, body FROM event WHERE epoch = ? AND seq > ? ORDER BY seq LIMIT ?"""
_DAY_S = 86400.0


@dataclass(frozen=True, slots=True)
class Terms:
    """How long handles are kept, and acknowledged rows after their acknowledgement; seconds."""

    retention_s: float
    acknowledged_s: float

    @classmethod
    def of_days(cls, retention: float, acknowledged: float) -> "Terms":
        """Return the terms that settings give in days."""
        return cls(retention * _DAY_S, acknowledged * _DAY_S)


@dataclass(frozen=True, slots=True)
class _Prunable:
    epoch: str
    upto_seq: int
    minute: int
    """Words of the ledger up to here are used up with these rows; -1 where it said none."""
    before_age_s: float | None = None
    """Only rows committed before; None: whatever their age."""


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be done at an age; nothing where both are empty."""

    now: ClockReading
    age: Age
    prunable: tuple[_Prunable, ...]
    blankable: tuple[str, ...]

    @property
    def nothing(self) -> bool:
        """Whether rows can stay as they are."""
        return not self.prunable and not self.blankable


def due(db: sqlite3.Connection, path: Path, now: ClockReading, terms: Terms) -> Due:
    """Return what is to be done now; reads a few index entries for each epoch."""
    age = advanced(age_of(db), now)
    crowded = part_used(db) > CROWDED or lacks_reserve(path, _free_bytes(db))
    ledger = bool(db.execute("SELECT ledger FROM meta").fetchone()[0])
    prunable, blankable = [], []
    for epoch, acknowledged, sent, blanked in db.execute(
        "SELECT epoch, acknowledged, sent, blanked FROM epoch"
    ).fetchall():
        found = _acknowledged(
            db, epoch, acknowledged, age.age_s - terms.acknowledged_s, crowded=crowded
        )
        if found is None and crowded and not ledger:
            # Blanked rows cost only space. A clock that lies about years may have aged them, so
            # they go for want of space and for nothing else.
            found = _Prunable(epoch, min(sent, blanked), -1, age.age_s - terms.retention_s)
        if found is not None and _may_go(db, found):
            prunable.append(found)
        first = db.execute(NEXT_TO_BLANK, (epoch, blanked, 1)).fetchone()
        if first and first[2] <= age.age_s - terms.retention_s:
            blankable.append(epoch)
    return Due(now, age, tuple(prunable), tuple(blankable))


def age_is_due(db: sqlite3.Connection, age: Age) -> bool:
    """Tell whether the age on disk, or the time beside it, has fallen too far behind."""
    before = age_of(db)
    if (before.boot, before.known_boot) != (age.boot, age.known_boot):
        return True
    # How far UTC has jumped since: the next boot counts from where it stood last.
    jump_s = (age.known_utc_s or 0) - (before.known_utc_s or 0) - (age.age_s - before.age_s)
    return age.age_s - before.age_s >= AGE_KEPT_S or abs(jump_s) >= AGE_KEPT_S


def do(db: sqlite3.Connection, what: Due, terms: Terms) -> None:
    """Prune and blank a bounded number of rows, in the caller's transaction."""
    # Not the age that was read before: the door may have moved on since.
    grow(db, what.now)
    for found in what.prunable[:1]:
        _prune(db, found)
    for epoch in what.blankable[:1]:
        _blank(db, epoch, what.age.age_s - terms.retention_s)


def _acknowledged(
    db: sqlite3.Connection, epoch: str, acknowledged: int, before_s: float, *, crowded: bool
) -> _Prunable | None:
    minute = int(before_s // MINUTE_S) - 1
    found = db.execute(
        "SELECT upto_seq FROM acknowledged WHERE epoch = ? AND minute <= ?"
        " ORDER BY minute DESC LIMIT 1",
        (epoch, minute),
    ).fetchone()
    if crowded and acknowledged:
        return _Prunable(epoch, acknowledged, minute if found else -1)
    return _Prunable(epoch, found[0], minute) if found else None


def _going(db: sqlite3.Connection, found: _Prunable, limit: int) -> list[int]:
    """Return the places that may go, oldest first, up to the first that may not."""
    rows = []
    for row, _, age_s, is_unsent in db.execute(OLDEST, (found.epoch, found.upto_seq, limit)):
        too_young = found.before_age_s is not None and age_s > found.before_age_s
        if is_unsent or too_young:
            break
        rows.append(row)
    return rows


def _is_used_up(db: sqlite3.Connection, found: _Prunable) -> bool:
    """Tell whether no row is left that the ledger's old words are about."""
    left = db.execute(OLDEST, (found.epoch, found.upto_seq, 1)).fetchone()
    return found.minute >= 0 and left is None


def _may_go(db: sqlite3.Connection, found: _Prunable) -> bool:
    return bool(_going(db, found, 1)) or _is_used_up(db, found)


def _prune(db: sqlite3.Connection, found: _Prunable) -> None:
    rows = _going(db, found, PRUNED_AT_ONCE)
    acknowledged = db.execute(
        "SELECT acknowledged FROM epoch WHERE epoch = ?", (found.epoch,)
    ).fetchone()[0]
    lost = 0 if found.upto_seq <= acknowledged else len(rows)
    db.executemany("DELETE FROM event WHERE row = ?", [(row,) for row in rows])
    db.execute(
        "UPDATE meta SET rows = rows - ?, unacknowledged = unacknowledged - ?", (len(rows), lost)
    )
    if _is_used_up(db, found):
        db.execute(
            "DELETE FROM acknowledged WHERE epoch = ? AND minute <= ?", (found.epoch, found.minute)
        )


def _blank(db: sqlite3.Connection, epoch: str, before_age_s: float) -> None:
    blanked = db.execute("SELECT blanked FROM epoch WHERE epoch = ?", (epoch,)).fetchone()[0]
    for row, seq, age_s, body in db.execute(
        NEXT_TO_BLANK, (epoch, blanked, BLANKED_AT_ONCE)
    ).fetchall():
        if age_s > before_age_s:
            break
        db.execute("UPDATE event SET body = ? WHERE row = ?", (expired(body), row))
        blanked = seq
    db.execute("UPDATE epoch SET blanked = ? WHERE epoch = ?", (blanked, epoch))


def truncate_log(db: sqlite3.Connection) -> bool:
    """Empty the write-ahead log, in which old pages still hold what was blanked.

    Only at a quiet moment: returns False, at once, where somebody else reads or writes.
    """
    patience_ms = db.execute("PRAGMA busy_timeout").fetchone()[0]
    db.execute("PRAGMA busy_timeout = 0")
    try:
        # The long part first, in a mode that no commit waits for.
        db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        busy: int = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    finally:
        db.execute(f"PRAGMA busy_timeout = {patience_ms}")
    return not busy


def part_used(db: sqlite3.Connection) -> float:
    """Return how much of `max_mb` holds rows, 0 to 1."""
    pages, free, most = (
        db.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "max_page_count")
    )
    return float((pages - free) / most)


def _free_bytes(db: sqlite3.Connection) -> int:
    free, size = (
        db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_size")
    )
    return int(free * size)


def lacks_reserve(path: Path, own_free_bytes: int = 0, part: float = 1.0) -> bool:
    """Tell whether the disk has less left than a commit and the next checkpoint may need.

    A write that succeeds proves only itself: the log that it went to is later written into the
    database, which may need as much again, and others write to the same disk. The reserve is the
    size of a full log, or an eighth of a disk that is smaller than eight of them.
    """
    disk = os.statvfs(path.parent)
    reserve = min(RESERVE_BYTES, disk.f_blocks * disk.f_frsize // RESERVE_PART)
    return disk.f_bavail * disk.f_frsize + own_free_bytes < part * reserve
