"""A damaged outbox file: set aside, the door goes on, and everything readable is saved."""

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from kiosk.door.event import Acknowledgement
from kiosk.errors import OutboxError
from kiosk.outbox.sqlite import Settings, SqliteOutbox, build
from kiosk.outbox.store import damage
from tests.parts.check_ins import SOURCE, check_in, mark
from tests.parts.memories import came_in, inside
from tests.parts.readings import check_in_at, reading

PAGE_BYTES = 4096
SQLITE_HEADER_BYTES = 100
MANY = 400


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


def opened(path: Path) -> SqliteOutbox:
    return build(Settings(path=path), SOURCE)


def filled(path: Path, *, sent: int = 100, acknowledged: int = 50) -> dict[str, bytes]:
    """Leave a file of many events, all in the database itself; return the unacknowledged ones."""
    outbox = opened(path)
    events = [
        outbox.commit(check_in_at(n, reading(n)), came_in({mark(n - 1): None, mark(n): 1.5}))
        for n in range(1, MANY + 1)
    ]
    outbox.mark_sent([event.row for event in events[:sent]])
    epoch = events[0].event_id.partition(":")[0]
    outbox.acknowledge(Acknowledgement(epochs={epoch: acknowledged}))
    outbox.close()
    return {event.event_id: event.body for event in events[acknowledged:]}


def saved(outbox: SqliteOutbox) -> dict[str, bytes]:
    """Let the outbox save what it can; return all that it would send, by id."""
    for _ in range(1000):
        if not outbox.keep(reading(MANY + 1)):
            break
    outbox.send_again()
    events = outbox.pending(0, 10**6)
    assert len({event.event_id for event in events}) == len(events)
    return {event.event_id: event.body for event in events}


def overwrite(path: Path, at: int, count: int) -> None:
    """Let the disk garble some bytes."""
    with path.open("r+b") as file:
        file.seek(at)
        file.write(random.Random(at).randbytes(count))


