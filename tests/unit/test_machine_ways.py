"""Which way people pass: a one-way door, and one that counts each person in, then out."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from kiosk.door.credential import Credential, Damaged
from kiosk.door.cues import Cue, FaultRaised, Looked, Record, Show, Ticked
from kiosk.door.event import Direction
from kiosk.door.machine import Conduct, Door, Passing, Phase, step
from kiosk.door.rules import Rules
from kiosk.door.sighting import Place, Sighting
from kiosk.door.signal import Fault, Signal

CONDUCT = Conduct(Rules(frozenset({"cccd"})))
TOGGLE = replace(CONDUCT, passing=Passing.TOGGLE)
Way = tuple[str, Direction | None]


def frame(at_s: float, name: str, place: Place | None = None) -> Looked:
    content = Damaged("cccd", "name: empty") if name == "damaged" else Credential("cccd", name)
    return Looked(at_s, at_s, (Sighting(name, content, place),))


def play(cues: Iterable[Cue], conduct: Conduct) -> tuple[Door, list[Way]]:
    """Give the cues to a ready door; what it recorded, with the way."""
    door = Door(phase=Phase.READY)
    ways: list[Way] = []
    for cue in cues:
        door, effects = step(door, cue, conduct)
        ways += [(e.mark, e.direction) for e in effects if isinstance(e, Record)]
    return door, ways


@pytest.mark.parametrize("passing", [Passing.IN, Passing.OUT])
def test_a_one_way_door_gives_every_record_its_way(passing: Passing) -> None:
    cues: list[Cue] = [frame(1, "An"), frame(20, "An"), frame(40, "damaged"), Ticked(40.5)]
    door, ways = play(cues, replace(CONDUCT, passing=passing))
    way = Direction(passing.value)
    assert ways == [("An", way), ("An", way), ("damaged", way)]
    assert not door.inside


def test_a_refusal_at_a_toggling_door_has_no_way_and_lets_nobody_in() -> None:
    door, ways = play([frame(1, "damaged"), Ticked(2)], TOGGLE)
    assert ways == [("damaged", None)]
    assert not door.inside


def test_a_toggling_door_counts_in_then_out_then_in() -> None:
    cues = [frame(1, "An"), frame(5, "Binh"), frame(20, "An"), frame(40, "An")]
    door, ways = play(cues, TOGGLE)
    assert ways == [
        ("An", Direction.IN),
        ("Binh", Direction.IN),
        ("An", Direction.OUT),
        ("An", Direction.IN),
    ]
    assert door.inside == {"An": 40, "Binh": 5}


@pytest.mark.parametrize("place", [None, Place(0.5, 0.5, 0.2)])
def test_a_card_left_lying_never_toggles(place: Place | None) -> None:
    # It is read now and then, with gaps longer than the hold-off, for three minutes.
    lying = [frame(at_s, "An", place) for at_s in range(1, 181, 4)]
    assert play(lying, TOGGLE)[1] == [("An", Direction.IN)]


@pytest.mark.parametrize(
    ("stay_s", "way"), [(59.0, Direction.OUT), (60.0, Direction.IN), (600.0, Direction.IN)]
)
def test_a_toggling_door_does_not_believe_a_stay_beyond_the_longest(
    stay_s: float, way: Direction
) -> None:
    cues: list[Cue] = [frame(1, "An"), Ticked(stay_s), frame(1 + stay_s, "An")]
    door, ways = play(cues, replace(TOGGLE, stay_max_s=60.0))
    assert ways == [("An", Direction.IN), ("An", way)]
    assert door.inside == ({} if way is Direction.OUT else {"An": 1 + stay_s})


def test_whose_stay_ran_out_is_forgotten_when_the_next_person_comes() -> None:
    cues: list[Cue] = [frame(1, "An"), Ticked(100), frame(100, "Binh")]
    door, _ = play(cues, replace(TOGGLE, stay_max_s=60.0))
    assert door.inside == {"Binh": 100}


def test_a_check_in_that_failed_to_commit_moves_nobody() -> None:
    before, _ = play([frame(1, "An")], TOGGLE)
    after, effects = step(before, frame(20, "An"), TOGGLE)
    assert any(isinstance(e, Record) for e in effects)
    assert not after.inside
    # The kiosk drops `after` when the commit fails.
    door, _ = step(before, FaultRaised(20, Fault.DISK), TOGGLE)
    assert door.inside == {"An": 1}


def test_already_recorded_does_not_toggle() -> None:
    door, ways = play([frame(1, "An")], TOGGLE)
    door, effects = step(door, frame(5, "An"), TOGGLE)
    assert [e.signal for e in effects if isinstance(e, Show)] == [Signal.ALREADY_RECORDED]
    assert ways == [("An", Direction.IN)]
    assert door.inside == {"An": 1}
