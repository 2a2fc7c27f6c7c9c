"""The ledger's word: what may go one day, and what is wanted again.

Each step is one short transaction and leaves the file consistent, so that half a million rows
never hold up a commit at the door, and a power cut between two steps is made good by the next word.
"""

import sqlite3
from collections.abc import Callable
from functools import partial
from typing import Protocol, TypeVar

STEP = 2000
"""Numbers per transaction; each is an entry of narrow tables, not an event."""
MINUTE_S = 60

Result = TypeVar("Result")


class Run(Protocol):
    """Runs one step in a transaction of its own and returns what it returns."""

    def __call__(self, step: Callable[[sqlite3.Connection], Result], /) -> Result:
        """Run `step`."""


def acknowledge(run: Run, known: tuple[int, int, int], epoch: str, upto_seq: int) -> int:
    """Take in that the ledger stores an epoch up to a number; return how many rows it wants again.

    `known` is what the file says of the epoch: acknowledged, sent, and whether a
    ledger was ever heard. A number that was never sent
    is refused, and so is one with an unsent number below it: a ledger cannot hold what never left.
    """
    before, sent, ledger = known
    if upto_seq > sent:
        return 0
    if not ledger:
        run(_note_ledger)
    while before < upto_seq:
        before = run(partial(_raise, epoch=epoch, upto_seq=min(upto_seq, before + STEP)))
    if before == upto_seq:
        return 0
    # What was sent above the mark comes first and the mark is lowered last: after a power cut the
    # same word, told again, does the rest.
    again = send_again(run, epoch, before)
    while before > upto_seq:
        lower = max(upto_seq, before - STEP)
        again += run(partial(_lower, epoch=epoch, upto_seq=lower))
        before = lower
    return again


def send_again(run: Run, epoch: str, above: int) -> int:
    """Make unsent what an epoch has sent above a number; return how many rows that is."""
    again = 0
    after: int | None = above
    while after is not None:
        count, after = run(partial(_again, epoch=epoch, after=after))
        again += count
    return again


def _note_ledger(db: sqlite3.Connection) -> None:
    db.execute("UPDATE meta SET ledger = 1")


def _raise(db: sqlite3.Connection, *, epoch: str, upto_seq: int) -> int:
    known = db.execute("SELECT acknowledged FROM epoch WHERE epoch = ?", (epoch,)).fetchone()
    before: int = known[0]
    span = (epoch, before, upto_seq)
    # What is due to be sent again and turns out to be stored need not go.
    spared = db.execute(
        "DELETE FROM unsent WHERE row IN"
        " (SELECT row FROM event WHERE epoch = ? AND seq > ? AND seq <= ?)",
        span,
    ).rowcount
    rows = db.execute(
        "SELECT count(*) FROM event WHERE epoch = ? AND seq > ? AND seq <= ?", span
    ).fetchone()[0]
    db.execute(
        "UPDATE meta SET unsent = unsent - ?, unacknowledged = unacknowledged - ?", (spared, rows)
    )
    db.execute("UPDATE epoch SET acknowledged = ? WHERE epoch = ?", (upto_seq, epoch))
    db.execute(
        "INSERT INTO acknowledged SELECT ?, CAST(age_s / ? AS INTEGER), ? FROM meta WHERE true"
        " ON CONFLICT DO UPDATE SET upto_seq = excluded.upto_seq",
        (epoch, MINUTE_S, upto_seq),
    )
    return upto_seq


def _lower(db: sqlite3.Connection, *, epoch: str, upto_seq: int) -> int:
    known = db.execute("SELECT acknowledged FROM epoch WHERE epoch = ?", (epoch,)).fetchone()
    span = (epoch, upto_seq, known[0])
    rows = db.execute(
        "SELECT count(*) FROM event WHERE epoch = ? AND seq > ? AND seq <= ?", span
    ).fetchone()[0]
    again = db.execute(
        "INSERT OR IGNORE INTO unsent"
        " SELECT row FROM event WHERE epoch = ? AND seq > ? AND seq <= ?",
        span,
    ).rowcount
    db.execute(
        "UPDATE meta SET unsent = unsent + ?, unacknowledged = unacknowledged + ?", (again, rows)
    )
    db.execute("UPDATE epoch SET acknowledged = ? WHERE epoch = ?", (upto_seq, epoch))
    db.execute(
        "UPDATE acknowledged SET upto_seq = ? WHERE epoch = ? AND upto_seq > ?",
        (upto_seq, epoch, upto_seq),
    )
    return again


def _again(db: sqlite3.Connection, *, epoch: str, after: int) -> tuple[int, int | None]:
    """Take the next numbers above `after`; return how many, and where to go on."""
    sent = db.execute(
        "SELECT row, seq FROM event WHERE epoch = ? AND seq > ?"
        " AND seq <= (SELECT sent_most FROM epoch WHERE epoch = ?) ORDER BY seq LIMIT ?",
        (epoch, after, epoch, STEP),
    ).fetchall()
    again = db.executemany(
        "INSERT OR IGNORE INTO unsent VALUES (?)", [(row,) for row, _ in sent]
    ).rowcount
    again = max(0, again)
    db.execute("UPDATE meta SET unsent = unsent + ?", (again,))
    return again, sent[-1][1] if len(sent) == STEP else None
