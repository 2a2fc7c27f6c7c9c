"""One file and one connection to it: opened anew after a failure, set aside when it is damaged.

Nobody else holds the connection, so nobody else needs to know when it is dropped.
"""

import contextlib
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from kiosk.errors import OutboxError
from kiosk.outbox.store import damage, salvage
from kiosk.outbox.store.opening import Damaged, connect, translated

Result = TypeVar("Result")
Step = Callable[[sqlite3.Connection], Result]


@dataclass(slots=True)
class Shared:
    """What the objects of one queue tell each other; each field is replaced as a whole."""

    suspect: tuple[int, int] | None = None
    """The file that a sibling found damaged."""
    checked: tuple[int, int] | None = None
    highest_row: int = 0
    """Places of one file must not be taken for those of the next."""
    trouble: str | None = None


class OutboxFile:
    """Runs steps on the file. One object, one thread.

    The one that `owns` the file sets it aside when it is damaged; the others only tell it.
    `log_is_clean` is for the caller to set, and is over when the file is opened anew.
    """

    def __init__(self, path: Path, max_mb: int, shared: Shared, *, owns: bool) -> None:
        self._path = path
        self._max_mb = max_mb
        self.shared = shared
        self.owns = owns
        self.log_is_clean = False
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._durable = True

    def transaction(self, step: Step[Result], *, durable: bool = True) -> Result:
        """Run one step in a transaction.

        One that need not be durable spares the flush. That weakens no other: the log is written
        in order, a frame counts only when all before it do, and a durable commit, of whatever
        connection, flushes the whole file. A power cut takes such a step back as a whole, and then
        an event is delivered twice or a row pruned an hour later.
        """

        def whole(db: sqlite3.Connection) -> Result:
            if durable is not self._durable:
                db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
                self._durable = durable
            db.execute("BEGIN IMMEDIATE")
            try:
                result = step(db)
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
            return result

        return self.run(whole)

    def close(self) -> None:
        """Release the file."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            # Closing may try to write back its log to a disk that is full; the log stays then, and
            # the next opening reads it.
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    def run(self, work: Step[Result]) -> Result:
        """Do `work`; where it finds the file damaged, set that aside and do it on a new one."""
        try:
            return self._attempt(work)
        except Damaged:
            if not self.owns:
                self.shared.suspect = self._file
                raise
            with translated():
                damage.set_aside(self._path)
            return self._attempt(work)

    def _attempt(self, work: Step[Result]) -> Result:
        try:
            with translated():
                return work(self._open())
        except OutboxError:
            self.close()
            raise

    def _open(self) -> sqlite3.Connection:
        if self.owns and self.shared.suspect is not None:
            suspect, self.shared.suspect = self.shared.suspect, None
            if self._path.exists() and _identity(self._path) == suspect:
                self.close()
                raise Damaged("the outbox is damaged")
        if self._connection is None:
            self._connection = self._connect()
        elif self._file != _identity(self._path):
            # SQLite would go on writing to a file without a name, which no restart finds again.
            raise OutboxError("the outbox's file was replaced while in use: it begins anew")
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        if self.owns:
            damage.finish_setting_aside(self._path)
        self._file = _identity(self._path) if self._path.exists() else None
        db = connect(self._path, self._fill_in)
        try:
            self._file = _identity(self._path)
            page_bytes = db.execute("PRAGMA page_size").fetchone()[0]
            most = self._max_mb * 1024 * 1024 // page_bytes
            db.execute(f"PRAGMA max_page_count = {most}")
            self._durable, self.log_is_clean = True, False
            if self.shared.checked != self._file:
                damage.check(db, self._path)
                self.shared.checked = self._file
                self.shared.trouble = salvage.trouble(db, self._path)
        except BaseException:
            db.close()
            raise
        return db

    def _fill_in(self, db: sqlite3.Connection) -> None:
        salvage.inherit(db, self._path)
        db.execute(
            "UPDATE sqlite_sequence SET seq = ? WHERE name = 'event'", (self.shared.highest_row,)
        )


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino
