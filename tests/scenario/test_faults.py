"""The eye loses its camera, falls silent, dies; alone and together with a full disk."""

import random
from dataclasses import dataclass, field

import pytest

from kiosk.door.cues import Show
from kiosk.door.machine import Phase
from kiosk.door.signal import FAULT_BLINKS, Fault, Signal
from kiosk.errors import EXIT_SETTINGS, SettingsError
from kiosk.eye.link import EyeGone
from kiosk.eye.people import person
from kiosk.eye.supervisor import CAMERA_PAUSE_S, EXIT_CAMERA_LOST, START_PATIENCE_S, Supervisor
from kiosk.outbox.memory import MemoryOutbox
from kiosk.outbox.memory import Settings as MemorySettings
from tests.parts.check_ins import SOURCE
from tests.scenario.doorway import SILENT_S, Doorway

AN = person(random.Random(1))
CAMERA = Show(Signal.OUT_OF_ORDER, Fault.CAMERA)
DISK = Show(Signal.OUT_OF_ORDER, Fault.DISK)
READY = Show(Signal.READY)


@pytest.fixture
def memory() -> MemoryOutbox:
    return MemoryOutbox(MemorySettings(), SOURCE)


@dataclass(slots=True)
class ScriptedChild:
    """An eye's process that ends when the test says so."""

    pid: int
    code: int | None = None
    killed: bool = False

    def poll(self) -> int | None:
        return self.code

    def kill(self) -> None:
        self.killed = True
        self.code = -9

    def wait(self, timeout: float | None = None) -> int:
        assert timeout is not None, "a process stuck in the kernel would stop the door"
        assert self.code is not None
        return self.code


@dataclass(slots=True)
class Nursery:
    """Starts scripted children."""

    children: list[ScriptedChild] = field(default_factory=list)

    def start(self) -> ScriptedChild:
        self.children.append(ScriptedChild(len(self.children) + 1))
        return self.children[-1]

    @property
    def last(self) -> ScriptedChild:
        return self.children[-1]


def test_a_lost_camera_is_shown_and_the_next_good_heartbeat_ends_it(memory: MemoryOutbox) -> None:
    doorway = Doorway(memory).open()
    doorway.beat(camera_ok=False)
    assert doorway.trace == [CAMERA]
    assert FAULT_BLINKS[Fault.CAMERA] == 2
    doorway.hold(AN, for_s=0.5)
    assert doorway.greens == 0
    doorway.beat()
    doorway.hold(AN)
    assert doorway.signals == [Signal.OUT_OF_ORDER, Signal.READY, Signal.ACCEPTED]


def test_a_lost_connection_is_a_lost_camera(memory: MemoryOutbox) -> None:
    doorway = Doorway(memory).open()
    doorway.kiosk.take(EyeGone("the eye closed its connection"))
    doorway.kiosk.turn()
    assert doorway.trace == [CAMERA]
    doorway.wait(2)
    assert doorway.trace == [CAMERA, READY]


def test_a_silent_eye_is_out_of_order_until_it_speaks(memory: MemoryOutbox) -> None:
    doorway = Doorway(memory).open()
    doorway.heartbeats = False
    doorway.wait(SILENT_S - 1)
    assert doorway.trace == []
    doorway.wait(2)
    assert doorway.trace == [CAMERA]
    doorway.wait(60)
    assert doorway.trace == [CAMERA]
    doorway.heartbeats = True
    doorway.wait(1.5)
    assert doorway.trace == [CAMERA, READY]


def test_both_faults_are_said_one_after_the_other(memory: MemoryOutbox) -> None:
    doorway = Doorway(memory).open()
    doorway.heartbeats = False
    memory.fill()
    doorway.wait(31)
    assert doorway.kiosk.door.faults == {Fault.CAMERA, Fault.DISK}
    assert doorway.shows[-1] == CAMERA
    assert doorway.status.faults == (Fault.CAMERA, Fault.DISK)
    doorway.beat()
    assert doorway.shows[-1] == DISK
    memory.fill(full=False)
    doorway.heartbeats = True
    doorway.wait(2)
    assert doorway.shows[-1] == READY
    doorway.hold(AN)
    assert doorway.greens == 1


def test_a_silent_child_is_killed_and_another_one_started(memory: MemoryOutbox) -> None:
    nursery = Nursery()
    doorway = Doorway(memory, supervisor=Supervisor(nursery.start, silent_s=SILENT_S)).open()
    doorway.heartbeats = False
    doorway.wait(SILENT_S + 1)
    assert [child.killed for child in nursery.children] == [True, False]
    assert doorway.shows[-1] == CAMERA
    # The new one has longer for its first word, because starting takes its time.
    doorway.wait(SILENT_S + 1)
    assert len(nursery.children) == 2
    doorway.heartbeats = True
    doorway.wait(2)
    assert doorway.kiosk.door.phase is Phase.READY
    assert doorway.status.eye is not None
    assert doorway.status.eye.restarts == 1


def test_a_child_that_never_says_a_word_is_killed_too(memory: MemoryOutbox) -> None:
    nursery = Nursery()
    doorway = Doorway(memory, supervisor=Supervisor(nursery.start, silent_s=SILENT_S))
    doorway.heartbeats = False
    doorway.wait(3 * START_PATIENCE_S + 2)
    assert [child.killed for child in nursery.children] == [True, True, True, False]
    assert doorway.kiosk.door.phase is Phase.OUT_OF_ORDER


def test_a_camera_that_stays_lost_slows_the_restarts_and_never_ends_the_door(
    memory: MemoryOutbox,
) -> None:
    nursery = Nursery()
    doorway = Doorway(memory, supervisor=Supervisor(nursery.start, silent_s=SILENT_S)).open()
    doorway.heartbeats = False
    for _ in range(3000):
        nursery.last.code = EXIT_CAMERA_LOST
        doorway.wait(0.1)
    # Five minutes hold at most five starts for each window of a minute and each long pause in it.
    assert 10 <= len(nursery.children) <= 5 * 300 / CAMERA_PAUSE_S
    assert nursery.last.killed is False
    assert doorway.shows[-1] == CAMERA
    nursery.last.code = None
    doorway.heartbeats = True
    doorway.wait(CAMERA_PAUSE_S + 2)
    doorway.hold(AN)
    assert doorway.greens == 1


def test_an_eye_that_cannot_use_its_settings_ends_the_door_with_that_reason(
    memory: MemoryOutbox,
) -> None:
    nursery = Nursery()
    doorway = Doorway(memory, supervisor=Supervisor(nursery.start, silent_s=SILENT_S)).open()
    nursery.last.code = EXIT_SETTINGS
    with pytest.raises(SettingsError):
        doorway.kiosk.turn()


def test_an_eye_that_never_comes_is_a_fault_once_it_had_time_to_start(
    memory: MemoryOutbox,
) -> None:
    door = Doorway(memory)
    door.heartbeats = False
    phases = []
    for wait_s in (START_PATIENCE_S - 1, 2):
        door.wait(wait_s)
        phases.append(door.kiosk.door.phase)
    assert phases == [Phase.STARTING, Phase.OUT_OF_ORDER]
    assert door.trace[-1] == CAMERA
