"""The SQLite outbox on disks that fill up, stop taking writes, and recover."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kiosk.errors import OutboxError, OutboxFull
from kiosk.outbox.sqlite import Settings, SqliteOutbox, build
from tests.parts.check_ins import SOURCE, check_in, mark
from tests.parts.disk import SmallDisk, no_file_grows_beyond
from tests.parts.memories import came_in

MANY = 5000
ROOMY_KB = 4096


@pytest.fixture
def outbox(disk: SmallDisk) -> Iterator[SqliteOutbox]:
    """Give an outbox on a small disk."""
    built = build(Settings(path=disk.folder / "outbox.db"), SOURCE)
    yield built
    built.close()


def works(call: Callable[[], object]) -> bool:
    """Tell whether the outbox did it; any other failure than its own is a failure of the test."""
    try:
        call()
    except OutboxError:
        return False
    return True


def fill(outbox: SqliteOutbox) -> int:
    """Commit until it is refused for good; returns how many were committed.

    A refusal closes the connection; that moves the log into the database, and may make room.
    """
    committed = refused = 0
    while refused < 3:
        kept = works(lambda: outbox.commit(check_in(1)))
        committed += kept
        refused = 0 if kept else refused + 1
        assert committed < MANY, "the disk never became full"
    return committed


def assert_whole(outbox: SqliteOutbox, count: int) -> None:
    """Check that exactly the numbers 1 to `count` are there."""
    assert [event.seq for event in outbox.pending(0, MANY)] == list(range(1, count + 1))


def test_a_full_disk_refuses_and_recovers_without_a_restart(
    outbox: SqliteOutbox, disk: SmallDisk
) -> None:
    committed = fill(outbox)
    assert committed > 0
    for _ in range(3):
        with pytest.raises(OutboxError):
            outbox.commit(check_in(1))
        with pytest.raises(OutboxError):
            outbox.probe()

    disk.resize(ROOMY_KB)
    outbox.probe()
    assert outbox.commit(check_in(1)).seq == committed + 1
    assert_whole(outbox, committed + 1)


def test_a_full_disk_is_called_full(outbox: SqliteOutbox, disk: SmallDisk) -> None:
    outbox.commit(check_in(1))
    disk.fill()
    errors = []
    for n in range(MANY):
        try:
            outbox.commit(check_in(n))
        except OutboxError as error:
            errors.append(error)
            break

    assert isinstance(errors[0], OutboxFull)


def test_a_disk_that_others_fill_recovers_when_they_make_room(
    outbox: SqliteOutbox, disk: SmallDisk
) -> None:
    before = [outbox.commit(check_in(n)).seq for n in range(1, 4)][-1]
    for _ in range(3):
        disk.fill()
        before += fill(outbox)
        disk.give(256)
        outbox.probe()
        before += 1
        assert outbox.commit(check_in(before)).seq == before
    assert_whole(outbox, before)


def test_the_first_opening_on_a_full_disk_recovers(outbox: SqliteOutbox, disk: SmallDisk) -> None:
    disk.fill()
    with pytest.raises(OutboxError):
        outbox.probe()
    with pytest.raises(OutboxError):
        outbox.commit(check_in(1))

    disk.give(512)
    assert outbox.commit(check_in(1)).seq == 1


def test_reopening_on_a_full_disk_never_crashes_and_loses_nothing(
    outbox: SqliteOutbox, disk: SmallDisk
) -> None:
    """SQLite maps its index into memory: a page that the disk cannot give would be a SIGBUS."""
    committed = outbox.commit(check_in(1)).seq
    for free_kb in range(0, 80, 4):
        outbox.close()
        disk.fill()
        disk.give(free_kb)
        committed += works(lambda: outbox.commit(check_in(1)))
    disk.give(512)

    assert_whole(outbox, committed)


def test_a_courier_on_a_full_disk_gets_errors_and_no_crash(
    outbox: SqliteOutbox, disk: SmallDisk
) -> None:
    courier = outbox.sibling()
    committed = fill(outbox)
    marked = works(lambda: courier.mark_sent([1, 2]))
    works(lambda: courier.pending(0, 10))
    disk.resize(ROOMY_KB)

    if not marked:
        courier.mark_sent([1, 2])
    assert [event.seq for event in courier.pending(0, MANY)] == list(range(3, committed + 1))
    assert courier.depth().rows == committed
    courier.close()


def test_a_probe_that_passed_is_followed_by_a_commit(outbox: SqliteOutbox, disk: SmallDisk) -> None:
    """A probe takes space of its own, so it leaves a reserve for what comes after it."""
    committed = outbox.commit(check_in(1)).seq
    promises: list[bool] = []
    for n in range(60):
        disk.fill()
        disk.give(16 * (n % 16))
        promises.append(works(outbox.probe))
        kept = works(lambda: outbox.commit(check_in(1)))
        assert kept or not promises[-1]
        committed += kept
    disk.give(512)

    # It must have said both, or this has shown nothing.
    assert set(promises) == {True, False}
    assert_whole(outbox, committed)


def test_a_probe_keeps_its_word_up_to_the_space_that_is_given(tmp_path: Path) -> None:
    outbox = build(Settings(path=tmp_path / "outbox.db", max_mb=1), SOURCE)
    committed = 0
    for n in range(MANY):
        promised = works(outbox.probe)
        change = came_in({mark(n): float(n)})
        kept = works(lambda: outbox.commit(check_in(n), change))  # noqa: B023 - called at once
        assert kept or not promised
        committed += kept
        if not kept:
            break

    assert 500 < committed < MANY
    with pytest.raises(OutboxFull):
        outbox.commit(check_in(1))
    with pytest.raises(OutboxFull):
        outbox.probe()
    assert_whole(outbox, committed)
    outbox.close()
    roomier = build(Settings(path=tmp_path / "outbox.db", max_mb=2), SOURCE)
    roomier.probe()
    assert roomier.commit(check_in(1)).seq == committed + 1
    roomier.close()


def test_a_disk_mounted_read_only_refuses_and_recovers(
    outbox: SqliteOutbox, disk: SmallDisk
) -> None:
    outbox.commit(check_in(1))
    outbox.close()
    disk.read_only(on=True)
    try:
        for _ in range(2):
            with pytest.raises(OutboxError):
                outbox.commit(check_in(2))
            with pytest.raises(OutboxError):
                outbox.probe()
    finally:
        disk.read_only(on=False)

    assert outbox.commit(check_in(2)).seq == 2
    assert_whole(outbox, 2)


@pytest.mark.parametrize("limit_kb", [0, 4, 32, 40, 64, 100])
def test_a_limit_on_files_refuses_and_recovers(tmp_path: Path, limit_kb: int) -> None:
    outbox = build(Settings(path=tmp_path / "outbox.db"), SOURCE)
    with no_file_grows_beyond(limit_kb * 1024):
        committed = fill(outbox)
        assert not works(outbox.probe)

    assert outbox.commit(check_in(1)).seq == committed + 1
    assert_whole(outbox, committed + 1)
    outbox.close()
