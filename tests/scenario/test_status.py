"""The status says what the door is in, what is wrong, and how much waits to be delivered."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from kiosk import __version__
from kiosk.app.sections import Courier as CourierSection
from kiosk.app.status import OFFLINE, Status
from kiosk.app.status_file import StatusCopy, StatusFile
from kiosk.app.telling import STATUS_AT_MOST_EVERY_S, STATUS_EVERY_S
from kiosk.door.machine import Phase
from kiosk.door.signal import Fault
from kiosk.eye.people import person
from kiosk.outbox import Depth
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


def test_a_longer_interval_is_kept_and_a_change_in_kind_is_said_at_once(
    memory: MemoryOutbox,
) -> None:
    doorway = Doorway(memory, status_interval_s=300).open()
    doorway.wait(10)
    before = len(doorway.courier.statuses)
    # Told last when the eye had been heard twice.
    doorway.wait(285)
    assert len(doorway.courier.statuses) == before
    doorway.wait(10)
    assert len(doorway.courier.statuses) == before + 1
    doorway.wait(100)
    doorway.beat(camera_ok=False)
    doorway.wait(STATUS_AT_MOST_EVERY_S)
    assert doorway.status.faults == (Fault.CAMERA,)
    # The interval begins anew with what was said.
    said = len(doorway.courier.statuses)
    doorway.heartbeats = False
    doorway.wait(299)
    assert len(doorway.courier.statuses) == said


@pytest.mark.parametrize("interval_s", [10.0, 15.0, 47.0])
def test_an_interval_is_never_exceeded(memory: MemoryOutbox, interval_s: float) -> None:
    doorway = Doorway(memory, status_interval_s=interval_s).open()
    doorway.wait(10)
    before = len(doorway.courier.statuses)
    doorway.wait(10 * interval_s + 2)
    assert len(doorway.courier.statuses) - before >= 10


class Troubled(MemoryOutbox):
    """A queue of which something is to be told."""

    trouble: str | None = None

    def depth(self) -> Depth:
        return replace(super().depth(), trouble=self.trouble)


def test_damage_of_the_outbox_does_not_wait_for_a_long_interval() -> None:
    outbox = Troubled(MemorySettings(), SOURCE)
    doorway = Doorway(outbox, status_interval_s=3600).open()
    doorway.wait(20)
    before = len(doorway.courier.statuses)
    outbox.trouble = "a damaged file was set aside"
    doorway.wait(STATUS_EVERY_S + 1)
    assert len(doorway.courier.statuses) == before + 1
    assert doorway.status.outbox is not None
    assert doorway.status.outbox.trouble == outbox.trouble


def test_whoever_stands_at_the_kiosk_hears_it_every_ten_seconds(
    memory: MemoryOutbox, tmp_path: Path
) -> None:
    copy = tmp_path / "status.json"
    doorway = Doorway(memory, status_interval_s=3600, status_file=StatusFile(copy)).open()
    for _ in range(5):
        doorway.wait(STATUS_EVERY_S + 1)
        said = StatusCopy.model_validate_json(copy.read_text("utf-8")).status
        age_s = doorway.clock.monotonic_s() - (said.clock.mono_ns if said.clock else 0) / 1e9
        assert age_s <= STATUS_EVERY_S + 1
    assert len(doorway.courier.statuses) < 5


def test_the_setting_is_what_it_was_unless_somebody_says_otherwise() -> None:
    assert CourierSection().status_interval_s == STATUS_EVERY_S
    for wrong in (9.9, 3601):
        with pytest.raises(ValidationError):
            CourierSection(status_interval_s=wrong)


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
