"""Outbox files of other versions: brought up in one step, or left as they are."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from importlib import resources
from pathlib import Path

import pytest

from kiosk.door.event import Acknowledgement, Direction, enclose, queued
from kiosk.errors import OutboxError
from kiosk.outbox import Memory, StoredPassage
from kiosk.outbox.sqlite import Settings, SqliteOutbox, build
from kiosk.outbox.store import opening, passed, reading
from kiosk.outbox.store.opening import SCHEMA_VERSION, migrate
from tests.parts.check_ins import SOURCE, check_in, mark
from tests.parts.memories import inside, inside_of

EPOCH = "0123456789abcdef"
PRUNED, LAST = (1, 2, 4), 9
SENT = (5, 7)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


@pytest.fixture
def bodies(path: Path) -> dict[int, bytes]:
    """Leave a file as version 1 of the schema had it; return its events by number."""
    schema = resources.files(opening.__name__.rpartition(".")[0]).joinpath("schema_v1.sql")
    kept = [n for n in range(1, LAST + 1) if n not in PRUNED]
    events = {n: queued(enclose(check_in(n), source=SOURCE, epoch=EPOCH, seq=n), 0) for n in kept}
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript(schema.read_text("utf-8"))
        db.execute("INSERT INTO meta VALUES (1, ?, ?, 77)", (EPOCH, LAST))
        db.executemany(
            "INSERT INTO event VALUES (?, ?, ?, ?)",
            [(n, e.event_id, e.body, n in SENT) for n, e in events.items()],
        )
        db.execute("INSERT INTO inside VALUES (?, 12.5)", (mark(3),))
    return {n: e.body for n, e in events.items()}


@pytest.fixture
def outbox(path: Path) -> Iterator[SqliteOutbox]:
    built = build(Settings(path=path), SOURCE)
    yield built
    built.close()


def contents(path: Path) -> list[str]:
    """Return every statement that would make the file again."""
    with closing(sqlite3.connect(path)) as db:
        return [f"PRAGMA user_version = {opening.version_of(db)}", *db.iterdump()]


def test_version_1_is_brought_up_and_keeps_everything(
    bodies: dict[int, bytes], outbox: SqliteOutbox
) -> None:
    unsent = [n for n in bodies if n not in SENT]

    assert [(e.seq, e.event_id, e.body) for e in outbox.pending(0, 100)] == [
        (n, f"{EPOCH}:{n}", bodies[n]) for n in unsent
    ]
    assert inside(outbox) == {mark(3): 12.5}
    depth = outbox.depth()
    assert (depth.rows, depth.unsent, depth.unacknowledged) == (6, 4, 6)
    assert outbox.commit(check_in(10)).event_id == f"{EPOCH}:10"
    assert outbox.send_again() == len(SENT)
    assert {e.seq: e.body for e in outbox.pending(0, 6)} == bodies


@pytest.fixture
def version_2(path: Path, bodies: dict[int, bytes]) -> dict[int, bytes]:
    """Bring that file to version 2, as kiosks had it before version 3 existed."""
    schema = resources.files(opening.__name__.rpartition(".")[0]).joinpath("schema_v2.sql")
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.executescript(schema.read_text("utf-8"))
        db.execute("INSERT INTO inside VALUES (?, 0.0)", (mark(4),))
        assert opening.version_of(db) == 2
    return bodies


def test_version_2_is_brought_up_and_keeps_everything(
    version_2: dict[int, bytes], path: Path, outbox: SqliteOutbox
) -> None:
    unsent = [n for n in version_2 if n not in SENT]

    assert [(e.seq, e.body) for e in outbox.pending(0, 100)] == [(n, version_2[n]) for n in unsent]
    # What it knew of who is inside is what is known of who passed.
    arrived = {mark(3): 12.5, mark(4): 0.0}
    passages = {m: StoredPassage(Direction.IN, since_s) for m, since_s in arrived.items()}
    assert outbox.memory() == Memory(passages)
    assert outbox.commit(check_in(10)).event_id == f"{EPOCH}:10"
    outbox.close()
    with closing(sqlite3.connect(path)) as db:
        assert opening.version_of(db) == SCHEMA_VERSION == 3


@pytest.mark.parametrize("version", ["bodies", "version_2"])
def test_an_older_file_is_read_without_being_changed(
    version: str, path: Path, request: pytest.FixtureRequest
) -> None:
    kept = request.getfixturevalue(version)
    before = contents(path)
    with reading.reading(path) as opened:
        assert inside_of(passed.memory(opened.db))[mark(3)] == 12.5
    assert reading.account(path, check=True).rows == len(kept)
    assert contents(path) == before


def test_what_version_1_had_sent_can_be_acknowledged(
    bodies: dict[int, bytes], outbox: SqliteOutbox
) -> None:
    first = [e.row for e in outbox.pending(0, 100) if e.seq == 3]
    outbox.mark_sent(first)

    outbox.acknowledge(Acknowledgement(epochs={EPOCH: 6}))
    assert outbox.depth().unacknowledged == len(bodies)
    outbox.acknowledge(Acknowledgement(epochs={EPOCH: 5}))
    assert outbox.depth().unacknowledged == 4


def test_a_version_1_of_which_everything_was_removed_goes_on_numbering(
    bodies: dict[int, bytes], path: Path, outbox: SqliteOutbox
) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        assert db.execute("DELETE FROM event").rowcount == len(bodies)

    event = outbox.commit(check_in(10))
    assert (event.seq, event.row) == (10, 10)


def test_a_migration_that_is_cut_off_anywhere_leaves_one_version_or_the_other(
    bodies: dict[int, bytes], path: Path
) -> None:
    """A process that is gone in the middle; what a disk does then is the power cuts' subject."""
    before = contents(path)
    cuts = 0
    for after in range(1, 100):
        child = os.fork()
        if child == 0:
            db = sqlite3.connect(path, isolation_level=None)
            left = [after]

            def cut(_: str, left: list[int] = left) -> None:
                left[0] -= 1
                if not left[0]:
                    os._exit(9)

            db.set_trace_callback(cut)
            migrate(db, lambda _: None)
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code == 0:
            break
        cuts += 1
        assert contents(path) == before
    assert cuts > 20

    assert contents(path) != before
    outbox = build(Settings(path=path), SOURCE)
    assert outbox.send_again() == len(SENT)
    assert {e.seq: e.body for e in outbox.pending(0, 100)} == bodies
    outbox.close()


def test_a_schema_from_the_future_is_refused_and_not_touched(
    path: Path, outbox: SqliteOutbox
) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("CREATE TABLE later (what TEXT)")
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    before = path.read_bytes()
    for call in (lambda: outbox.commit(check_in(1)), outbox.probe, lambda: outbox.mark_sent([1])):
        with pytest.raises(OutboxError, match="newer version") as caught:
            call()
        assert "\n" not in str(caught.value)

    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_somebody_elses_database_is_refused_and_not_touched(
    path: Path, outbox: SqliteOutbox
) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("CREATE TABLE event (other TEXT)")
    before = contents(path)
    with pytest.raises(OutboxError, match="no outbox"):
        outbox.commit(check_in(1))

    assert contents(path) == before
