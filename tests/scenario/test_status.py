"""The status says what the door is in, what is wrong, and how much waits to be delivered."""

import random

import pytest

from kiosk import __version__
from kiosk.app.status import OFFLINE, Status
from kiosk.app.telling import STATUS_AT_MOST_EVERY_S, STATUS_EVERY_S
from kiosk.door.machine import Phase
from kiosk.door.signal import Fault
from kiosk.eye.people import person
from kiosk.outbox.memory import MemoryOutbox
from kiosk.outbox.memory import Settings as MemorySettings
from tests.parts.check_ins import SOURCE
from tests.scenario.doorway import Doorway


def trouble(doorway: Doorway) -> str | None:
    said = doorway.status.delivery
    assert said is not None
    return said.trouble


@pytest.fixture
def memory() -> MemoryOutbox:
    return MemoryOutbox(MemorySettings(), SOURCE)


def test_a_starting_door_says_so_before_the_eye_is_up(memory: MemoryOutbox) -> None:
    doorway = Doorway(memory)
    doorway.heartbeats = False
    doorway.wait(0.1)
    assert (doorway.status.online, doorway.status.phase) == (True, Phase.STARTING)
    assert (doorway.status.eye, doorway.status.firmware) == (None, __version__)


def test_phase_faults_and_queue_are_said(memory: MemoryOutbox) -> None:
    doorway = Doorway(memory).open()
    for seed in range(3):
        doorway.hold(person(random.Random(seed)))
    memory.mark_sent([1])
    doorway.wait(STATUS_EVERY_S + 1)
    said = doorway.status
    assert (said.phase, said.faults) == (Phase.READY, ())
    assert said.outbox is not None
    assert (said.outbox.rows, said.outbox.unsent) == (3, 2)
    assert said.eye is not None
    assert said.eye.camera_ok


def test_a_change_in_kind_is_said_soon_and_nothing_else_often(memory: MemoryOutbox) -> None:
    doorway = Doorway(memory).open()
    doorway.wait(STATUS_EVERY_S)
    quiet = len(doorway.courier.statuses)
    doorway.wait(STATUS_EVERY_S - 1)
    assert len(doorway.courier.statuses) - quiet <= 1
    memory.fill()
    doorway.hold(person(random.Random(1)))
    doorway.wait(STATUS_AT_MOST_EVERY_S)
    assert doorway.status.phase is Phase.OUT_OF_ORDER
    assert doorway.status.faults == (Fault.DISK,)


def test_a_door_that_changes_all_the_time_says_so_twice_a_second_at_most(
    memory: MemoryOutbox,
) -> None:
    doorway = Doorway(memory).open()
    before = len(doorway.courier.statuses)
    for turn in range(100):
        doorway.beat(camera_ok=turn % 2 == 0)
        doorway.clock.advance(0.1)
    assert len(doorway.courier.statuses) - before <= 10 / STATUS_AT_MOST_EVERY_S + 1


def test_trouble_with_delivery_is_said_and_ends(memory: MemoryOutbox) -> None:
    doorway = Doorway(memory).open()
    doorway.uplink(connected=False, trouble="no connection to 127.0.0.1:1")
    doorway.wait(1)
    assert trouble(doorway) == "no connection to 127.0.0.1:1"
    doorway.uplink(connected=False)
    doorway.wait(1)
    assert trouble(doorway) == "not connected"
    doorway.uplink(connected=True)
    doorway.wait(1)
    assert trouble(doorway) is None


def test_codes_of_the_room_are_counted(memory: MemoryOutbox) -> None:
    doorway = Doorway(memory).open()
    doorway.hold("https://thucdon.example.vn/ban-12", for_s=62)
    assert doorway.status.background_codes == 1


def test_the_last_will_contradicts_every_status(memory: MemoryOutbox) -> None:
    doorway = Doorway(memory).open()
    assert doorway.status.online is True
    assert Status.model_validate_json(OFFLINE).online is False
