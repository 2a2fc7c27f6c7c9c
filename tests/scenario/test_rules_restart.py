"""Anti-passback, quota and capacity over restarts and clock jumps: daemons on one outbox file."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kiosk.clock.manual import ManualClock
from kiosk.door.credential import Quota
from kiosk.door.event import CheckInEvent, read_event
from kiosk.door.machine import Conduct, Passing
from kiosk.door.rules import Flag, Passback, Rules, UntrustedClock
from kiosk.door.signal import Signal
from kiosk.eye.people import person
from kiosk.outbox.sqlite import Settings, SqliteOutbox
from tests.parts.check_ins import SOURCE
from tests.scenario.doorway import Doorway, clock

AN, BINH, CHI = (person(random.Random(seed)) for seed in (1, 2, 3))
RULES = Rules(frozenset({"cccd"}))
HARD = Conduct(replace(RULES, passback=Passback.HARD), stay_max_s=7200.0)
SOFT = Conduct(replace(RULES, passback=Passback.SOFT), stay_max_s=7200.0)
TIMED = Conduct(replace(RULES, passback=Passback.TIMED, passback_s=600.0), Passing.TOGGLE)
ONCE = Conduct(replace(RULES, quota=Quota(1, 1)))
TWICE_A_WEEK = Conduct(replace(RULES, quota=Quota(2, 7)))
TWO = Conduct(replace(RULES, capacity=2), Passing.TOGGLE)
MORNING = datetime(2024, 7, 1, 1, tzinfo=UTC)
"""Eight o'clock in Vietnam."""
BOOT_1970 = datetime(1970, 1, 1, tzinfo=UTC)
GREEN, RED, FULL = Signal.ACCEPTED, Signal.REJECTED, Signal.FULL


@contextmanager
def powered(
    path: Path, conduct: Conduct, start: datetime, *, trusted: bool = True
) -> Iterator[Doorway]:
    """Give a kiosk with power; it is cut off at the end."""
    outbox = SqliteOutbox(Settings(path=path / "outbox.db"), SOURCE)
    time = clock(start=start, trusted=trusted, boot=str(start.timestamp()))
    try:
        yield Doorway(outbox, conduct=conduct, time=time).open()
    finally:
        outbox.close()


def shows(doorway: Doorway, *people: str) -> list[Signal]:
    """Hold these up in turn, half a minute apart; return what was shown."""
    before = len(doorway.shows)
    for each in people:
        doorway.hold(each, for_s=0.5)
        doorway.wait(30)
    return doorway.signals[before:]


def time_of(doorway: Doorway) -> ManualClock:
    return doorway.clock


def after(**passed: float) -> datetime:
    return MORNING + timedelta(**passed)


@pytest.mark.parametrize(("minutes", "light"), [(110, RED), (125, GREEN)])
def test_hard_anti_passback_holds_over_a_restart(
    tmp_path: Path, minutes: int, light: Signal
) -> None:
    with powered(tmp_path, HARD, MORNING) as door:
        assert shows(door, AN, AN, BINH) == [GREEN, RED, GREEN]
    with powered(tmp_path, HARD, after(minutes=minutes)) as door:
        assert shows(door, AN) == [light]


def test_soft_anti_passback_is_a_flag_in_the_event(tmp_path: Path) -> None:
    with powered(tmp_path, SOFT, MORNING) as door:
        shows(door, AN)
    with powered(tmp_path, SOFT, after(hours=1)) as door:
        assert shows(door, AN, BINH) == [GREEN, GREEN]
        events = [read_event(event.body) for event in door.committed]
    flags = [event.data.flags for event in events if isinstance(event, CheckInEvent)]
    assert flags == [(Flag.PASSBACK,), ()]


def test_timed_anti_passback_holds_either_way_over_a_restart(tmp_path: Path) -> None:
    with powered(tmp_path, TIMED, MORNING) as door:
        assert shows(door, AN, AN) == [GREEN, RED]
        door.wait(600)
        assert shows(door, AN) == [GREEN]
    with powered(tmp_path, TIMED, after(minutes=15)) as door:
        assert shows(door, AN) == [RED]


@pytest.mark.parametrize("jump", [timedelta(days=30), timedelta(days=-30)])
def test_a_clock_that_jumps_moves_no_passage_in_this_run_or_the_next(
    tmp_path: Path, jump: timedelta
) -> None:
    with powered(tmp_path, HARD, MORNING) as door:
        shows(door, AN)
        time_of(door).jump(jump.total_seconds())
        assert shows(door, AN) == [RED]
        door.wait(3600)
        assert shows(door, AN) == [RED]
    # The next boot has the clock that this one ended with.
    with powered(tmp_path, HARD, after(minutes=90) + jump) as door:
        assert shows(door, AN) == [RED]
        door.wait(3000)
        assert shows(door, AN) == [GREEN]


