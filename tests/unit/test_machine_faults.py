"""A door that cannot work says so, decides nothing meanwhile, and begins afresh when it can."""

import pytest

from kiosk.door.credential import Credential, Foreign, ForeignKind
from kiosk.door.cues import Cue, Effect, FaultCleared, FaultRaised, Looked, Record, Show, Ticked
from kiosk.door.machine import TRANSITIONS, Conduct, Door, Phase, Turn, step
from kiosk.door.rules import Rules
from kiosk.door.sighting import Sighting
from kiosk.door.signal import Fault, Signal
from kiosk.door.state import PHASE_SIGNALS

CONDUCT = Conduct(Rules(frozenset({"cccd"})))
READY = Door(phase=Phase.READY)
AN = Sighting("An", Credential("cccd", "001090000001"))
URL = Sighting("url", Foreign(ForeignKind.URL))


def look(at_s: float, *sightings: Sighting) -> Looked:
    return Looked(at_s, at_s, sightings)


def run(door: Door, *cues: Cue) -> tuple[Door, list[Effect]]:
    """Give the door these cues; all of its effects in order."""
    did: list[Effect] = []
    for cue in cues:
        door, effects = step(door, cue, CONDUCT)
        did += effects
    return door, did


def signals(did: list[Effect]) -> list[Signal]:
    return [e.signal for e in did if isinstance(e, Show)]


@pytest.mark.parametrize(("phase", "turn"), [(p, t) for p in Phase for t in Turn])
def test_the_table_of_transitions_is_total(phase: Phase, turn: Turn) -> None:
    assert TRANSITIONS[phase, turn] is (Phase.OUT_OF_ORDER if turn is Turn.FAULT else Phase.READY)


def test_every_phase_has_a_signal_of_its_own() -> None:
    assert set(PHASE_SIGNALS) == set(Phase)
    assert len(set(PHASE_SIGNALS.values())) == len(Phase)


# The one pair that a door never meets is (READY, ALL_CLEAR): a ready door has no fault to clear.
REACHED = [
    (Door(), FaultCleared(1, Fault.CAMERA), (Phase.STARTING, Turn.ALL_CLEAR)),
    (Door(), FaultRaised(1, Fault.CAMERA), (Phase.STARTING, Turn.FAULT)),
    (READY, FaultRaised(1, Fault.DISK), (Phase.READY, Turn.FAULT)),
    (
        Door(Phase.OUT_OF_ORDER, frozenset({Fault.DISK})),
        FaultRaised(1, Fault.CAMERA),
        (Phase.OUT_OF_ORDER, Turn.FAULT),
    ),
    (
        Door(Phase.OUT_OF_ORDER, frozenset({Fault.DISK, Fault.CAMERA})),
        FaultCleared(1, Fault.CAMERA),
        (Phase.OUT_OF_ORDER, Turn.FAULT),
    ),
    (
        Door(Phase.OUT_OF_ORDER, frozenset({Fault.DISK})),
        FaultCleared(1, Fault.DISK),
        (Phase.OUT_OF_ORDER, Turn.ALL_CLEAR),
    ),
]


@pytest.mark.parametrize(("door", "cue", "key"), REACHED)
def test_a_turn_follows_the_table_and_is_shown(
    door: Door, cue: Cue, key: tuple[Phase, Turn]
) -> None:
    after, did = run(door, cue)
    assert after.phase is TRANSITIONS[key]
    assert signals(did) == [PHASE_SIGNALS[after.phase]]


def test_these_are_all_turns_but_one() -> None:
    missing = set(TRANSITIONS) - {key for _, _, key in REACHED}
    assert missing == {(Phase.READY, Turn.ALL_CLEAR)}


@pytest.mark.parametrize("fault", Fault)
def test_clearing_what_is_not_broken_is_nothing(fault: Fault) -> None:
    assert run(READY, FaultCleared(1, fault)) == (READY, [])


