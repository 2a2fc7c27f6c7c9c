"""One person goes: from their events, whatever their age, and from what the door remembers.

As retention does it: in place, in small transactions, so that a commit at the door waits for one of
them at most. What happened stays with its number, and says `expired`. The two are asked for apart:
events know a person by handle, the memory by mark, and nothing on the disk joins them.
"""

import sqlite3
from functools import partial

from kiosk.outbox.store.expiry import expired
from kiosk.outbox.store.file import OutboxFile
from kiosk.outbox.store.retention import BLANKED_AT_ONCE

_LOOKED_AT_ONCE = 2000
FIND = "SELECT row FROM event WHERE row > ? AND row <= ? AND instr(body, ?) ORDER BY row"
FORGET = ("DELETE FROM passage WHERE mark = ?", "DELETE FROM visit WHERE mark = ?")


def erase(file: OutboxFile, handle: str) -> int:
    """Blank every event that holds `handle`, durably; return how many those were."""
    text = handle.encode("ascii")
    count = 0
    after, last = file.run(_ends)
    while after < last:
        upto = min(last, after + _LOOKED_AT_ONCE)
        found = file.run(partial(_find, after=after, upto=upto, text=text))
        for start in range(0, len(found), BLANKED_AT_ONCE):
            part = found[start : start + BLANKED_AT_ONCE]
            count += file.transaction(partial(_blank, places=part, text=text))
        after = upto
    return count


def forget(file: OutboxFile, mark: str) -> int:
    """Remove the last passage and the visits of `mark`, durably; return how many rows it was."""
    return file.transaction(partial(_forget, mark=mark))


def _ends(db: sqlite3.Connection) -> tuple[int, int]:
    first, last = db.execute("SELECT min(row), max(row) FROM event").fetchone()
    return (0, 0) if first is None else (first - 1, last)


def _find(db: sqlite3.Connection, *, after: int, upto: int, text: bytes) -> list[int]:
    return [row for (row,) in db.execute(FIND, (after, upto, text))]


def _blank(db: sqlite3.Connection, *, places: list[int], text: bytes) -> int:
    """Blank these rows, those that are still there; return how many."""
    count = 0
    for row in places:
        kept = db.execute("SELECT body FROM event WHERE row = ?", (row,)).fetchone()
        if kept is not None and text in kept[0]:
            db.execute("UPDATE event SET body = ? WHERE row = ?", (expired(kept[0]), row))
            count += 1
    return count


def _forget(db: sqlite3.Connection, *, mark: str) -> int:
    return sum(db.execute(statement, (mark,)).rowcount for statement in FORGET)
