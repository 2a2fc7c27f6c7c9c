"""The code that onboarded a kiosk is still held up as its door starts: nobody's card is refused."""

import random

import pytest

from kiosk.app.onboarding_loop import Trust
from kiosk.door.event import CheckInEvent
from kiosk.door.rules import Reason
from kiosk.door.signal import Signal
from kiosk.eye.people import person
from kiosk.onboarding.shown import AWAY_S
from kiosk.outbox.memory import MemoryOutbox
from kiosk.outbox.memory import Settings as MemorySettings
from tests.parts.check_ins import SOURCE
from tests.parts.onboarding_codes import ISSUED_S, onboarding_code, trusting_onboarders
from tests.scenario.doorway import FRAME_S, Doorway

CODE = onboarding_code()
OTHER = onboarding_code(site="hk-043")
URL = "https://example.vn/menu"
AN = person(random.Random(1))


@pytest.fixture
def starting() -> Doorway:
    """Return a door whose eye has not spoken yet."""
    doorway = Doorway(MemoryOutbox(MemorySettings(), SOURCE))
    doorway.heartbeats = False
    doorway.wait(30)
    doorway.heartbeats = True
    return doorway


def test_a_code_held_up_through_the_start_is_passed_over(starting: Doorway) -> None:
    starting.hold(CODE, for_s=40)
    # Out of order was the door while its eye was silent.
    assert starting.signals == [Signal.OUT_OF_ORDER, Signal.READY]
    assert starting.committed == []


def test_it_stays_answered_while_a_hand_loses_it_for_seconds(starting: Doorway) -> None:
    for _ in range(4):
        starting.hold(CODE, for_s=2)
        starting.wait(AWAY_S - 2 * FRAME_S)
    assert starting.committed == []


def test_a_code_that_the_eye_finds_seconds_after_its_first_picture_was_there(
    starting: Doorway,
) -> None:
    starting.wait(AWAY_S - 2 * FRAME_S)
    starting.hold(CODE, for_s=2)
    assert starting.committed == []


def test_a_residents_card_beside_it_and_after_it_passes(starting: Doorway) -> None:
    starting.hold(CODE, for_s=2)
    starting.hold(CODE, AN, for_s=1)
    assert starting.greens == 1
    assert [CheckInEvent.model_validate_json(e.body).data.reason for e in starting.committed] == [
        Reason.OK
    ]


def test_one_that_nobody_reads_is_no_reason_to_ask_for_a_still_hand(starting: Doorway) -> None:
    for _ in range(10):
        starting.hold(CODE)
        starting.hold(None)
    assert Signal.HOLD_STILL not in starting.signals


@pytest.mark.parametrize("code", [CODE, OTHER], ids=["the same", "another"])
def test_a_code_shown_later_is_refused_and_recorded(starting: Doorway, code: bytes) -> None:
    starting.hold(CODE, for_s=2)
    starting.wait(AWAY_S + 1)
    starting.hold(code, for_s=1)
    assert starting.signals[-1] is Signal.NOT_A_CARD
    assert len(starting.committed) == 1


def test_a_code_that_comes_to_an_empty_door_is_refused(starting: Doorway) -> None:
    starting.wait(AWAY_S + 1)
    starting.hold(CODE, for_s=1)
    assert starting.signals[-1] is Signal.NOT_A_CARD


def test_another_foreign_code_at_the_start_is_refused_as_ever(starting: Doorway) -> None:
    starting.hold(URL, for_s=2)
    assert starting.signals[-1] is Signal.NOT_A_CARD


def test_the_code_of_these_tests_is_one_that_onboards() -> None:
    said = Trust(trusting_onboarders(), ISSUED_S - 1).read(CODE)
    assert getattr(said, "site", None) == "hk-042"
