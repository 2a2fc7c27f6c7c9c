"""What can still be read of a damaged file goes into the new one, byte for byte, a batch at a time.

First by SQLite, row after row, passing over those that it cannot read. Where it could not read
everything, the file's bytes and its log's are searched for events. How far that is stands in the
new file and moves in the transaction that saves the rows, so that a power cut costs nothing.
"""

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kiosk.door.event import CheckInEvent, EventName, read_event
from kiosk.outbox.store import damage, passed
from kiosk.outbox.store.age import Age
from kiosk.outbox.store.rows import age_of, set_age

ROWS_AT_ONCE = 200
BYTES_AT_ONCE = 1024 * 1024
EVENT_MAX_BYTES = 16 * 1024
"""Longer than any event; those that span pages are left to SQLite."""
EVENT_MIN_BYTES = 64
BY_ROW, BY_BYTE, DONE = "rows", "bytes", "done"
_BEGIN = b'{"specversion":'


@dataclass(frozen=True, slots=True)
class _Saved:
    body: bytes
    age_s: float | None = None


def inherit(db: sqlite3.Connection, path: Path) -> None:
    """Carry over from damaged files what a new one must know at once; what is unreadable is not.

    Who passed, how old the outbox is, and what the ledger has acknowledged.
    """
    for damaged in damage.set_aside_files(path):
        if damage.is_salvaged(damaged):
            continue
        with contextlib.suppress(sqlite3.Error), _reading(damaged) as source:
            for carry in (passed.carry, _carry_age, _carry_epochs):
                with contextlib.suppress(sqlite3.Error, TypeError, ValueError):
                    carry(source, db)


def _carry_age(source: sqlite3.Connection, db: sqlite3.Connection) -> None:
    age: Age = age_of(source)
    if age.age_s > age_of(db).age_s:
        set_age(db, age)
        db.execute(
            "UPDATE meta SET ledger = ?", source.execute("SELECT ledger FROM meta").fetchone()
        )


def _carry_epochs(source: sqlite3.Connection, db: sqlite3.Connection) -> None:
    for epoch, acknowledged, sent in source.execute(
        "SELECT epoch, acknowledged, sent FROM epoch"
    ).fetchall():
        db.execute(
            "INSERT OR IGNORE INTO epoch (epoch, acknowledged, sent) VALUES (?, ?, ?)",
            (str(epoch), int(acknowledged), int(sent)),
        )


def unfinished(path: Path) -> Path | None:
    """Return the first damaged file from which something may still be saved."""
    return next((f for f in damage.set_aside_files(path) if not damage.is_salvaged(f)), None)


def batch(db: sqlite3.Connection, damaged: Path) -> bool:
    """Save the next rows, in the caller's transaction; returns whether there may be more."""
    db.execute(
        "INSERT OR IGNORE INTO salvage (file, stage, after) VALUES (?, ?, 0)",
        (damaged.name, BY_ROW),
    )
    stage, after, unreadable = db.execute(
        "SELECT stage, after, unreadable FROM salvage WHERE file = ?", (damaged.name,)
    ).fetchone()
    if stage == BY_ROW:
        found, after, missed = _by_row(damaged, after)
        unreadable += missed
        if after < 0:
            stage, after = (BY_BYTE if unreadable else DONE), 0
    elif stage == BY_BYTE:
        found, after = _by_byte(damaged, after)
        if after < 0:
            stage, after = DONE, 0
    else:
        return False
    for saved in found:
        _insert(db, saved)
    db.execute(
        "UPDATE salvage SET stage = ?, after = ?, unreadable = ? WHERE file = ?",
        (stage, after, unreadable, damaged.name),
    )
    return bool(stage != DONE)


def _insert(db: sqlite3.Connection, saved: _Saved) -> None:
    """Insert an event under its own epoch and number, unless it is here or acknowledged."""
    try:
        event = read_event(saved.body)
    except ValueError:
        return
    epoch, _, number = event.id.partition(":")
    seq = int(number)
    db.execute("INSERT OR IGNORE INTO epoch (epoch) VALUES (?)", (epoch,))
    if seq <= db.execute("SELECT acknowledged FROM epoch WHERE epoch = ?", (epoch,)).fetchone()[0]:
        return
    name = EventName.CHECK_IN if isinstance(event, CheckInEvent) else EventName.CLOCK
    now_s = age_of(db).age_s
    added = db.execute(
        "INSERT OR IGNORE INTO event (epoch, seq, name, age_s, body) VALUES (?, ?, ?, ?, ?)",
        (epoch, seq, name, min(now_s, now_s if saved.age_s is None else saved.age_s), saved.body),
    )
    if not added.rowcount:
        return
    db.execute("INSERT INTO unsent VALUES (?)", (added.lastrowid,))
    db.execute(
        "UPDATE meta SET rows = rows + 1, unsent = unsent + 1, unacknowledged = unacknowledged + 1"
    )
    # What is found late must not escape its retention.
    db.execute("UPDATE epoch SET blanked = min(blanked, ?) WHERE epoch = ?", (seq - 1, epoch))


def bodies(damaged: Path, seen: set[str]) -> Iterator[bytes]:
    """Yield every readable event of a damaged file whose id is not in `seen`; adds what it yields.

    Oldest first where that is known.
    """
    after, unreadable = 0, 0
    while after >= 0:
        found, after, missed = _by_row(damaged, after)
        unreadable += missed
        yield from _new(found, seen)
    after = 0 if unreadable else -1
    while after >= 0:
        found, after = _by_byte(damaged, after)
        yield from _new(found, seen)


