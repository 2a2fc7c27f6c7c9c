"""The watchdog: fed by proof of work, starved by a hang, never by a fault that the door shows."""

from itertools import pairwise

import pytest

from kiosk.app.health import COURIER_LIMIT_S, PLAYER_LIMIT_S
from kiosk.door.signal import Fault
from kiosk.eye.link import EyeGone
from kiosk.eye.supervisor import START_PATIENCE_S
from kiosk.outbox.memory import MemoryOutbox
from kiosk.outbox.memory import Settings as MemorySettings
from tests.parts.check_ins import SOURCE
from tests.scenario.doorway import WATCHDOG_S, Doorway

READY, FED = "READY=1", "WATCHDOG=1"


@pytest.fixture
def memory() -> MemoryOutbox:
    return MemoryOutbox(MemorySettings(), SOURCE)


def is_fed(doorway: Doorway) -> bool:
    """Tell whether the watchdog would let this kiosk live now."""
    return doorway.clock.monotonic_s() - doorway.notify.fed_s < WATCHDOG_S


def test_ready_is_said_once_after_a_proven_write_and_the_eye_s_first_word(
    memory: MemoryOutbox,
) -> None:
    doorway = Doorway(memory)
    doorway.heartbeats = False
    doorway.wait(5)
    assert doorway.notify.words == []
    doorway.heartbeats = True
    doorway.wait(60)
    assert doorway.notify.words[0] == READY
    assert doorway.notify.words.count(READY) == 1
    assert doorway.notify.words.count(FED) == pytest.approx(6, abs=1)
    assert "STATUS=ready" in doorway.notify.words


def test_a_door_without_an_eye_is_ready_when_it_says_so(memory: MemoryOutbox) -> None:
    doorway = Doorway(memory)
    doorway.heartbeats = False
    doorway.wait(START_PATIENCE_S + 1)
    assert Fault.CAMERA in doorway.kiosk.door.faults
    assert doorway.notify.words[0] == READY


def test_a_door_without_a_disk_is_ready_when_it_says_so(memory: MemoryOutbox) -> None:
    memory.fill()
    doorway = Doorway(memory).open()
    assert Fault.DISK in doorway.kiosk.door.faults
    assert doorway.notify.words[0] == READY


def test_no_fault_that_the_door_shows_starves_the_watchdog(memory: MemoryOutbox) -> None:
    doorway = Doorway(memory).open()
    memory.fill()
    doorway.heartbeats = False
    doorway.kiosk.take(EyeGone("the eye closed its connection"))
    doorway.uplink(connected=False, trouble="no connection")
    for _ in range(60):
        doorway.wait(60)
        assert is_fed(doorway)
    assert doorway.kiosk.door.faults == {Fault.CAMERA, Fault.DISK}
    assert "STATUS=out-of-order: camera, disk" in doorway.notify.words


def test_a_hung_courier_starves_it_and_one_that_turns_again_feeds_it(memory: MemoryOutbox) -> None:
    doorway = Doorway(memory).open()
    doorway.courier.hang()
    doorway.wait(COURIER_LIMIT_S - 1)
    assert is_fed(doorway)
    doorway.wait(WATCHDOG_S + 2)
    assert not is_fed(doorway)
    assert doorway.notify.words[-1] == "STATUS=hung: courier"
    doorway.courier.hang(hangs=False)
    doorway.wait(1)
    assert is_fed(doorway)
    assert "STATUS=ready" in doorway.notify.words[-2:]


def test_a_hung_player_starves_it(memory: MemoryOutbox) -> None:
    doorway = Doorway(memory).open()
    doorway.stage.hang()
    doorway.wait(PLAYER_LIMIT_S + WATCHDOG_S + 1)
    assert not is_fed(doorway)
    assert doorway.notify.words[-1] == "STATUS=hung: player"


def test_a_main_loop_that_hangs_feeds_nothing(memory: MemoryOutbox) -> None:
    doorway = Doorway(memory).open()
    doorway.clock.advance(WATCHDOG_S + 1)
    assert not is_fed(doorway)


def test_a_silent_eye_is_shown_before_it_could_starve_anything(memory: MemoryOutbox) -> None:
    doorway = Doorway(memory).open()
    doorway.heartbeats = False
    for _ in range(120):
        doorway.wait(1)
        assert is_fed(doorway)
    assert Fault.CAMERA in doorway.kiosk.door.faults


def test_it_is_fed_twice_in_its_time(memory: MemoryOutbox) -> None:
    doorway = Doorway(memory).open()
    doorway.wait(200)
    fed = [at_s for at_s, words in doorway.notify.told if words == FED]
    gaps = [b - a for a, b in pairwise(fed)]
    assert max(gaps) < WATCHDOG_S / 2 + 0.5
    assert min(gaps) > WATCHDOG_S / 2 - 0.5
