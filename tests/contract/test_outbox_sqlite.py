"""What the SQLite outbox promises beyond the contract: a file that outlives the process."""

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.errors import OutboxError
from kiosk.outbox.sqlite import Settings, SqliteOutbox, build
from kiosk.outbox.store import opening
from tests.parts.check_ins import SOURCE, check_in, mark
from tests.parts.memories import came_in, inside

ROOT = Path(__file__).parents[2]
KILLS = 20


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name a database in a folder that is not there yet."""
    return tmp_path / "deep" / "outbox.db"


@pytest.fixture
def outbox(path: Path) -> Iterator[SqliteOutbox]:
    """Give a fresh outbox."""
    built = build(Settings(path=path), SOURCE)
    yield built
    built.close()


def raw(path: Path, statement: str) -> list[tuple[object, ...]]:
    """Run one statement beside the outbox, as a technician would."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


def test_reopening_keeps_epoch_numbers_bytes_marks_and_who_passed(path: Path) -> None:
    before = build(Settings(path=path), SOURCE)
    events = [before.commit(check_in(n), came_in({mark(n): 0.5})) for n in (1, 2, 3)]
    before.mark_sent([2])
    before.close()

    after = build(Settings(path=path), SOURCE)
    assert after.pending(0, 10) == [events[0], events[2]]
    assert inside(after) == {mark(n): 0.5 for n in (1, 2, 3)}
    fourth = after.commit(check_in(4))
    assert fourth.event_id == f"{events[0].event_id.partition(':')[0]}:4"
    assert (after.depth().rows, after.depth().unsent) == (4, 3)
    after.close()


def test_two_databases_have_two_epochs(tmp_path: Path) -> None:
    epochs = set()
    for name in ("a", "b"):
        outbox = build(Settings(path=tmp_path / name), SOURCE)
        epochs.add(outbox.commit(check_in(1)).event_id)
        outbox.close()

    assert len(epochs) == 2


def test_the_live_connection_has_a_write_ahead_log_and_full_sync(outbox: SqliteOutbox) -> None:
    """Both are a connection's own: another connection could not tell."""
    outbox.commit(check_in(1))
    live = outbox._file._connection  # noqa: SLF001 - nobody else can be asked
    assert live is not None

    assert live.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert live.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_database_that_gets_no_write_ahead_log_is_refused() -> None:
    with (
        contextlib.closing(sqlite3.connect(":memory:")) as db,
        pytest.raises(OutboxError, match="journal of kind memory"),
    ):
        opening._use_wal(db)  # noqa: SLF001 - no disk here refuses a log


def test_kills_in_the_middle_of_commits_lose_nothing_that_was_reported(path: Path) -> None:
    dice = random.Random(20)
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.parts.committer", str(path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdin is not None
    assert program.stdout is not None
    reported: set[int] = set()
    with program:
        for _ in range(KILLS):
            print(file=program.stdin, flush=True)
            child = int(program.stdout.readline())
            for _ in range(dice.randrange(60)):
                reported.add(int(program.stdout.readline()))
            os.kill(child, signal.SIGKILL)
            while (line := program.stdout.readline().strip()) != "dead":
                reported.add(int(line))
        program.stdin.close()
    assert program.returncode == 0

    after = build(Settings(path=path), SOURCE)
    events = after.pending(0, 10**6)
    assert reported <= {event.seq for event in events}
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    # A kill may come between the commit and the report, once for each kill.
    assert 0 < len(reported) <= len(events) <= len(reported) + KILLS
    assert len({event.event_id.partition(":")[0] for event in events}) == 1
    assert raw(path, "PRAGMA integrity_check") == [("ok",)]
    after.close()


def test_a_folder_removed_under_it_is_noticed_and_a_new_outbox_begins(
    outbox: SqliteOutbox, path: Path
) -> None:
    """SQLite itself would go on committing to a file that no restart can find."""
    lost = outbox.commit(check_in(1))
    for file in path.parent.iterdir():
        file.unlink()
    path.parent.rmdir()

    with pytest.raises(OutboxError):
        outbox.commit(check_in(2))
    first = outbox.commit(check_in(2))
    assert first.seq == 1
    assert first.event_id != lost.event_id
    assert raw(path, "SELECT seq FROM event") == [(1,)]


def test_a_file_where_the_folder_should_be_is_an_outbox_error(tmp_path: Path) -> None:
    (tmp_path / "flat").touch()
    outbox = build(Settings(path=tmp_path / "flat" / "outbox.db"), SOURCE)
    with pytest.raises(OutboxError):
        outbox.probe()

    (tmp_path / "flat").unlink()
    assert outbox.commit(check_in(1)).seq == 1
    outbox.close()


def test_somebody_else_writing_for_long_is_an_outbox_error(
    outbox: SqliteOutbox, path: Path
) -> None:
    outbox.commit(check_in(1))
    other = sqlite3.connect(path, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OutboxError):
            outbox.commit(check_in(2))
    finally:
        other.close()

    assert outbox.commit(check_in(2)).seq == 2
