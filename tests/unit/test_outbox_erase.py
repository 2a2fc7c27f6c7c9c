"""`kiosk outbox erase`: one person goes from a kiosk's queue, and nothing else does."""

from pathlib import Path

import pytest

from kiosk.door.event import CheckInEvent, QueuedEvent
from kiosk.outbox.sqlite import Settings, SqliteOutbox, build
from tests.parts.check_ins import SOURCE, mark
from tests.parts.readings import check_in_at, reading
from tests.unit.test_outbox_cli import config_for, told

SEALED = "1.0a1b2c3d.c2VhbGVkIGlkZW50aXR5"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


def filled(path: Path, people: list[int]) -> tuple[SqliteOutbox, list[QueuedEvent]]:
    """Give an open outbox with an event of each of these people, the first of them sent."""
    outbox = build(Settings(path=path), SOURCE)
    events = []
    for second, number in enumerate(people, 1):
        said = check_in_at(number, reading(second))
        data = said.model_copy(update={"sealed": f"{SEALED}{number}", "period": 1484})
        events.append(outbox.commit(data))
    outbox.mark_sent([events[0].row])
    return outbox, events


def erased(path: Path, *numbers: int) -> str:
    words = [word for number in numbers for word in ("--handle", mark(number))]
    return told("erase", "--config", str(config_for(path)), *words)


def kept(outbox: SqliteOutbox) -> list[CheckInEvent]:
    outbox.send_again()
    return [CheckInEvent.model_validate_json(e.body) for e in outbox.pending(0, 10_000)]


def test_a_person_s_events_are_blank_and_their_numbers_stay(path: Path) -> None:
    outbox, events = filled(path, [1, 2, 1, 3])
    assert erased(path, 1) == "2 events are blank now\n"
    now = kept(outbox)
    assert [event.id for event in now] == [event.event_id for event in events]
    assert [event.data.handle for event in now] == [None, mark(2), None, mark(3)]
    assert {(e.data.sealed, e.data.period, e.data.expired) for e in now if not e.data.handle} == {
        (None, None, True)
    }
    assert now[1].data.sealed == f"{SEALED}2"
    outbox.close()


def test_nothing_of_them_is_left_in_the_file_or_its_log(path: Path) -> None:
    outbox, _ = filled(path, [number % 7 for number in range(3000)])
    assert mark(3).encode() in all_bytes(path)
    # Beside the kiosk, which has the file open all the time.
    erased(path, 3)
    outbox.close()
    left = all_bytes(path)
    assert mark(3).encode() not in left
    assert f"{SEALED}3".encode() not in left
    assert mark(2).encode() in left


def all_bytes(path: Path) -> bytes:
    return b"".join(each.read_bytes() for each in path.parent.glob("outbox.db*"))


def test_several_handles_of_several_periods_go_at_once(path: Path) -> None:
    outbox, _ = filled(path, [1, 2, 3])
    assert erased(path, 1, 3, 9) == "2 events are blank now\n"
    outbox.close()


def test_a_second_time_finds_nothing(path: Path) -> None:
    outbox, _ = filled(path, [1])
    erased(path, 1)
    assert erased(path, 1) == "0 events are blank now\n"
    outbox.close()


def test_a_file_that_was_set_aside_is_named(path: Path) -> None:
    path.write_bytes(b"garbage" * 1000)
    outbox, _ = filled(path, [1])
    outbox.close()
    assert ".damaged-" in erased(path, 1)


@pytest.mark.parametrize("handle", ["099090000001", "", mark(1).upper().replace("0", "A")])
def test_what_is_no_handle_is_refused_and_not_quoted(path: Path, handle: str) -> None:
    outbox, _ = filled(path, [1])
    outbox.close()
    said = told("erase", "--config", str(config_for(path)), "--handle", handle, code=1)
    assert said == "a handle is 32 hex digits; kiosk-provision keys handle computes it\n"


def test_without_an_outbox_none_is_made(path: Path) -> None:
    said = told("erase", "--config", str(config_for(path)), "--handle", mark(1), code=1)
    assert said == f"{path}: there is no outbox\n"
    assert not path.exists()
