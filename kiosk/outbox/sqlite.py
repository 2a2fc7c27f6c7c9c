"""SQLite, WAL, `synchronous=FULL`: what was committed survives the power being pulled.

Measured with modelled and real power cuts: FULL loses nothing where NORMAL loses most of the last
commits. Whatever fails here becomes an `OutboxError`, and the connection is dropped and opened
anew on the next call, because a connection that saw a failing disk is not to be trusted. A file
whose content is wrong is set aside, and the call that found it goes on with a new one.
"""

import sqlite3
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from kiosk.door.event import Acknowledgement, BootClock, CheckIn, ClockReading, QueuedEvent
from kiosk.errors import OutboxError, OutboxFull
from kiosk.outbox import Depth, Memory, MemoryChange
from kiosk.outbox.store import answers, damage, erasure, passed, retention, rows, salvage
from kiosk.outbox.store.file import OutboxFile, Result, Shared, Step
from kiosk.outbox.store.opening import translated


class Settings(BaseModel):
    """Where the outbox is, and what it keeps for how long."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path = Field(description="The database file, on a disk that keeps it: not a tmpfs.")
    max_mb: int = Field(
        default=512,
        ge=1,
        le=65536,
        description="The most megabytes it may take. Acknowledged events make room first; full "
        "means out of order, never lost.",
    )
    retention_days: float = Field(
        default=14.0,
        gt=0,
        le=3650,
        description="Days of the outbox's own age, after which an event loses `handle` and "
        "`sealed`, delivered or not; its number stays.",
    )
    acknowledged_days: float = Field(
        default=7.0,
        ge=1,
        le=365,
        description="Days for which an event stays after the ledger acknowledged it, so that a "
        "forged acknowledgement hides nothing for good.",
    )


class SqliteOutbox:
    """The durable queue. One object, one thread, one connection.

    The object that was built sets a damaged file aside; its siblings only tell it.
    """

    def __init__(self, settings: Settings, source: str, shared: Shared | None = None) -> None:
        self._settings = settings
        self._source = source
        self._shared = shared or Shared()
        self._file = OutboxFile(settings.path, settings.max_mb, self._shared, owns=shared is None)
        self._terms = retention.Terms.of_days(settings.retention_days, settings.acknowledged_days)

    def commit(self, check_in: CheckIn, change: MemoryChange | None = None) -> QueuedEvent:
        """Number `check_in` and put it on disk; durable when this returns."""
        self._refuse_full(part=0.5)

        def step(db: sqlite3.Connection) -> QueuedEvent:
            event = rows.insert(db, check_in, self._source)
            if change is not None:
                passed.change(db, change)
            return event

        return self._seen(self._file.transaction(step))

    def commit_clock(self, boot_clock: BootClock, now: ClockReading) -> QueuedEvent | None:
        """Number what this boot's clock means, once a boot."""
        self._refuse_full(part=0.5)
        event = self._file.transaction(
            lambda db: rows.insert_clock(db, boot_clock, now, self._source)
        )
        return event and self._seen(event)

    def probe(self) -> None:
        """Prove by a durable write, and by the space that is left, that a commit would succeed."""
        self._file.transaction(rows.prove)
        self._refuse_full(part=1.0)

    def remember(self, change: MemoryChange) -> None:
        """Change the memory of who passed, without an event."""
        self._file.transaction(lambda db: passed.change(db, change), durable=False)

    def memory(self) -> Memory:
        """Return what is kept of those who passed."""
        return self._file.run(passed.memory)

    def pending(self, after_row: int, limit: int) -> list[QueuedEvent]:
        """Return unsent events at places above `after_row`, oldest first."""
        found = self._file.run(lambda db: rows.waiting(db, after_row, limit))
        if found:
            self._seen(found[-1])
        return found

    def mark_sent(self, rows_sent: Iterable[int]) -> None:
        """Remember that a broker took these over."""
        sent = list(rows_sent)
        self._file.transaction(lambda db: rows.mark_sent(db, sent), durable=False)

    def acknowledge(self, acknowledgement: Acknowledgement) -> int:
        """Note what the ledger has stored; return how many rows are to be sent again.

        Each epoch is taken or refused by itself: a ledger also tells of epochs that a lost file
        took with it.
        """
        again = 0
        for epoch, upto_seq in acknowledgement.epochs.items():
            known = self._file.run(partial(_known, epoch=epoch))
            if known is not None:
                again += answers.acknowledge(self._steps, known, epoch, upto_seq)
        return again

    def send_again(self) -> int:
        """Make what was sent and is not acknowledged unsent again; return how many rows."""
        every = self._file.run(
            lambda db: db.execute("SELECT epoch, acknowledged FROM epoch").fetchall()
        )
        return sum(answers.send_again(self._steps, epoch, above) for epoch, above in every)

    def resend(self, epoch: str | None, from_seq: int) -> int:
        """Make unsent what an epoch, or each, ever sent from a number on, acknowledged or not."""
        known = self._file.run(lambda db: db.execute("SELECT epoch FROM epoch").fetchall())
        wanted = [each for (each,) in known if epoch in (None, each)]
        if not wanted:
            raise OutboxError(f"the outbox holds no epoch {epoch}")
        return sum(answers.send_again(self._steps, each, from_seq - 1) for each in wanted)

    def erase(self, handle: str) -> int:
        """Blank every event that holds `handle`; return how many those were."""
        return erasure.erase(self._file, handle)

    def forget(self, mark: str) -> int:
        """Remove what is remembered of `mark`; return how many rows that was.

        A door that runs still remembers, until it starts again.
        """
        return erasure.forget(self._file, mark)

    def empty_log(self) -> bool:
        """Remove old pages from the log; False where somebody else reads or writes just now."""
        return self._file.run(retention.truncate_log)

    def keep(self, now: ClockReading) -> bool:
        """Let the age advance; save from a damaged file, prune and blank a bounded number of rows.

        When nothing else is left to do, the log is emptied of what was blanked.
        """
        if self._save():
            return True
        path = self._settings.path
        due = self._file.run(lambda db: retention.due(db, path, now, self._terms))
        if not due.nothing:
            self._file.log_is_clean = False
            self._file.transaction(lambda db: retention.do(db, due, self._terms), durable=False)
            return True
        if self._file.run(lambda db: retention.age_is_due(db, due.age)):
            self._file.transaction(lambda db: rows.grow(db, now), durable=False)
            self._look_for_trouble()
        if not self._file.log_is_clean:
            self._file.log_is_clean = self._file.run(retention.truncate_log)
        return False

    def depth(self) -> Depth:
        """Return how much is held."""
        return self._file.run(lambda db: rows.depth(db, self._shared.trouble))

    def sibling(self) -> "SqliteOutbox":
        """Return another object, with a connection of its own, for another thread."""
        return SqliteOutbox(self._settings, self._source, self._shared)

    def close(self) -> None:
        """Release the file."""
        self._file.close()

    def _save(self) -> bool:
        """Save a batch from a damaged file; returns whether there may be more."""
        self._file.run(lambda _: None)  # opening it may set it aside
        with translated():
            damaged = salvage.unfinished(self._settings.path)
        if damaged is None:
            return False
        # Durable, because the note that all is saved must not outlive the rows.
        if not self._file.transaction(lambda db: salvage.batch(db, damaged)):
            with translated():
                damage.note_salvaged(damaged)
        self._look_for_trouble()
        return True

    def _look_for_trouble(self) -> None:
        path = self._settings.path
        self._shared.trouble = self._file.run(lambda db: salvage.trouble(db, path))

    def _refuse_full(self, part: float) -> None:
        """Refuse before anything is written.

        Of a write that fails half-way nobody knows whether the next opening finds it. A commit
        asks for half of the reserve that a probe asks for, so that what was proven holds.
        """
        path = self._settings.path
        with translated():
            if path.exists() and retention.lacks_reserve(path, part=part):
                raise OutboxFull("the disk is almost full: free some space")

    def _seen(self, event: QueuedEvent) -> QueuedEvent:
        self._shared.highest_row = max(self._shared.highest_row, event.row)
        return event

    def _steps(self, step: Step[Result], /) -> Result:
        return self._file.transaction(step, durable=False)


def _known(db: sqlite3.Connection, *, epoch: str) -> tuple[int, int, int] | None:
    found: tuple[int, int, int] | None = db.execute(
        "SELECT acknowledged, sent, ledger FROM epoch, meta WHERE epoch.epoch = ?", (epoch,)
    ).fetchone()
    return found


def build(settings: Settings, source: str) -> SqliteOutbox:
    """Return the outbox; its file is opened by the first call."""
    return SqliteOutbox(settings, source)
