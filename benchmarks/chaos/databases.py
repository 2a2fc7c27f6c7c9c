"""A database for each row: a SQLite file in its folder, or a new one on a PostgreSQL server."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, make_url

_LONGEST_NAME = 60


@contextmanager
def new_database(server: str | None, folder: Path, name: str) -> Iterator[str]:
    """Give the address of an empty database, gone when `with` is over.

    `server` is the address of a PostgreSQL database whose user may make others; None: SQLite.
    """
    if server is None:
        yield f"sqlite:///{folder / 'ledger.db'}"
        return
    # A search path belongs to the database that was named, not to new ones.
    url = make_url(server).difference_update_query(["options"])
    url = url.set(drivername="postgresql+psycopg")
    own = f"loss_{name.replace('-', '_')}"[:_LONGEST_NAME]
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{own}" WITH (FORCE)')
            connection.exec_driver_sql(f'CREATE DATABASE "{own}"')
        try:
            yield url.set(drivername="postgresql", database=own).render_as_string(
                hide_password=False
            )
        finally:
            with engine.connect() as connection:
                connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{own}" WITH (FORCE)')
    finally:
        engine.dispose()
