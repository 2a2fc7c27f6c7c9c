"""What every outbox promises, over every adapter."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from kiosk.app.adapters import OUTBOXES
from kiosk.door.event import CheckInEvent, Direction, QueuedEvent
from kiosk.errors import OutboxError
from kiosk.outbox import Memory, MemoryChange, Outbox, StoredPassage, StoredVisits
from tests.parts.check_ins import SOURCE, check_in, mark
from tests.parts.disk import no_file_grows_beyond
from tests.parts.families import every, loaded, settings
from tests.parts.memories import came_in, inside
from tests.parts.reports import deadline_s, join

Fault = Callable[[], AbstractContextManager[None]]


@pytest.fixture(params=every(OUTBOXES))
def name(request: pytest.FixtureRequest) -> str:
    """Name one adapter after the other."""
    found: str = request.param
    return found


@pytest.fixture
def outbox(name: str, tmp_path: Path) -> Iterator[Outbox]:
    """Give a fresh outbox."""
    adapter = loaded(OUTBOXES, name)
    built = adapter.build(settings(adapter, tmp_path, full_while=tmp_path / "full"), SOURCE)
    yield built
    built.close()


@pytest.fixture
def fault(name: str, tmp_path: Path) -> Fault:
    """Give a disk that refuses writes: scripted where the adapter plays it, else a real limit."""

    @contextlib.contextmanager
    def scripted() -> Iterator[None]:
        (tmp_path / "full").touch()
        yield
        (tmp_path / "full").unlink()

    plays = "full_while" in loaded(OUTBOXES, name).Settings.model_fields
    return scripted if plays else lambda: no_file_grows_beyond(0)


def held(outbox: Outbox) -> tuple[int, int]:
    """Return rows and unsent rows."""
    depth = outbox.depth()
    return depth.rows, depth.unsent


def numbers(events: list[QueuedEvent]) -> list[int]:
    return [event.seq for event in events]


def test_numbers_begin_at_one_and_have_no_gap(outbox: Outbox) -> None:
    events = [outbox.commit(check_in(n)) for n in range(1, 41)]

    assert numbers(events) == list(range(1, 41))
    epoch = events[0].event_id.partition(":")[0]
    assert [event.event_id for event in events] == [f"{epoch}:{n}" for n in range(1, 41)]


def test_an_event_is_the_check_in_and_its_number(outbox: Outbox) -> None:
    event = outbox.commit(check_in(7))

    read = CheckInEvent.model_validate_json(event.body)
    assert read.data == check_in(7)
    assert (read.id, read.source, read.time) == (event.event_id, SOURCE, check_in(7).clock.utc)


def test_a_failure_uses_no_number_and_the_next_call_recovers(outbox: Outbox, fault: Fault) -> None:
    outbox.commit(check_in(1))
    for _ in range(3):
        with fault(), pytest.raises(OutboxError):
            outbox.commit(check_in(2))
        outbox.commit(check_in(3))

    assert numbers(outbox.pending(0, 100)) == [1, 2, 3, 4]
    assert held(outbox) == (4, 4)


def test_a_failure_before_the_first_commit_uses_no_number(outbox: Outbox, fault: Fault) -> None:
    with fault(), pytest.raises(OutboxError):
        outbox.commit(check_in(1))

    assert outbox.commit(check_in(1)).seq == 1


def test_a_failed_commit_leaves_the_memory_of_who_passed(outbox: Outbox, fault: Fault) -> None:
    visits = {mark(1): StoredVisits(7, {19000: 2})}
    outbox.commit(check_in(1), replace(came_in({mark(1): 1.5}), visits=visits))
    change = replace(came_in({mark(1): None, mark(2): 2.5}), visits={mark(1): None})
    with fault(), pytest.raises(OutboxError):
        outbox.commit(check_in(2), change)

    assert inside(outbox) == {mark(1): 1.5}
    assert outbox.memory().visits == visits


def test_a_probe_says_what_a_commit_would(outbox: Outbox, fault: Fault) -> None:
    outbox.probe()
    with fault(), pytest.raises(OutboxError):
        outbox.probe()
    outbox.probe()

    assert outbox.commit(check_in(1)).seq == 1
    assert held(outbox) == (1, 1)


def test_probes_leave_no_event_and_use_no_number(outbox: Outbox) -> None:
    for n in range(1, 6):
        outbox.probe()
        assert outbox.commit(check_in(n)).seq == n
        outbox.probe()

    assert held(outbox) == (5, 5)
    assert numbers(outbox.pending(-1, 100)) == [1, 2, 3, 4, 5]


def test_bytes_of_an_event_never_change(outbox: Outbox) -> None:
    first = outbox.commit(check_in(1))
    before = outbox.pending(0, 10)
    outbox.mark_sent([outbox.commit(check_in(2)).seq])
    outbox.commit(check_in(3), came_in({mark(3): 3.0}))

    assert before == [first]
    assert outbox.pending(0, 1) == [first]
    other = outbox.sibling()
    try:
        assert other.pending(0, 1) == [first]
    finally:
        other.close()


def test_pending_is_oldest_first_after_a_number_and_at_most_so_many(outbox: Outbox) -> None:
    for n in range(1, 11):
        outbox.commit(check_in(n))
    outbox.mark_sent([2, 5])

    assert numbers(outbox.pending(0, 100)) == [1, 3, 4, 6, 7, 8, 9, 10]
    assert numbers(outbox.pending(0, 3)) == [1, 3, 4]
    assert numbers(outbox.pending(4, 3)) == [6, 7, 8]
    assert outbox.pending(10, 3) == []
    assert outbox.pending(0, 0) == []


def test_marking_ignores_numbers_that_do_not_exist(outbox: Outbox) -> None:
    for n in range(1, 4):
        outbox.commit(check_in(n))
    outbox.mark_sent([])
    outbox.mark_sent(iter([-1, 0, 2, 2, 4, 10**12]))
    outbox.mark_sent({2})

    assert held(outbox) == (3, 2)
    assert outbox.commit(check_in(4)).seq == 4
    assert numbers(outbox.pending(0, 10)) == [1, 3, 4]


def test_a_change_of_the_memory_changes_whom_it_names_and_nobody_else(outbox: Outbox) -> None:
    assert outbox.memory() == Memory()
    outbox.commit(check_in(1), came_in({mark(1): 1.25, mark(2): 2.0}))
    outbox.commit(check_in(2))
    assert inside(outbox) == {mark(1): 1.25, mark(2): 2.0}

    left = StoredPassage(Direction.OUT, 9.0)
    visits = {mark(3): StoredVisits(7, {19000: 1, 19002: 2}), mark(4): StoredVisits(1, {0: 3})}
    outbox.commit(check_in(3), MemoryChange({mark(2): left, mark(3): None}, visits))
    arrived = StoredPassage(Direction.IN, 1.25)
    assert outbox.memory() == Memory({mark(1): arrived, mark(2): left}, visits)

    fewer = {mark(3): StoredVisits(3, {19002: 3}), mark(4): None}
    outbox.commit(check_in(4), MemoryChange({mark(1): None}, fewer))
    assert outbox.memory() == Memory({mark(2): left}, {mark(3): StoredVisits(3, {19002: 3})})


def test_the_memory_can_change_without_an_event(outbox: Outbox, fault: Fault) -> None:
    outbox.remember(came_in({mark(1): 1.0, mark(2): 2.0}))
    with fault(), pytest.raises(OutboxError):
        outbox.remember(came_in({mark(1): None}))
    assert inside(outbox) == {mark(1): 1.0, mark(2): 2.0}
    outbox.remember(came_in({mark(1): None}))

    assert inside(outbox) == {mark(2): 2.0}
    assert held(outbox) == (0, 0)
    assert outbox.commit(check_in(1)).seq == 1


def test_what_the_memory_returns_is_a_copy(outbox: Outbox) -> None:
    counts = {19000: 1}
    visits = {mark(1): StoredVisits(7, counts)}
    outbox.commit(check_in(1), MemoryChange({}, visits))
    counts.clear()
    visits.clear()
    outbox.memory().visits[mark(1)].counts.clear()  # type: ignore[attr-defined]
    outbox.memory().visits.clear()  # type: ignore[attr-defined]

    assert outbox.memory().visits == {mark(1): StoredVisits(7, {19000: 1})}


def test_a_sibling_in_another_thread_sees_commits_and_marks_them(outbox: Outbox) -> None:
    seen: list[list[int]] = []
    who: list[dict[str, float]] = []

    def courier() -> None:
        rows = outbox.sibling()
        seen.append(numbers(rows.pending(0, 10)))
        rows.mark_sent([1])
        who.append(inside(rows))
        rows.close()

    outbox.commit(check_in(1), came_in({mark(1): 1.0}))
    outbox.commit(check_in(2))
    thread = threading.Thread(target=courier)
    thread.start()
    join(thread)

    assert seen == [[1, 2]]
    assert who == [{mark(1): 1.0}]
    assert numbers(outbox.pending(0, 10)) == [2]


def test_siblings_may_meet_on_an_outbox_that_is_not_there_yet(outbox: Outbox) -> None:
    """The door's first check-in and the courier's first look come at the same moment."""
    siblings = [outbox.sibling() for _ in range(4)]
    start = threading.Barrier(len(siblings))
    errors: list[BaseException] = []

    def look(rows: Outbox) -> None:
        try:
            start.wait()
            rows.probe()
            rows.pending(0, 1)
        except OutboxError as error:
            errors.append(error)
        finally:
            rows.close()

    threads = [threading.Thread(target=look, args=(rows,)) for rows in siblings]
    for thread in threads:
        thread.start()
    for thread in threads:
        join(thread)

    assert errors == []
    assert outbox.commit(check_in(1)).seq == 1


def test_a_courier_marking_while_the_door_commits_loses_nothing(outbox: Outbox) -> None:
    total = 200
    taken: dict[int, bytes] = {}
    errors: list[BaseException] = []
    give_up_s = deadline_s()

    def courier() -> None:
        rows = outbox.sibling()
        try:
            while len(taken) < total and time.monotonic() < give_up_s:
                batch = rows.pending(0, 7)
                taken.update((event.seq, event.body) for event in batch)
                rows.mark_sent(numbers(batch))
        except OutboxError as error:
            errors.append(error)
        finally:
            rows.close()

    thread = threading.Thread(target=courier)
    thread.start()
    committed = [outbox.commit(check_in(n), came_in({mark(n): 1.0})) for n in range(1, total + 1)]
    join(thread)

    assert errors == []
    assert taken == {event.seq: event.body for event in committed}
    assert sorted(taken) == list(range(1, total + 1))
    assert held(outbox) == (total, 0)


def test_closing_twice_or_unopened_is_no_error(outbox: Outbox) -> None:
    outbox.sibling().close()
    outbox.commit(check_in(1))
    outbox.close()
    outbox.close()
