"""What the ledger's suites share: a broker, and both kinds of storage."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.storage import Storage
from ledger.storage.opening import Database
from tests.parts.broker import Broker, program
from tests.parts.postgres import Postgres, binaries


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """Give a running mosquitto that lets whole batches through."""
    if program() is None:
        pytest.skip("mosquitto is not installed")
    with Broker(tmp_path, "max_inflight_messages 2000") as running:
        yield running


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Give a running PostgreSQL."""
    if binaries() is None:
        pytest.skip("PostgreSQL is not installed")
    with Postgres() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """Give a new database of each kind, with its tables."""
    if request.param == "sqlite":
        found = Database(f"sqlite:///{tmp_path}/ledger.db")
    else:
        server: Postgres = request.getfixturevalue("postgres")
        found = Database(server.address())
    found.migrate()
    return found


@pytest.fixture
def storage(database: Database) -> Iterator[Storage]:
    """Give a storage over it."""
    made = database.storage()
    yield made
    made.close()