def test_the_first_fault_to_mend_is_the_one_counted_whatever_came_first() -> None:
    _, did = run(READY, FaultRaised(1, Fault.DISK), FaultRaised(2, Fault.CAMERA))
    assert [e.fault for e in did if isinstance(e, Show)] == [Fault.DISK, Fault.CAMERA]
    _, did = run(READY, FaultRaised(1, Fault.CAMERA), FaultRaised(2, Fault.DISK))
    assert [e.fault for e in did if isinstance(e, Show)] == [Fault.CAMERA, Fault.CAMERA]


def test_when_one_of_two_faults_is_mended_the_other_is_shown() -> None:
    door, did = run(
        READY,
        FaultRaised(1, Fault.DISK),
        FaultRaised(2, Fault.CAMERA),
        FaultCleared(3, Fault.CAMERA),
    )
    assert door.phase is Phase.OUT_OF_ORDER
    assert did[-1] == Show(Signal.OUT_OF_ORDER, Fault.DISK)


@pytest.mark.parametrize("door", [Door(), Door(Phase.OUT_OF_ORDER, frozenset({Fault.DISK}))])
def test_a_door_that_is_not_ready_decides_nothing(door: Door) -> None:
    looks = [look(1 + n / 10, AN) for n in range(10)] + [look(2 + n / 10, URL) for n in range(20)]
    unread = [Looked(4 + n / 10, 4 + n / 10, (), unreadable=True) for n in range(20)]
    after, did = run(door, *looks, *unread, Ticked(7))
    assert did == []
    assert not after.presentations


def test_a_held_card_whose_record_failed_is_decided_when_the_disk_takes_writes_again() -> None:
    after, did = run(READY, look(1, AN))
    assert any(isinstance(e, Record) for e in did)
    assert after.presentations
    # The kiosk drops that step whole; the card is still held up.
    door, _ = run(READY, FaultRaised(1, Fault.DISK))
    door, did = run(door, *(look(1 + n / 10, AN) for n in range(1, 30)))
    assert did == []
    door, did = run(door, FaultCleared(4, Fault.DISK), look(4.1, AN), look(4.2, AN))
    assert signals(did) == [Signal.READY, Signal.ACCEPTED]


def test_a_card_seen_twice_before_its_record_failed_is_decided_too() -> None:
    # Two cards were in the picture, so that this one already has a presentation.
    other = Sighting("Binh", Credential("cccd", "001190000002"))
    before, _ = run(READY, look(1, AN, other))
    _, did = run(before, look(1.6, AN))
    assert signals(did) == [Signal.ACCEPTED]
    door, _ = run(before, FaultRaised(1.6, Fault.DISK))
    _, did = run(door, FaultCleared(2, Fault.DISK), look(2.1, AN))
    assert signals(did) == [Signal.READY, Signal.ACCEPTED]


def test_an_answered_card_held_through_a_fault_is_not_answered_again() -> None:
    held = [look(2 + n / 10, AN) for n in range(100)]
    door, did = run(READY, look(1, AN), FaultRaised(1.5, Fault.CAMERA), *held)
    _, did = run(door, FaultCleared(12, Fault.CAMERA), look(12.1, AN))
    assert signals(did) == [Signal.READY]


def test_an_answered_card_that_came_back_during_a_fault_is_already_recorded() -> None:
    held = [look(4 + n / 10, AN) for n in range(150)]
    door, _ = run(READY, look(1, AN), FaultRaised(1.5, Fault.CAMERA), *held)
    _, did = run(door, FaultCleared(19, Fault.CAMERA), look(19.1, AN))
    assert signals(did) == [Signal.READY, Signal.ALREADY_RECORDED]


def test_a_foreign_code_glimpsed_before_a_fault_is_not_refused_long_after() -> None:
    door, _ = run(READY, look(1, URL), FaultRaised(1.1, Fault.DISK), Ticked(2))
    _, did = run(door, FaultCleared(5, Fault.DISK), Ticked(5.1), Ticked(6))
    assert signals(did) == [Signal.READY]