def _new(found: list[_Saved], seen: set[str]) -> Iterator[bytes]:
    for saved in found:
        with contextlib.suppress(ValueError):
            event_id = read_event(saved.body).id
            if event_id not in seen:
                seen.add(event_id)
                yield saved.body


def _by_row(damaged: Path, after: int) -> tuple[list[_Saved], int, int]:
    """Return the next rows, the place to go on after (negative: none), and how many were missed."""
    try:
        with _reading(damaged) as source:
            columns = _columns(source)
            try:
                rows = source.execute(
                    f"{columns} > ? ORDER BY rowid LIMIT ?", (after, ROWS_AT_ONCE)
                ).fetchall()
            except sqlite3.Error:
                return _one_by_one(source, columns, after, _last_place(source, damaged))
    except sqlite3.Error:
        return [], -1, 1
    upto = rows[-1][0] if len(rows) == ROWS_AT_ONCE else -1
    return [_saved(*row) for row in rows], upto, 0


def _one_by_one(
    source: sqlite3.Connection, columns: str, after: int, last: int
) -> tuple[list[_Saved], int, int]:
    found, missed = [], 0
    upto = min(last, after + ROWS_AT_ONCE)
    for place in range(after + 1, upto + 1):
        try:
            row = source.execute(f"{columns} = ?", (place,)).fetchone()
        except sqlite3.Error:
            missed += 1
        else:
            found += [_saved(*row)] if row else []
    # Something could not be read even where no place is left: the bytes must be searched.
    return found, upto if upto < last else -1, max(1, missed)


def _saved(_: int, body: object, age_s: object) -> _Saved:
    whole = body if isinstance(body, bytes) else str(body).encode()
    return _Saved(whole, age_s if isinstance(age_s, float) else None)


def _columns(source: sqlite3.Connection) -> str:
    names = {row[1] for row in source.execute("PRAGMA table_info(event)")}
    age = "age_s" if "age_s" in names else "NULL"
    return f"SELECT rowid, body, {age} FROM event WHERE rowid"  # noqa: S608 - one of two words


def _last_place(source: sqlite3.Connection, damaged: Path) -> int:
    """Return the last place that is worth trying, by whatever can still be read; 0 for none."""
    found: list[int] = []
    for statement in (
        "SELECT max(rowid) FROM event",
        "SELECT seq FROM sqlite_sequence WHERE name = 'event'",
        "SELECT last_seq FROM meta",
    ):
        with contextlib.suppress(sqlite3.Error, TypeError, ValueError):
            found += [int(row[0] or 0) for row in source.execute(statement)]
    # A garbled number must not keep us here for years: no row is smaller than this.
    return min(max(found, default=0), damaged.stat().st_size // EVENT_MIN_BYTES)


def _by_byte(damaged: Path, after: int) -> tuple[list[_Saved], int]:
    """Return the events that stand in the next bytes, and where to go on (negative: nowhere).

    The log comes first: it may hold what the database does not yet hold.
    """
    begin = after
    for file in (damaged.with_name(f"{damaged.name}-wal"), damaged):
        size = file.stat().st_size if file.exists() else 0
        if begin < size:
            with file.open("rb") as opened:
                opened.seek(begin)
                chunk = opened.read(BYTES_AT_ONCE + EVENT_MAX_BYTES)
            step = min(BYTES_AT_ONCE, size - begin)
            return list(_events_in(chunk, step)), after + step
        begin -= size
    return [], -1


def _events_in(chunk: bytes, upto: int) -> Iterator[_Saved]:
    decoder = json.JSONDecoder()
    at = chunk.find(_BEGIN)
    while 0 <= at < upto:
        # Latin-1 has one character for each byte, so that places in both are the same.
        text = chunk[at : at + EVENT_MAX_BYTES].decode("latin-1")
        with contextlib.suppress(ValueError, RecursionError):
            yield _Saved(chunk[at : at + decoder.raw_decode(text)[1]])
        at = chunk.find(_BEGIN, at + 1)


@contextlib.contextmanager
def _reading(damaged: Path) -> Iterator[sqlite3.Connection]:
    """Open a damaged file without changing it.

    Raises:
        sqlite3.Error: It cannot be opened. An empty one is not even tried: SQLite deletes its log.
    """
    if not damaged.exists() or not damaged.stat().st_size:
        raise sqlite3.DatabaseError("the file is empty")
    source = sqlite3.connect(f"{damaged.absolute().as_uri()}?mode=ro", uri=True)
    try:
        yield source
    finally:
        source.close()


def trouble(db: sqlite3.Connection, path: Path) -> str | None:
    """Return what a person should know of damaged files beside the outbox; None: there are none."""
    files = damage.set_aside_files(path)
    if not files:
        return None
    unreadable = db.execute("SELECT coalesce(sum(unreadable), 0) FROM salvage").fetchone()[0]
    left = sum(not damage.is_salvaged(each) for each in files)
    what = f"{len(files)} damaged outbox file(s) set aside beside the outbox"
    if left:
        return f"{what}; events are still being saved from {left}"
    lost = f"{unreadable} place(s) could not be read" if unreadable else "everything was readable"
    return f"{what}; {lost}; take them away when the ledger reports no gap"