def pages_of(path: Path) -> list[int]:
    """Return where the pages begin that hold events."""
    whole = path.read_bytes()
    begins = range(0, len(whole), PAGE_BYTES)
    return [at for at in begins if b'"specversion"' in whole[at : at + PAGE_BYTES]]


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\0x" * 60])
def test_a_file_that_is_no_database_is_set_aside_whole(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    outbox = opened(path)

    assert outbox.commit(check_in(1)).seq == 1
    (aside,) = damage.set_aside_files(path)
    assert aside.read_bytes() == content
    assert saved(outbox).keys() == {outbox.pending(0, 1)[0].event_id}
    outbox.close()
    again = opened(path)
    assert again.commit(check_in(2)).seq == 2
    assert damage.set_aside_files(path) == [aside]
    again.close()


def test_a_garbled_header_costs_no_event(path: Path) -> None:
    """SQLite can read nothing of such a file: its bytes are searched."""
    unacknowledged = filled(path)
    overwrite(path, 0, SQLITE_HEADER_BYTES)
    outbox = opened(path)
    first = outbox.commit(check_in(1))

    found = saved(outbox)
    assert found.pop(first.event_id) == first.body
    assert unacknowledged.items() <= found.items()
    outbox.close()


@pytest.mark.parametrize("seed", range(6))
def test_garbled_pages_cost_only_what_stood_in_them(path: Path, seed: int) -> None:
    unacknowledged = filled(path)
    places = random.Random(seed).sample(pages_of(path), 5)
    lost = b""
    for at in places:
        lost += path.read_bytes()[at : at + PAGE_BYTES]
        overwrite(path, at, PAGE_BYTES)
    outbox = opened(path)
    first = outbox.commit(check_in(1))
    found = saved(outbox)
    del found[first.event_id]

    missing = unacknowledged.keys() - found.keys()
    assert all(unacknowledged[event_id] in lost for event_id in missing)
    assert all(unacknowledged[e] == body for e, body in found.items() if e in unacknowledged)
    assert inside(outbox) == {mark(MANY): 1.5}
    trouble = outbox.depth().trouble
    assert trouble is not None
    assert "damaged" in trouble
    outbox.close()


def test_what_is_acknowledged_is_not_saved_again(path: Path) -> None:
    unacknowledged = filled(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("UPDATE meta SET rows = rows + 1")
    outbox = opened(path)

    assert saved(outbox) == unacknowledged
    assert inside(outbox) == {mark(MANY): 1.5}
    epoch = next(iter(unacknowledged)).partition(":")[0]
    assert outbox.commit(check_in(1)).event_id.partition(":")[0] != epoch
    outbox.mark_sent([event.row for event in outbox.pending(0, 10**6)])
    outbox.acknowledge(Acknowledgement(epochs={epoch: MANY}))
    assert outbox.depth().unacknowledged == 1
    outbox.close()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM event WHERE row = 200",
        "DELETE FROM meta",
        "DROP TABLE unsent",
        "UPDATE meta SET last_seq = 300",
        "DELETE FROM epoch",
        "INSERT INTO unsent VALUES (900)",
    ],
)
def test_rows_that_cannot_be_are_noticed_at_the_start(path: Path, statement: str) -> None:
    unacknowledged = filled(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(statement)
    outbox = opened(path)
    outbox.probe()

    assert len(damage.set_aside_files(path)) == 1
    left = {k: v for k, v in unacknowledged.items() if not k.endswith(":200")}
    assert left.items() <= saved(outbox).items()
    outbox.close()


def test_damage_found_in_the_middle_does_not_cost_the_check_in(path: Path) -> None:
    unacknowledged = filled(path)
    outbox = opened(path)
    outbox.probe()
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("UPDATE meta SET last_seq = 300")

    event = outbox.commit(check_in(1))
    assert event.seq == 1
    assert unacknowledged.items() <= saved(outbox).items()
    outbox.close()


@pytest.mark.parametrize("garbled", ["CAST(x'ff' AS TEXT)", "'chekkin'"])
def test_a_courier_that_finds_damage_leaves_it_to_the_door(path: Path, garbled: str) -> None:
    unacknowledged = filled(path)
    door = opened(path)
    courier = door.sibling()
    assert len(courier.pending(0, 10)) == 10
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(f"UPDATE event SET name = {garbled} WHERE row = 101")
    with pytest.raises(OutboxError):
        courier.pending(0, 10)
    assert damage.set_aside_files(path) == []

    first = door.commit(check_in(1))
    assert first.seq == 1
    assert first.row > 110, "a place in the old file must mean nothing in the new one"
    assert courier.pending(0, 10) == [first]
    assert unacknowledged.items() <= saved(courier).items()
    courier.close()
    door.close()


def test_saving_goes_on_after_a_power_cut_anywhere(path: Path, tmp_path: Path) -> None:
    unacknowledged = filled(path)
    overwrite(path, pages_of(path)[3], PAGE_BYTES)
    outbox = opened(path)
    outbox.probe()
    found: list[dict[str, bytes]] = []
    while outbox.keep(reading(MANY + 1)):
        # As it is on disk at this moment, log and all, in another place.
        copy = tmp_path / f"cut-{len(found)}"
        copy.mkdir()
        for file in tmp_path.glob("outbox.db*"):
            shutil.copy(file, copy / file.name)
        other = opened(copy / "outbox.db")
        found.append(saved(other))
        other.close()
    whole = saved(outbox)
    outbox.close()

    assert len(found) > 3
    assert all(each == whole for each in found)
    assert len(whole) > len(unacknowledged) - 20


@pytest.mark.parametrize("moved", [0, 1])
def test_a_power_cut_while_setting_aside_loses_no_log(path: Path, moved: int) -> None:
    """SQLite would delete, or replay into the new file, a log that is left behind."""
    outbox = opened(path)
    events = [outbox.commit(check_in(n)) for n in range(1, 6)]
    held = path.parent / "held"
    held.mkdir()
    for file in path.parent.glob("outbox.db-wal"):
        shutil.copy(file, held)
    shutil.copy(path, held)
    outbox.close()
    for file in held.iterdir():
        shutil.copy(file, path.parent)
    note = path.with_name("outbox.db.damaged-0123abcd.moving")
    note.touch()
    if moved:
        path.rename(path.with_name("outbox.db.damaged-0123abcd"))

    again = opened(path)
    first = again.commit(check_in(9))
    assert first.seq == 1
    assert not note.exists()
    expected = {e.event_id: e.body for e in (*events, first)}
    assert saved(again) == expected
    again.close()


@pytest.mark.parametrize("left", ["nothing", "an empty file"])
def test_a_log_without_its_database_is_saved(path: Path, left: str) -> None:
    outbox = opened(path)
    events = [outbox.commit(check_in(n)) for n in range(1, 6)]
    log = path.with_name("outbox.db-wal").read_bytes()
    outbox.close()
    path.unlink()
    path.with_name("outbox.db-wal").write_bytes(log)
    if left != "nothing":
        path.touch()

    again = opened(path)
    assert again.commit(check_in(9)).seq == 1
    assert {e.event_id: e.body for e in events}.items() <= saved(again).items()
    again.close()


def test_a_card_that_damages_everything_is_not_filled_with_it(path: Path) -> None:
    for _ in range(damage.FILES_MAX):
        path.write_bytes(b"garbage" * 1000)
        outbox = opened(path)
        outbox.probe()
        outbox.close()
        for end in ("-wal", "-shm"):
            path.with_name(path.name + end).unlink(missing_ok=True)
    path.write_bytes(b"garbage" * 1000)
    outbox = opened(path)
    with pytest.raises(OutboxError, match="replace the card"):
        outbox.probe()

    assert len(damage.set_aside_files(path)) == damage.FILES_MAX
    assert path.read_bytes() == b"garbage" * 1000
    outbox.close()


def test_a_disk_that_takes_no_write_is_no_damage(path: Path) -> None:
    filled(path)
    outbox = opened(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OutboxError):
            outbox.probe()
    outbox.probe()

    assert damage.set_aside_files(path) == []
    assert outbox.depth().trouble is None
    outbox.close()
