"""PostgreSQL: rows by COPY, a partition for each day, any number of workers side by side.

Which events are new was decided before, under their kiosk's lock, so rows are copied straight into
the table. Should one be there all the same, the numbers and the rows disagree (somebody mended
tables by hand): then the batch goes the long way, by a table of its own, and what is there stays.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date, timedelta

import psycopg
import structlog
from sqlalchemy import URL, Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection

from ledger.errors import RowRefused, StorageError
from ledger.storage.rows import Row
from ledger.storage.sql import SqlStorage
from ledger.storage.tables import EVENT_COLUMNS

log = structlog.get_logger()

_COLUMNS = ", ".join(EVENT_COLUMNS)
_COPY = f"COPY event ({_COLUMNS}) FROM STDIN"
_COPY_ASIDE = f"COPY event_aside ({_COLUMNS}) FROM STDIN"
_ASIDE = "CREATE TEMPORARY TABLE event_aside (LIKE event) ON COMMIT DROP"
_FROM_ASIDE = (
    f"INSERT INTO event ({_COLUMNS}) SELECT {_COLUMNS} FROM event_aside "  # noqa: S608 - our names
    "ON CONFLICT DO NOTHING"
)
_PARTITIONS = 0x6B696F736B
"""The advisory lock of who makes a partition."""
_LOST = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError)
_CONNECT_S = 5


def engine(url: URL, *, writes: bool = True) -> Engine:
    """Return an engine; a connection that died is noticed before it is used."""
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        connect_args={"connect_timeout": _CONNECT_S, "application_name": "kiosk-ledger"},
        execution_options={} if writes else {"postgresql_readonly": True},
    )


@contextmanager
def translated() -> Iterator[None]:
    """Turn what goes wrong in PostgreSQL into our errors."""
    try:
        yield
    except (DBAPIError, psycopg.Error, NoConnection) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(cause, psycopg.Error) and not isinstance(cause, _LOST):
            raise RowRefused(f"PostgreSQL refuses a row: {type(cause).__name__}") from error
        first = str(cause).strip().partition("\n")[0]
        raise StorageError(f"PostgreSQL cannot be used: {first}") from error


class PostgresStorage(SqlStorage):
    """Events in a partition for each day of receipt."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._days: set[date] = set()

    def _translated(self) -> AbstractContextManager[None]:
        return translated()

    def _write(self, connection: Connection, rows: Sequence[Row]) -> None:
        if not rows:
            return
        try:
            with connection.begin_nested():
                _copy(connection, _COPY, rows)
        except psycopg.errors.UniqueViolation:
            log.error("rows and numbers disagree", rows=len(rows))  # noqa: TRY400 - told in one line
            connection.exec_driver_sql(_ASIDE)
            _copy(connection, _COPY_ASIDE, rows)
            connection.exec_driver_sql(_FROM_ASIDE)

    def _prepare(self, day: date) -> None:
        # Tomorrow's is made today: making one stops all readers for a moment.
        wanted = {day, day + timedelta(days=1)}
        if wanted <= self._days:
            return
        with self._engine.begin() as connection:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_PARTITIONS})")
            for each in sorted(wanted - self._days):
                connection.exec_driver_sql(
                    f"CREATE TABLE IF NOT EXISTS event_{each:%Y%m%d} PARTITION OF event "
                    f"FOR VALUES FROM ('{each}') TO ('{each + timedelta(days=1)}')"
                )
        self._days = wanted

    def _scrub(self) -> None:
        """Leave old versions of rows to VACUUM, which PostgreSQL runs by itself."""


def _copy(connection: Connection, statement: str, rows: Sequence[Row]) -> None:
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError("the driver is psycopg")
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
