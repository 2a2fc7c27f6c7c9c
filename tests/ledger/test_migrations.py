"""The tables that migrations make are the tables that queries name."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from ledger.errors import SettingsError, StorageError
from ledger.storage.opening import Database
from ledger.storage.tables import event, metadata


def test_nothing_drifted(database: Database) -> None:
    engine = database.engine(writes=False)
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
        key = inspect(connection).get_pk_constraint("event")["constrained_columns"]
    engine.dispose()
    # A comment is for the reference; PostgreSQL alone could hold it.
    kinds = [each for each in differences if "comment" not in str(each)]
    assert kinds == []
    assert key[:2] == ["series_id", "seq"]


def test_no_column_could_hold_who_somebody_is() -> None:
    names = set(event.columns.keys())
    assert {"handle", "sealed"} <= names
    assert not names & {"name_", "subject", "payload", "body", "number", "person"}
    for name in ("handle", "sealed"):
        assert event.c[name].nullable


def test_migrating_again_changes_nothing(database: Database) -> None:
    assert database.migrate() == ("0002", "0002")


def test_tables_of_a_newer_ledger_are_left_alone(database: Database) -> None:
    engine = database.engine(writes=True)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StorageError, match="of version 9999, which this ledger does not know"):
        database.migrate()


@pytest.mark.parametrize("address", ["", "nonsense", "mysql://x/y", "postgresql+asyncpg://x/y"])
def test_an_address_of_nothing_known_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match="allowed: sqlite:"):
        Database(address)
