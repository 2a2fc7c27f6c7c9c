"""Who passed before, over restarts and whatever the clock says."""

from datetime import UTC, datetime, timedelta

from kiosk.app.memory import LATE_AT_ONCE, UNKNOWN_DAY, UNKNOWN_S, Recollection
from kiosk.clock.manual import ManualClock, Settings
from kiosk.door.event import Direction
from kiosk.door.passage import Memory, Passage, Visits
from kiosk.door.rules import VIETNAM_OFFSET_S
from kiosk.outbox import Memory as Stored
from kiosk.outbox import MemoryChange, StoredPassage, StoredVisits

NOON = datetime(2024, 2, 29, 5, 0, tzinfo=UTC)
"""Twelve o'clock in Vietnam."""
NOON_S = NOON.timestamp()
DAY = 19782
"""The twenty-ninth of February 2024, in days since 1970."""
HOUR_S, DAY_S = 3600.0, 86400.0
IN, OUT = Direction.IN, Direction.OUT


def right(start: datetime = NOON) -> ManualClock:
    return ManualClock(Settings(start=start))


def of_1970() -> ManualClock:
    return ManualClock(Settings(start=datetime(1970, 1, 1, tzinfo=UTC), trusted=False, boot="b"))


def recollection(clock: ManualClock) -> Recollection:
    return Recollection(clock, VIETNAM_OFFSET_S)


def inside(**since_s: float) -> Memory:
    return Memory({mark: Passage(IN, at_s) for mark, at_s in since_s.items()})


def stored(**since_unix_s: float) -> Stored:
    return Stored({mark: StoredPassage(IN, at_s) for mark, at_s in since_unix_s.items()})


def times(memory: Memory) -> dict[str, float]:
    return {mark: passage.at_s for mark, passage in memory.passages.items()}


def written(change: MemoryChange | None) -> dict[str, float | None]:
    assert change is not None
    return {mark: p.since_unix_s if p else None for mark, p in change.passages.items()}


def test_a_right_clock_carries_the_time_over_a_restart() -> None:
    clock = right()
    clock.advance(100)
    change = recollection(clock).change(inside(an=40.0), ["an"])
    assert written(change) == {"an": NOON_S + 40}
    later = right(NOON + timedelta(hours=1))
    assert times(recollection(later).recall(stored(an=NOON_S + 40))) == {"an": 40.0 - HOUR_S}


def test_which_way_somebody_passed_is_carried_too() -> None:
    clock = right()
    memory = Memory({"an": Passage(OUT, 0.0)})
    change = recollection(clock).change(memory, ["an"])
    assert change.passages == {"an": StoredPassage(OUT, NOON_S)}
    again = recollection(right()).recall(Stored({"an": StoredPassage(OUT, NOON_S)}))
    assert again.passages == memory.passages


def test_of_whom_nothing_is_remembered_nothing_is_kept() -> None:
    change = recollection(right()).change(Memory(), ["an"])
    assert change == MemoryChange({"an": None}, {"an": None})


def test_the_same_person_is_written_the_same_while_the_clock_only_drifts() -> None:
    clock = right()
    kept = recollection(clock)
    kept.change(inside(an=0.0), ["an"])
    clock.advance(10)
    clock.jump(0.3)
    change = kept.change(inside(an=0.0, binh=10.0), ["an", "binh"])
    assert written(change) == {"an": NOON_S, "binh": NOON_S + 10}


def test_a_clock_that_was_set_writes_everybody_by_it() -> None:
    clock = right()
    kept = recollection(clock)
    kept.recall(stored(an=NOON_S))
    assert kept.late(inside(an=0.0)) is None
    clock.jump(-HOUR_S)
    late = kept.late(inside(an=0.0))
    assert written(late) == {"an": NOON_S - HOUR_S}
    assert late is not None
    kept.written(late)
    assert kept.late(inside(an=0.0)) is None


def test_what_is_late_is_written_in_parts() -> None:
    clock = right()
    kept = recollection(clock)
    many = inside(**{f"m{n}": float(n) for n in range(LATE_AT_ONCE + 3)})
    kept.recall(Stored())
    clock.jump(HOUR_S)
    first = kept.late(many)
    assert first is not None
    assert len(first.passages) == LATE_AT_ONCE
    kept.written(first)
    rest = kept.late(many)
    assert rest is not None
    assert len(rest.passages) == 3
    assert not rest.passages.keys() & first.passages.keys()


def test_a_wrong_clock_writes_no_time_at_all() -> None:
    clock = of_1970()
    clock.advance(30)
    assert written(recollection(clock).change(inside(an=10.0), ["an"])) == {"an": UNKNOWN_S}