def test_a_wrong_clock_that_is_put_right_before_the_power_goes_expires_nothing(
    tmp_path: Path,
) -> None:
    with powered(tmp_path, HARD, after(days=-30)) as door:
        shows(door, AN)
        time_of(door).synchronise(MORNING)
        door.wait(5)
    with powered(tmp_path, HARD, after(minutes=30)) as door:
        assert shows(door, AN) == [RED]


def test_a_quota_holds_over_a_restart_and_is_over_with_the_local_day(tmp_path: Path) -> None:
    with powered(tmp_path, ONCE, MORNING) as door:
        assert shows(door, AN, AN) == [GREEN, RED]
    with powered(tmp_path, ONCE, after(hours=15, minutes=50)) as door:
        assert shows(door, AN) == [RED]
        door.wait(600)
        assert shows(door, AN) == [GREEN]


def test_a_quota_of_days_counts_visits_of_several_boots(tmp_path: Path) -> None:
    for days, light in [(0, GREEN), (2, GREEN), (3, RED), (6, RED), (7, GREEN), (8, RED)]:
        with powered(tmp_path, TWICE_A_WEEK, after(days=days)) as door:
            assert shows(door, AN) == [light], days


def test_a_boot_without_a_clock_counts_its_visits_once_it_knows_the_day(tmp_path: Path) -> None:
    strict = replace(ONCE, rules=replace(ONCE.rules, untrusted_clock=UntrustedClock.REFUSE))
    with powered(tmp_path, strict, BOOT_1970, trusted=False) as door:
        assert shows(door, AN, AN) == [GREEN, RED]
        time_of(door).synchronise(MORNING)
        door.wait(5)
        assert shows(door, AN) == [RED]
    with powered(tmp_path, strict, after(hours=3)) as door:
        assert shows(door, AN) == [RED]
    with powered(tmp_path, strict, after(days=1)) as door:
        assert shows(door, AN) == [GREEN]


def test_a_quota_survives_a_boot_that_never_learns_the_time(tmp_path: Path) -> None:
    with powered(tmp_path, ONCE, MORNING) as door:
        shows(door, AN)
    with powered(tmp_path, ONCE, BOOT_1970, trusted=False) as door:
        assert shows(door, AN, BINH) == [GREEN, GREEN]
        first, second = (
            event.data.flags
            for event in (read_event(event.body) for event in door.committed)
            if isinstance(event, CheckInEvent)
        )
        assert (first, second) == ((Flag.CLOCK_UNTRUSTED,), ())
    with powered(tmp_path, ONCE, after(hours=3)) as door:
        assert shows(door, AN) == [RED]


def test_capacity_holds_over_restarts_with_and_without_a_clock(tmp_path: Path) -> None:
    with powered(tmp_path, TWO, MORNING) as door:
        assert shows(door, AN, BINH, CHI) == [GREEN, GREEN, FULL]
    with powered(tmp_path, TWO, BOOT_1970, trusted=False) as door:
        assert shows(door, CHI, AN, CHI, AN) == [FULL, GREEN, GREEN, FULL]
        time_of(door).synchronise(after(hours=1))
        door.wait(5)
        assert shows(door, AN) == [FULL]
    with powered(tmp_path, TWO, after(hours=2)) as door:
        assert shows(door, AN, BINH, AN) == [FULL, GREEN, GREEN]


def test_what_no_rule_asks_for_any_more_leaves_the_disk(tmp_path: Path) -> None:
    with powered(
        tmp_path, replace(HARD, rules=replace(HARD.rules, quota=Quota(9, 1))), MORNING
    ) as door:
        shows(door, AN, BINH)
        memory = door.outbox.memory()
        assert (len(memory.passages), len(memory.visits)) == (2, 2)
        door.wait(2 * 3600 + 70)
        memory = door.outbox.memory()
        assert (len(memory.passages), len(memory.visits)) == (0, 2)
    with powered(tmp_path, Conduct(RULES), after(days=2)) as door:
        door.wait(70)
        memory = door.outbox.memory()
        assert (memory.passages, memory.visits) == ({}, {})


def test_a_new_file_in_place_of_a_damaged_one_is_told_everything_again(tmp_path: Path) -> None:
    with powered(tmp_path, HARD, MORNING) as door:
        shows(door, AN)
    (tmp_path / "outbox.db-wal").unlink(missing_ok=True)
    with powered(tmp_path, HARD, after(minutes=1)) as door:
        shows(door, BINH)
        door.outbox.close()
        # Nothing of it can be read any more.
        (tmp_path / "outbox.db-wal").unlink(missing_ok=True)
        (tmp_path / "outbox.db").write_bytes(b"\0" * 8192)
        door.wait(60)
        shows(door, CHI)
        assert len(door.outbox.memory().passages) == 3
