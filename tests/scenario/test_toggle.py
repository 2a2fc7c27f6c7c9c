"""A door that counts both ways remembers who is inside, whatever becomes of its process."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kiosk.door.event import CheckInEvent, Direction
from kiosk.door.machine import Passing
from kiosk.eye.people import person
from kiosk.outbox.sqlite import Settings, SqliteOutbox
from tests.parts.check_ins import SOURCE
from tests.parts.memories import inside
from tests.scenario.doorway import CONDUCT, Doorway, clock

AN, BINH = (person(random.Random(seed)) for seed in (1, 2))
TOGGLE = replace(CONDUCT, passing=Passing.TOGGLE, stay_max_s=3600.0)
NOON = datetime(2024, 7, 1, 12, tzinfo=UTC)


def ways_of(doorway: Doorway) -> list[Direction | None]:
    return [CheckInEvent.model_validate_json(e.body).data.direction for e in doorway.committed]


def life(path: Path, start: datetime, *texts: str) -> list[Direction | None]:
    """Run a kiosk from start to end, hold these up in turn, and return the ways recorded."""
    outbox = SqliteOutbox(Settings(path=path / "outbox.db"), SOURCE)
    doorway = Doorway(outbox, conduct=TOGGLE, time=clock(start=start)).open()
    for text in texts:
        doorway.hold(text)
        doorway.wait(15)
    outbox.close()
    return ways_of(doorway)


def test_in_and_out_survive_restarts(tmp_path: Path) -> None:
    in_, out = Direction.IN, Direction.OUT
    assert life(tmp_path, NOON, AN, BINH) == [in_, in_]
    assert life(tmp_path, NOON + timedelta(minutes=5), AN) == [out]
    assert life(tmp_path, NOON + timedelta(minutes=9), AN, BINH, AN) == [in_, out, out]


@pytest.mark.parametrize(("minutes", "way"), [(50, Direction.OUT), (70, Direction.IN)])
def test_a_stay_beyond_the_longest_is_not_believed_after_a_restart(
    minutes: int, way: Direction, tmp_path: Path
) -> None:
    life(tmp_path, NOON, AN)
    assert life(tmp_path, NOON + timedelta(minutes=minutes), AN) == [way]


def test_who_is_inside_changes_only_with_what_is_recorded(tmp_path: Path) -> None:
    outbox = SqliteOutbox(Settings(path=tmp_path / "outbox.db", max_mb=1), SOURCE)
    doorway = Doorway(outbox, conduct=TOGGLE, time=clock(start=NOON)).open()
    doorway.hold(AN)
    before = inside(outbox)
    assert len(before) == 1
    outbox.close()
    # A folder in place of the file fails every commit, as a broken disk would.
    whole = tmp_path / "outbox.db"
    whole.rename(tmp_path / "aside")
    whole.mkdir()
    doorway.wait(15)
    doorway.hold(AN, for_s=2)
    assert ways_of(doorway) == [Direction.IN]
    whole.rmdir()
    (tmp_path / "aside").rename(whole)
    doorway.wait(4)
    assert inside(outbox) == before
    doorway.hold(AN)
    assert ways_of(doorway) == [Direction.IN, Direction.OUT]
    assert inside(outbox) == {}
    outbox.close()
