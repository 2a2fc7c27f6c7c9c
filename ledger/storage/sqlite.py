"""SQLite: one file, one machine, nothing to install. WAL and `synchronous=FULL`, as in the outbox.

Every writing transaction takes the write lock at its beginning: one that read first and wrote then
could be refused in the middle.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine
from sqlalchemy import event as happening
from sqlalchemy.exc import DBAPIError

from ledger.errors import RowRefused, StorageError
from ledger.storage.rows import Row
from ledger.storage.sql import SqlStorage
from ledger.storage.tables import EVENT_COLUMNS

_PATIENCE_S = 10.0
_BUSY_MS = int(_PATIENCE_S * 1000)
_WRITE = (
    f"INSERT INTO event ({', '.join(EVENT_COLUMNS)}) "  # noqa: S608 - our own names
    f"VALUES ({', '.join('?' * len(EVENT_COLUMNS))}) ON CONFLICT DO NOTHING"
)
_DAY = EVENT_COLUMNS.index("received_on")
_REFUSED = (sqlite3.DataError, sqlite3.IntegrityError, sqlite3.InterfaceError, OverflowError)


def engine(url: URL, *, writes: bool = True) -> Engine:
    """Return an engine whose transactions are SQLite's own."""
    made = create_engine(url, connect_args={"timeout": _PATIENCE_S})

    @happening.listens_for(made, "connect")
    def _connected(connection: sqlite3.Connection, _: object) -> None:
        # Python's own idea of when a transaction begins leaves some statements outside.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        # What is blanked is written over, and not only forgotten.
        connection.execute("PRAGMA secure_delete = ON")

    @happening.listens_for(made, "begin")
    def _begun(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return made


@contextmanager
def translated() -> Iterator[None]:
    """Turn what goes wrong in SQLite into our errors."""
    try:
        yield
    except (DBAPIError, sqlite3.Error, OverflowError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(cause, _REFUSED):
            raise RowRefused(f"SQLite refuses a row: {type(cause).__name__}") from error
        raise StorageError(f"the SQLite file cannot be used: {cause}") from error


class SqliteStorage(SqlStorage):
    """Events in one file."""

    def _translated(self) -> AbstractContextManager[None]:
        return translated()

    def _prepare(self, day: date) -> None:
        """One table holds all days."""

    def _scrub(self) -> None:
        scrub(self._engine)

    def _write(self, connection: Connection, rows: Sequence[Row]) -> None:
        if rows:
            connection.exec_driver_sql(_WRITE, [_plain(row) for row in rows])


def scrub(engine: Engine) -> None:
    """Empty the write-ahead log, in which old pages still hold what was blanked.

    Only where nobody is reading: otherwise the next one does it, or SQLite itself when it can.
    """
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute("PRAGMA busy_timeout = 0")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        cursor.close()
    finally:
        raw.close()


def _plain(row: Row) -> tuple[Any, ...]:
    return (*row[:_DAY], row[_DAY].isoformat(), *row[_DAY + 1 :])
