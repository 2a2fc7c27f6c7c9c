"""A Pi without a clock: times are marked, told once they are known, and never decide anything."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kiosk.door.event import CheckInEvent, ClockEvent, Direction, EventName, read_event
from kiosk.door.machine import Passing
from kiosk.door.signal import Signal
from kiosk.eye.people import person
from kiosk.outbox.memory import MemoryOutbox
from kiosk.outbox.memory import Settings as MemorySettings
from tests.parts.check_ins import SOURCE
from tests.scenario.doorway import CONDUCT, Doorway, Nudged, clock

AN, BINH = (person(random.Random(seed)) for seed in (1, 2))
BOOT_1970 = datetime(1970, 1, 1, tzinfo=UTC)
NOON = datetime(2024, 2, 29, 12, 0, tzinfo=UTC)
TOGGLE = replace(CONDUCT, passing=Passing.TOGGLE)
HOUR_S = 3600.0


@pytest.fixture
def memory() -> MemoryOutbox:
    return MemoryOutbox(MemorySettings(), SOURCE)


def check_ins(doorway: Doorway) -> list[CheckInEvent]:
    events = (read_event(event.body) for event in doorway.committed)
    return [event for event in events if isinstance(event, CheckInEvent)]


def clock_events(doorway: Doorway) -> list[ClockEvent]:
    events = (read_event(event.body) for event in doorway.committed)
    return [event for event in events if isinstance(event, ClockEvent)]


def directions(doorway: Doorway) -> list[Direction | None]:
    return [event.data.direction for event in check_ins(doorway)]


def test_a_boot_s_clock_is_told_once_after_its_first_synchronisation(
    memory: MemoryOutbox,
) -> None:
    time = clock(start=BOOT_1970, trusted=False)
    doorway = Doorway(memory, time=time).open()
    doorway.hold(AN)
    doorway.wait(60)
    assert clock_events(doorway) == []
    [marked] = check_ins(doorway)
    assert marked.data.clock.trusted is False
    assert marked.data.clock.utc.year == 1970

    time.synchronise(NOON)
    at_noon_ns = round(time.monotonic_s() * 1e9)
    doorway.wait(1)
    [told] = clock_events(doorway)
    assert doorway.trace[-1] == Nudged()
    assert told.data.boot == marked.data.clock.boot
    assert told.data.offset_ns + at_noon_ns == round(NOON.timestamp() * 1e9)
    # Numbered in the same series, so that a lost one would be a gap.
    assert told.id.partition(":")[2] == "2"
    assert doorway.committed[-1].name is EventName.CLOCK

    time.jump(HOUR_S)
    doorway.wait(60)
    doorway.hold(BINH)
    assert len(clock_events(doorway)) == 1
    assert check_ins(doorway)[-1].data.clock.trusted is True


def test_another_process_of_the_same_boot_does_not_tell_it_again(memory: MemoryOutbox) -> None:
    Doorway(memory, time=clock()).open()
    again = Doorway(memory, time=clock())
    again.wait(5)
    assert clock_events(again) == []
    other = Doorway(memory, time=clock(boot="another"))
    other.wait(5)
    assert [event.data.boot for event in clock_events(other)] == ["another"]


def test_a_full_disk_only_delays_it(memory: MemoryOutbox) -> None:
    memory.fill()
    doorway = Doorway(memory, time=clock())
    doorway.wait(30)
    assert doorway.committed == []
    memory.fill(full=False)
    doorway.wait(3)
    assert len(clock_events(doorway)) == 1


@pytest.mark.parametrize("jump_s", [30 * 86400.0, -30 * 86400.0])
@pytest.mark.parametrize("trusted", [True, False])
def test_a_wall_clock_that_is_set_changes_no_decision(
    memory: MemoryOutbox, jump_s: float, *, trusted: bool
) -> None:
    time = clock(start=NOON, trusted=trusted)
    doorway = Doorway(memory, conduct=TOGGLE, time=time).open()
    doorway.hold(AN)
    doorway.wait(5)
    time.jump(jump_s)
    # Within `repeat_s` it is the same visit, whatever the wall clock says.
    doorway.hold(AN)
    assert doorway.signals == [Signal.ACCEPTED, Signal.ALREADY_RECORDED]
    doorway.wait(20)
    doorway.hold(AN)
    assert directions(doorway) == [Direction.IN, Direction.OUT]
    seqs = [event.seq for event in doorway.committed]
    assert seqs == sorted(seqs)


@pytest.mark.parametrize("jump_s", [30 * 86400.0, -30 * 86400.0])
def test_a_stay_ends_by_the_time_that_passed(memory: MemoryOutbox, jump_s: float) -> None:
    time = clock(start=NOON)
    doorway = Doorway(memory, conduct=replace(TOGGLE, stay_max_s=100.0), time=time).open()
    doorway.hold(AN)
    time.jump(jump_s)
    doorway.wait(101)
    doorway.hold(AN)
    assert directions(doorway) == [Direction.IN, Direction.IN]


def came_in(memory: MemoryOutbox) -> None:
    """Let somebody come in at noon; then the power goes."""
    doorway = Doorway(memory, conduct=TOGGLE, time=clock(start=NOON)).open()
    doorway.hold(AN)
    assert directions(doorway) == [Direction.IN]


def test_a_boot_in_1970_still_knows_who_is_inside(memory: MemoryOutbox) -> None:
    came_in(memory)
    time = clock(start=BOOT_1970, trusted=False, boot="second")
    doorway = Doorway(memory, conduct=TOGGLE, time=time).open()
    doorway.hold(AN)
    assert directions(doorway) == [Direction.OUT]


def test_a_boot_in_1970_forgets_who_came_yesterday_once_it_knows_the_day(
    memory: MemoryOutbox,
) -> None:
    came_in(memory)
    time = clock(start=BOOT_1970, trusted=False, boot="second")
    doorway = Doorway(memory, conduct=TOGGLE, time=time).open()
    time.synchronise(NOON + timedelta(days=1))
    doorway.wait(1)
    doorway.hold(AN)
    assert directions(doorway) == [Direction.IN]


def test_a_boot_in_1970_believes_nobody_for_longer_than_a_stay(memory: MemoryOutbox) -> None:
    came_in(memory)
    time = clock(start=BOOT_1970, trusted=False, boot="second")
    doorway = Doorway(memory, conduct=replace(TOGGLE, stay_max_s=100.0), time=time).open()
    doorway.wait(101)
    doorway.hold(AN)
    assert directions(doorway) == [Direction.IN]


def test_who_came_in_under_a_wrong_clock_is_inside_after_a_restart(memory: MemoryOutbox) -> None:
    first = Doorway(memory, conduct=TOGGLE, time=clock(start=BOOT_1970, trusted=False)).open()
    first.hold(AN)
    time = clock(start=NOON, boot="second")
    doorway = Doorway(memory, conduct=TOGGLE, time=time).open()
    doorway.hold(AN)
    assert directions(doorway) == [Direction.OUT]


def test_the_status_says_whether_the_time_may_be_believed(memory: MemoryOutbox) -> None:
    time = clock(start=BOOT_1970, trusted=False)
    doorway = Doorway(memory, time=time).open()
    assert doorway.status.clock is not None
    assert (doorway.status.clock.trusted, doorway.status.clock_offset_ns) == (False, None)
    time.synchronise(NOON)
    doorway.wait(1)
    assert doorway.status.clock.trusted is True
    assert doorway.status.clock_offset_ns == time.boot_clock().offset_ns
