"""An address becomes a storage, and its tables the newest version."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError

from ledger.errors import SettingsError, StorageError
from ledger.storage import Storage, postgres, sqlite

_MIGRATIONS = "ledger.storage:migrations"
_MIGRATING = 0x6C6564676572
"""The advisory lock of who changes tables."""


class Database:
    """The database at an address, such as `sqlite:////var/lib/kiosk-ledger/ledger.db`."""

    def __init__(self, address: str) -> None:
        """Find out which database it is; no connection is made.

        Raises:
            SettingsError: It is no address of a database that is known here.
        """
        self.address = address
        self._url = _checked(address)
        self._is_sqlite = self._url.drivername == "sqlite"

    @property
    def translated(self) -> Callable[[], AbstractContextManager[None]]:
        """Turns what goes wrong there into our errors, around a block."""
        return sqlite.translated if self._is_sqlite else postgres.translated

    def engine(self, *, writes: bool) -> Engine:
        """Return a new engine; one that does not write never makes a file."""
        path = self._url.database
        if not writes and self._is_sqlite and not (path and Path(path).is_file()):
            raise StorageError(f"{path}: no such file; run kiosk-ledger migrate")
        make = sqlite.engine if self._is_sqlite else postgres.engine
        return make(self._url, writes=writes)

    def storage(self) -> Storage:
        """Return the storage; its tables are there already."""
        engine = self.engine(writes=True)
        if self._is_sqlite:
            return sqlite.SqliteStorage(engine)
        return postgres.PostgresStorage(engine)

    def migrate(self) -> tuple[str | None, str | None]:
        """Bring the tables to the newest version; return the version before and after.

        Several may try at once: one does it, the others wait and find it done.

        Raises:
            StorageError: The database cannot be used, or was made by a newer ledger.
        """
        config = Config()
        config.set_main_option("script_location", _MIGRATIONS)
        newest = ScriptDirectory.from_config(config).get_current_head()
        engine = self.engine(writes=True)
        try:
            with self.translated(), engine.begin() as connection:
                if engine.dialect.name == "postgresql":
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATING})")
                before = _version(connection)
                _check_known(config, before)
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        finally:
            engine.dispose()
        return before, newest


def _version(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _check_known(config: Config, version: str | None) -> None:
    scripts = ScriptDirectory.from_config(config)
    if version is not None and version not in {each.revision for each in scripts.walk_revisions()}:
        raise StorageError(
            f"the tables are of version {version}, which this ledger does not know: install the "
            "newer one that made them"
        )


def _checked(address: str) -> URL:
    example = "sqlite:////var/lib/kiosk-ledger/ledger.db or postgresql://user@host/ledger"
    try:
        url = make_url(address)
    except ArgumentError:
        raise SettingsError(f"is no address of a database; allowed: {example}") from None
    if url.drivername in {"sqlite", "postgresql", "postgresql+psycopg"}:
        return url
    raise SettingsError(f"names no database that is known here; allowed: {example}")