def test_who_came_in_before_the_synchronisation_is_written_right_after_it() -> None:
    clock = of_1970()
    kept = recollection(clock)
    kept.change(inside(an=10.0), ["an"])
    clock.advance(HOUR_S)
    clock.synchronise(NOON)
    memory = kept.settle(inside(an=10.0))
    assert times(memory) == {"an": 10.0}
    assert written(kept.late(memory)) == {"an": NOON_S - HOUR_S + 10}


def test_a_boot_in_1970_believes_that_all_passed_just_now() -> None:
    clock = of_1970()
    clock.advance(7)
    memory = recollection(clock).recall(stored(an=NOON_S, binh=UNKNOWN_S))
    assert times(memory) == {"an": 7.0, "binh": 7.0}


def test_a_known_time_survives_a_boot_in_1970() -> None:
    clock = of_1970()
    clock.advance(7)
    kept = recollection(clock)
    recalled = kept.recall(stored(an=NOON_S, binh=UNKNOWN_S))
    clock.advance(60)
    memory = Memory({**recalled.passages, "chi": Passage(IN, 67.0)})
    change = kept.change(memory, ["an", "binh", "chi"])
    assert written(change) == {"an": NOON_S, "binh": UNKNOWN_S, "chi": UNKNOWN_S}


def test_known_times_count_again_once_the_clock_is_right() -> None:
    clock = of_1970()
    kept = recollection(clock)
    recalled = kept.recall(stored(an=NOON_S, binh=UNKNOWN_S))
    clock.advance(HOUR_S)
    clock.synchronise(NOON + timedelta(hours=3))
    settled = kept.settle(Memory({**recalled.passages, "chi": Passage(IN, 60.0)}))
    assert times(settled) == {"an": HOUR_S - 3 * HOUR_S, "binh": 0.0, "chi": 60.0}
    assert kept.settle(settled) == settled
    assert written(kept.late(settled)) == {
        "an": NOON_S,
        "binh": NOON_S + 2 * HOUR_S,
        "chi": NOON_S + 2 * HOUR_S + 60,
    }


def test_a_time_in_the_future_is_just_now() -> None:
    clock = right()
    clock.advance(50)
    assert times(recollection(clock).recall(stored(an=NOON_S + DAY_S))) == {"an": 50.0}


def visited(days: int, **counts: int) -> Stored:
    by_day = {int(name.removeprefix("d")): count for name, count in counts.items()}
    return Stored({}, {"an": StoredVisits(days, by_day)})


def days_of(kept: Recollection, memory: Memory) -> dict[int, int]:
    change = kept.change(memory, ["an"]).visits["an"]
    assert change is not None
    return dict(change.counts)


def test_visits_are_kept_by_local_day_and_come_back_on_the_same() -> None:
    clock = right()
    kept = recollection(clock)
    # Eleven and thirteen hours ago are two days in Vietnam, and one in Greenwich.
    memory = Memory({}, {"an": Visits((-13 * HOUR_S, -11 * HOUR_S, 0.0), 7)})
    assert days_of(kept, memory) == {DAY - 1: 1, DAY: 2}
    again = recollection(right(NOON + timedelta(hours=2)))
    recalled = again.recall(visited(7, **{f"d{DAY - 1}": 1, f"d{DAY}": 2}))
    assert recalled.visits["an"].days == 7
    assert days_of(again, recalled) == {DAY - 1: 1, DAY: 2}


def test_visits_under_a_wrong_clock_get_their_day_with_the_time() -> None:
    clock = of_1970()
    kept = recollection(clock)
    recalled = kept.recall(visited(7, **{f"d{DAY - 2}": 2, "d0": 1}))
    assert recalled.visits["an"].times_s == (0.0, 0.0, 0.0)
    memory = Memory({}, {"an": Visits((0.0, 0.0, 0.0, 60.0), 7)})
    # What is known stays known on the disk, in a boot that knows nothing.
    assert days_of(kept, memory) == {DAY - 2: 2, UNKNOWN_DAY: 2}
    clock.advance(HOUR_S)
    clock.synchronise(NOON)
    settled = kept.settle(memory)
    assert days_of(kept, settled) == {DAY - 2: 2, DAY: 2}


def test_a_visit_of_tomorrow_counts_as_one_of_now() -> None:
    kept = recollection(right())
    memory = kept.recall(visited(7, **{f"d{DAY + 9}": 1, "d0": 1}))
    assert days_of(kept, memory) == {DAY: 2}
