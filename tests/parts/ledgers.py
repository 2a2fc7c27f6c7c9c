"""What a ledger's database holds, for tests to look at."""

from typing import Any

from sqlalchemy import select

from ledger.storage.opening import Database
from ledger.storage.tables import event, series


def rows(database: Database, *columns: Any) -> list[tuple[Any, ...]]:
    """Return what a database holds in some columns, in order."""
    engine = database.engine(writes=False)
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(select(*columns).order_by(*columns))]
    engine.dispose()
    return found


def numbers(database: Database) -> list[int]:
    """Return the numbers of all rows of events, with repetitions if there were some."""
    return [seq for (seq,) in rows(database, event.c.seq)]


def whole_up_to(database: Database) -> dict[str, int]:
    """Return for each epoch up to where no number is missing."""
    return dict(rows(database, series.c.epoch, series.c.upto))
