"""Who passed is carried over from a damaged outbox file into the new one."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from kiosk.door.event import Direction
from kiosk.outbox import Memory, MemoryChange, StoredPassage, StoredVisits
from kiosk.outbox.sqlite import Settings, SqliteOutbox, build
from tests.parts.check_ins import SOURCE, check_in, mark
from tests.parts.memories import came_in, inside

MANY = 400


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


def opened(path: Path) -> SqliteOutbox:
    return build(Settings(path=path), SOURCE)


def miscounted(path: Path) -> None:
    """Let one number of the file be wrong; the rest can be read."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("UPDATE meta SET rows = rows + 1")


def test_who_passed_and_how_often_is_carried_over(path: Path) -> None:
    left = StoredPassage(Direction.OUT, 7.5)
    visits = {mark(1): StoredVisits(7, {19000: 2, 19001: 1}), mark(2): StoredVisits(1, {0: 3})}
    outbox = opened(path)
    for n in range(MANY):
        outbox.commit(check_in(n))
    outbox.remember(MemoryChange({mark(3): left}, visits))
    outbox.close()
    miscounted(path)
    after = opened(path)

    assert after.memory() == Memory({mark(3): left}, visits)
    assert after.depth().trouble is not None
    after.close()


def test_of_a_damaged_file_of_version_2_too(path: Path) -> None:
    outbox = opened(path)
    outbox.commit(check_in(1), came_in({mark(MANY): 1.5}))
    outbox.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("CREATE TABLE inside (mark TEXT PRIMARY KEY, since_unix_s REAL NOT NULL)")
        db.execute("INSERT INTO inside SELECT mark, since_unix_s FROM passage")
        db.execute("DROP TABLE passage")
        db.execute("DROP TABLE visit")
    miscounted(path)
    outbox = opened(path)
    outbox.commit(check_in(1))

    assert inside(outbox) == {mark(MANY): 1.5}
    outbox.close()
