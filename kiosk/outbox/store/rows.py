"""Rows as they come in and go out: each function is one step within the caller's transaction."""

import sqlite3
from collections.abc import Iterable
from dataclasses import astuple, replace

from kiosk.door.event import (
    BootClock,
    CheckIn,
    ClockReading,
    Event,
    EventName,
    QueuedEvent,
    enclose,
    enclose_clock,
    queued,
)
from kiosk.outbox import Depth
from kiosk.outbox.store.age import Age, advanced
from kiosk.outbox.store.opening import Damaged

PROBE_BYTES = 8192
BOOTS_KEPT = 256
_NEXT_NUMBER = """
UPDATE meta SET last_seq = last_seq + 1, rows = rows + 1, unsent = unsent + 1,
    unacknowledged = unacknowledged + 1
RETURNING epoch, last_seq"""
PENDING = """
SELECT e.row, e.epoch, e.seq, e.name, e.body FROM unsent CROSS JOIN event AS e ON e.row = unsent.row
WHERE unsent.row > ? ORDER BY unsent.row LIMIT ?"""
DEPTH = """
SELECT rows, unsent, unacknowledged,
    max(0.0, age_s - (SELECT age_s FROM event WHERE row = (SELECT min(row) FROM unsent)))
FROM meta"""
FIRST_UNSENT = """
SELECT seq FROM event WHERE epoch = ? AND seq > ? AND row IN unsent ORDER BY seq LIMIT 1"""
LAST_NUMBER = "SELECT coalesce(max(seq), 0) FROM event WHERE epoch = ?"


def insert(db: sqlite3.Connection, check_in: CheckIn, source: str) -> QueuedEvent:
    """Number a check-in and insert it."""
    age_s = grow(db, check_in.clock)
    epoch, seq = db.execute(_NEXT_NUMBER).fetchone()
    return _insert(db, enclose(check_in, source=source, epoch=epoch, seq=seq), epoch, age_s)


def insert_clock(
    db: sqlite3.Connection, boot_clock: BootClock, now: ClockReading, source: str
) -> QueuedEvent | None:
    """Number a boot's clock and insert it; None where that boot's was told before."""
    added = db.execute("INSERT OR IGNORE INTO boot (boot) VALUES (?)", (boot_clock.boot,))
    if not added.rowcount:
        return None
    db.execute("DELETE FROM boot WHERE id <= (SELECT max(id) FROM boot) - ?", (BOOTS_KEPT,))
    age_s = grow(db, now)
    epoch, seq = db.execute(_NEXT_NUMBER).fetchone()
    event = enclose_clock(boot_clock, time=now.utc, source=source, epoch=epoch, seq=seq)
    return _insert(db, event, epoch, age_s)


def _insert(db: sqlite3.Connection, event: Event, epoch: str, age_s: float) -> QueuedEvent:
    without_place = queued(event, 0)
    row = db.execute(
        "INSERT INTO event (epoch, seq, name, age_s, body) VALUES (?, ?, ?, ?, ?)",
        (epoch, without_place.seq, without_place.name, age_s, without_place.body),
    ).lastrowid
    db.execute("INSERT INTO unsent VALUES (?)", (row,))
    return replace(without_place, row=row or 0)


def prove(db: sqlite3.Connection) -> None:
    """Write as much as a commit would, and give it back.

    A full disk may still overwrite a page of its log: room for an event is what counts.
    """
    db.execute("UPDATE meta SET probes = probes + 1")
    db.execute("INSERT INTO room VALUES (zeroblob(?))", (PROBE_BYTES,))
    db.execute("DELETE FROM room")


def waiting(db: sqlite3.Connection, after_row: int, limit: int) -> list[QueuedEvent]:
    """Return unsent events at places above `after_row`, oldest first.

    Raises:
        Damaged: One of them has a name that no event has.
    """
    try:
        return [
            QueuedEvent(seq, f"{epoch}:{seq}", body, EventName(name), row)
            for row, epoch, seq, name, body in db.execute(PENDING, (after_row, limit))
        ]
    except ValueError as error:
        raise Damaged("the outbox is damaged: an event has no name") from error


def mark_sent(db: sqlite3.Connection, rows: Iterable[int]) -> None:
    """Note what a broker took, and up to which number of its epoch nothing was left out."""
    most: dict[str, int] = {}
    taken = 0
    for row in rows:
        if not db.execute("DELETE FROM unsent WHERE row = ?", (row,)).rowcount:
            continue
        taken += 1
        epoch, seq = db.execute("SELECT epoch, seq FROM event WHERE row = ?", (row,)).fetchone()
        most[epoch] = max(seq, most.get(epoch, 0))
    db.execute("UPDATE meta SET unsent = unsent - ?", (taken,))
    for epoch, highest in most.items():
        db.execute(
            "UPDATE epoch SET sent_most = max(sent_most, ?) WHERE epoch = ?", (highest, epoch)
        )
        _advance_sent(db, epoch)


def _advance_sent(db: sqlite3.Connection, epoch: str) -> None:
    """Move `sent` to the last number before the first that waits; each is passed once."""
    before = db.execute("SELECT sent FROM epoch WHERE epoch = ?", (epoch,)).fetchone()[0]
    first = db.execute(FIRST_UNSENT, (epoch, before)).fetchone()
    upto = first[0] - 1 if first else db.execute(LAST_NUMBER, (epoch,)).fetchone()[0]
    db.execute("UPDATE epoch SET sent = max(sent, ?) WHERE epoch = ?", (upto, epoch))


def depth(db: sqlite3.Connection, trouble: str | None) -> Depth:
    """Return what is held, without counting it."""
    rows, unsent, unacknowledged, waited_s = db.execute(DEPTH).fetchone()
    return Depth(rows, unsent, unacknowledged, waited_s, trouble)


def age_of(db: sqlite3.Connection) -> Age:
    """Return the age as it is on disk."""
    return Age(
        *db.execute(
            "SELECT age_s, boot, mono_ns, known_utc_s, known_age_s, known_boot FROM meta"
        ).fetchone()
    )


def set_age(db: sqlite3.Connection, age: Age) -> None:
    """Put the age on disk."""
    db.execute(
        "UPDATE meta SET age_s = ?, boot = ?, mono_ns = ?, known_utc_s = ?, known_age_s = ?,"
        " known_boot = ?",
        astuple(age),
    )


def grow(db: sqlite3.Connection, now: ClockReading) -> float:
    """Let the age advance to `now`; returns it in seconds."""
    age = advanced(age_of(db), now)
    set_age(db, age)
    return age.age_s
