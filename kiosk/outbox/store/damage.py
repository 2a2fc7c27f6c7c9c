"""A file whose content is wrong: noticed, set aside, never deleted.

Set aside means renamed, with its log, to `NAME.damaged-XXXXXXXX`. A note `.moving` beside it is
there while that goes on, and a note `.salvaged` when everything readable was saved from it.
"""

import re
import secrets
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from kiosk.durable import make_durable
from kiosk.errors import OutboxError
from kiosk.outbox.store.opening import Damaged, our_own_words_are_right

QUICK_BYTES = 16 * 1024 * 1024
"""A file up to this size is read whole at the start, about a second on a slow card; of a larger one
only what is found by index, and `kiosk outbox status --check` reads the rest."""
FILES_MAX = 16
"""A dying card must not be filled with what it damages."""
LOG_ENDS = ("-wal", "-shm")
_MOVING = ".moving"
_SALVAGED = ".salvaged"
_NAMED = re.compile(r"(.*\.damaged-[0-9a-f]{8})(-wal)?$")


def check(db: sqlite3.Connection, path: Path, *, whole: bool = False) -> None:
    """Check what the rows must be, and a small file's pages; `whole` also those of a large one.

    Raises:
        Damaged: They are not.
    """
    # One moment's rows and counts, whoever writes meanwhile.
    db.execute("BEGIN")
    try:
        with our_own_words_are_right():
            flaw = next(_flaws(db, whole=whole or path.stat().st_size <= QUICK_BYTES), None)
    finally:
        db.execute("ROLLBACK")
    if flaw is not None:
        raise Damaged(f"the outbox is damaged: {flaw}")


def _flaws(db: sqlite3.Connection, *, whole: bool) -> Iterator[str]:
    meta = db.execute("SELECT epoch, last_seq FROM meta").fetchone()
    if meta is None:
        yield "it does not know its own epoch"
        return
    epoch, last_seq = meta
    known = db.execute("SELECT whole_from FROM epoch WHERE epoch = ?", (epoch,)).fetchone()
    highest = db.execute("SELECT max(seq) FROM event WHERE epoch = ?", (epoch,)).fetchone()[0]
    if known is None or highest not in (None, last_seq):
        yield f"its last event is number {highest} and should be {last_seq}"
    if not whole:
        return
    for (word,) in db.execute("PRAGMA quick_check(1)"):
        if word != "ok":
            yield "a page of it cannot be right"
    yield from _miscounts(db, epoch, known[0] if known else None)


def _miscounts(db: sqlite3.Connection, epoch: str, whole_from: int | None) -> Iterator[str]:
    rows, first, last = db.execute(
        "SELECT count(*), min(seq), max(seq) FROM event WHERE epoch = ? AND seq >= ?",
        (epoch, whole_from or 0),
    ).fetchone()
    if whole_from is not None and rows and rows != last - first + 1:
        yield f"{last - first + 1 - rows} of its numbers are missing"
    counted = db.execute(
        "SELECT (SELECT count(*) FROM event), (SELECT count(*) FROM unsent),"
        " (SELECT count(*) FROM unsent WHERE row NOT IN (SELECT row FROM event))"
    ).fetchone()
    if counted != (*db.execute("SELECT rows, unsent FROM meta").fetchone(), 0):
        yield "its counts are not those of its rows"


def set_aside(path: Path) -> None:
    """Rename a file and its log, so that the next opening begins a new one.

    Raises:
        OutboxError: That was done too often.
    """
    if len(set_aside_files(path)) >= FILES_MAX:
        raise OutboxError("the outbox is damaged again and again: replace the card")
    name = f"{path.name}.damaged-{secrets.token_hex(4)}{_MOVING}"
    path.with_name(name).touch(exist_ok=False)
    make_durable(path.parent)
    finish_setting_aside(path)


def finish_setting_aside(path: Path) -> None:
    """Go on where a power cut stopped it; also where a file has gone and left its log behind.

    SQLite deletes a log whose database is empty, and with it the newest events.
    """
    if not path.parent.is_dir():
        return
    for note in sorted(path.parent.glob(f"{path.name}.damaged-*{_MOVING}")):
        _move(path, note.with_name(note.name.removesuffix(_MOVING)))
        note.unlink()
        make_durable(path.parent)
    log = path.with_name(f"{path.name}-wal")
    if (not path.exists() or not path.stat().st_size) and log.exists() and log.stat().st_size:
        set_aside(path)


def _move(path: Path, target: Path) -> None:
    if path.exists() and target.exists():
        return  # the name is already a new file's
    for end in ("", *LOG_ENDS):
        here = path.with_name(path.name + end)
        there = target.with_name(target.name + end)
        if here.exists() and not there.exists():
            here.rename(there)
    make_durable(path.parent)


def set_aside_files(path: Path) -> list[Path]:
    """Return the damaged files beside `path`, in the order of their names; logs without one too."""
    beside = path.parent.glob(f"{path.name}.damaged-*") if path.parent.is_dir() else ()
    found = (_NAMED.fullmatch(each.name) for each in beside)
    return [path.with_name(name) for name in sorted({match[1] for match in found if match})]


def is_salvaged(damaged: Path) -> bool:
    """Tell whether everything readable was saved from a damaged file."""
    return damaged.with_name(damaged.name + _SALVAGED).exists()


def note_salvaged(damaged: Path) -> None:
    """Note that nothing is left to be saved; call it when that is durable."""
    damaged.with_name(damaged.name + _SALVAGED).touch()
    make_durable(damaged.parent)
