"""Who is inside, over restarts and whatever the clock says."""

from datetime import UTC, datetime, timedelta

from kiosk.app.inside import UNKNOWN_S, Inside
from kiosk.clock.manual import ManualClock, Settings

NOON = datetime(2024, 2, 29, 12, 0, tzinfo=UTC)
NOON_S = NOON.timestamp()
HOUR_S = 3600.0


def right(start: datetime = NOON) -> ManualClock:
    return ManualClock(Settings(start=start))


def of_1970() -> ManualClock:
    return ManualClock(Settings(start=datetime(1970, 1, 1, tzinfo=UTC), trusted=False, boot="b"))


def test_a_right_clock_carries_the_time_over_a_restart() -> None:
    clock = right()
    clock.advance(100)
    stored = Inside(clock).stored({"an": 40.0})
    assert stored == {"an": NOON_S + 40}
    later = right(NOON + timedelta(hours=1))
    assert Inside(later).recall(stored) == {"an": 40.0 - HOUR_S}


def test_the_same_person_is_written_the_same_while_the_clock_only_drifts() -> None:
    clock = right()
    inside = Inside(clock)
    before = inside.stored({"an": 0.0})
    clock.advance(10)
    clock.jump(0.3)
    assert inside.stored({"an": 0.0, "binh": 10.0}) == {**before, "binh": NOON_S + 10}


def test_a_clock_that_was_set_writes_everybody_by_it() -> None:
    clock = right()
    inside = Inside(clock)
    inside.stored({"an": 0.0})
    clock.jump(-HOUR_S)
    assert inside.stored({"an": 0.0}) == {"an": NOON_S - HOUR_S}


def test_a_wrong_clock_writes_no_time_at_all() -> None:
    clock = of_1970()
    clock.advance(30)
    assert Inside(clock).stored({"an": 10.0}) == {"an": UNKNOWN_S}


def test_who_came_in_before_the_synchronisation_is_written_right_after_it() -> None:
    clock = of_1970()
    inside = Inside(clock)
    inside.stored({"an": 10.0})
    clock.advance(HOUR_S)
    clock.synchronise(NOON)
    assert inside.stored({"an": 10.0}) == {"an": NOON_S - HOUR_S + 10}


def test_a_boot_in_1970_believes_that_all_came_in_just_now() -> None:
    clock = of_1970()
    clock.advance(7)
    assert Inside(clock).recall({"an": NOON_S, "binh": UNKNOWN_S}) == {"an": 7.0, "binh": 7.0}


def test_a_known_time_survives_a_boot_in_1970() -> None:
    clock = of_1970()
    clock.advance(7)
    inside = Inside(clock)
    recalled = inside.recall({"an": NOON_S, "binh": UNKNOWN_S})
    clock.advance(60)
    stored = inside.stored({**recalled, "chi": 67.0})
    assert stored == {"an": NOON_S, "binh": UNKNOWN_S, "chi": UNKNOWN_S}


def test_known_times_count_again_once_the_clock_is_right() -> None:
    clock = of_1970()
    inside = Inside(clock)
    recalled = inside.recall({"an": NOON_S, "binh": UNKNOWN_S})
    clock.advance(HOUR_S)
    clock.synchronise(NOON + timedelta(hours=3))
    settled = inside.settle({**recalled, "chi": 60.0})
    assert settled == {"an": HOUR_S - 3 * HOUR_S, "binh": 0.0, "chi": 60.0}
    assert inside.settle(settled) == settled
    assert inside.stored(recalled)["an"] == NOON_S


def test_a_time_in_the_future_is_just_now() -> None:
    clock = right()
    clock.advance(50)
    assert Inside(clock).recall({"an": NOON_S + 86400}) == {"an": 50.0}
