"""What only PostgreSQL has: a partition for each day, workers that wait, a server that dies."""

import threading
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from sqlalchemy import delete, inspect, text

from ledger.errors import StorageError
from ledger.reading import read
from ledger.storage.opening import Database
from ledger.storage.tables import event
from tests.parts.kiosk_events import EPOCH, NOW_US, OTHER, SOURCE, message
from tests.parts.ledgers import numbers, rows, whole_up_to
from tests.parts.postgres import Postgres, binaries

DAY_US = 86_400_000_000
PATIENCE_S = 60.0

_UNTIL_IT_ENDS = 2000


@pytest.fixture
def database(postgres: Postgres) -> Database:
    made = Database(postgres.address())
    made.migrate()
    return made


def days(database: Database) -> set[str]:
    engine = database.engine(writes=False)
    names = inspect(engine).get_table_names()
    engine.dispose()
    return {name for name in names if name.startswith("event_")}


def test_each_day_of_receipt_has_its_partition(database: Database) -> None:
    storage = database.storage()
    for n, day in enumerate((0, 1, 400), 1):
        storage.store([read(message(n))], NOW_US + day * DAY_US)
    storage.close()
    begin = date(2024, 2, 29)
    wanted = {begin + timedelta(days=n) for n in (0, 1, 2, 400, 401)}
    assert days(database) == {f"event_{day:%Y%m%d}" for day in wanted}
    assert rows(database, event.c.seq, event.c.received_on)[0] == (1, begin)


def test_a_number_that_comes_again_on_another_day_is_stored_once(database: Database) -> None:
    storage = database.storage()
    for day in range(3):
        storage.store([read(message(1))], NOW_US + day * DAY_US)
    storage.close()
    assert numbers(database) == [1]


def test_a_day_can_be_dropped_and_its_numbers_stay_known(database: Database) -> None:
    storage = database.storage()
    storage.store([read(message(n)) for n in (1, 2, 3)], NOW_US)
    engine = database.engine(writes=True)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE event_20240229"))
    engine.dispose()
    assert storage.store([read(message(n)) for n in (2, 3, 4)], NOW_US + DAY_US).repeated == 2
    storage.close()
    assert numbers(database) == [4]
    assert whole_up_to(database) == {EPOCH: 4}


def test_many_workers_with_parts_of_the_same_kiosks_never_wait_for_ever(
    database: Database,
) -> None:
    """Each has every number of two kiosks, and hands them in in another order."""
    errors: list[BaseException] = []
    fresh = [0] * 4

    def work(place: int) -> None:
        storage = database.storage()
        sources = [SOURCE, OTHER] if place % 2 else [OTHER, SOURCE]
        try:
            for first in range(1, 101, 10):
                numbers_now = range(first, first + 10)
                batch = [read(message(n, source=s)) for s in sources for n in numbers_now]
                fresh[place] += storage.store(batch, NOW_US).fresh
        except StorageError as error:
            errors.append(error)
        storage.close()

    threads = [threading.Thread(target=work, args=(place,)) for place in range(len(fresh))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert errors == []
    assert sum(fresh) == 200
    assert numbers(database) == sorted([*range(1, 101)] * 2)
    assert set(whole_up_to(database).values()) == {100}


def test_many_workers_that_start_at_once_make_the_tables_once(postgres: Postgres) -> None:
    database = Database(postgres.address())
    found: list[object] = []

    def migrate() -> None:
        try:
            found.append(database.migrate())
        except StorageError as error:
            found.append(error)

    threads = [threading.Thread(target=migrate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert sorted(map(str, found)) == ["('0002', '0002')"] * 3 + ["(None, '0002')"]


def test_rows_that_the_numbers_do_not_know_stay_as_they_are(database: Database) -> None:
    """Somebody mended tables by hand: the batch goes the long way, and nothing is lost."""
    storage = database.storage()
    storage.store([read(message(n)) for n in (1, 2)], NOW_US)
    engine = database.engine(writes=True)
    with engine.begin() as connection:
        connection.execute(text("UPDATE series SET high = 0, upto = 0"))
        connection.execute(delete(event).where(event.c.seq == 1))
    engine.dispose()
    assert storage.store([read(message(n)) for n in (1, 2, 3)], NOW_US).fresh == 3
    storage.close()
    assert numbers(database) == [1, 2, 3]


@pytest.fixture
def mortal() -> Iterator[Postgres]:
    if binaries() is None:
        pytest.skip("PostgreSQL is not installed")
    with Postgres() as running:
        yield running


def test_a_server_that_dies_is_an_error_and_afterwards_all_goes_on(mortal: Postgres) -> None:
    database = Database(mortal.address())
    database.migrate()
    storage = database.storage()
    storage.store([read(message(1))], NOW_US)
    mortal.kill()
    with pytest.raises(StorageError, match="PostgreSQL cannot be used"):
        # A child of the dead server answers until it notices; once more stores nothing twice.
        any(storage.store([read(message(2))], NOW_US) is None for _ in range(_UNTIL_IT_ENDS))
    mortal.start()
    for _ in range(3):
        # The first attempt may still find the connection of the dead server.
        try:
            storage.store([read(message(2))], NOW_US)
        except StorageError:
            continue
        break
    storage.close()
    assert numbers(database) == [1, 2]
