"""The eye is started, watched, buried and started again."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.eye.supervisor import (
    CAMERA_FAILURES,
    CAMERA_PAUSE_S,
    CAMERA_WINDOW_S,
    EXIT_CAMERA_LOST,
    RESTART_PAUSE_S,
    START_PATIENCE_S,
    Restarted,
    Supervisor,
    spawner,
)

SILENT_S = 5.0
TICK_S = 0.5


class Child:
    """A process that lives until somebody says otherwise."""

    def __init__(self, pid: int, *, stuck: bool = False) -> None:
        self.pid = pid
        self.code: int | None = None
        self.killed = False
        self._stuck = stuck

    def poll(self) -> int | None:
        return self.code

    def kill(self) -> None:
        self.killed = True
        if not self._stuck:
            self.code = -9

    def wait(self, timeout: float | None = None) -> int:
        if self.code is None:
            raise subprocess.TimeoutExpired("eye", timeout or 0.0)
        return self.code


class Room:
    """A supervisor and every eye that it started."""

    def __init__(self, *, stuck: bool = False) -> None:
        self.children: list[Child] = []
        self._stuck = stuck
        self.supervisor = Supervisor(self._start, silent_s=SILENT_S)

    def _start(self) -> Child:
        self.children.append(Child(100 + len(self.children), stuck=self._stuck))
        return self.children[-1]

    def tick(self, at_s: float) -> Restarted | None:
        return self.supervisor.tick(at_s)


@pytest.fixture
def room() -> Room:
    room = Room()
    assert room.tick(0) is None
    return room


def test_the_first_tick_starts_the_eye(room: Room) -> None:
    assert [c.pid for c in room.children] == [100]
    assert room.supervisor.pid == 100
    assert room.supervisor.restarts == 0


@pytest.mark.parametrize(("at_s", "killed"), [(SILENT_S, False), (19.9, False), (20.0, True)])
def test_before_its_first_word_an_eye_may_take_longer(
    room: Room, at_s: float, *, killed: bool
) -> None:
    assert START_PATIENCE_S == 20
    room.tick(at_s)
    assert room.children[0].killed is killed


@pytest.mark.parametrize(("silence_s", "killed"), [(4.9, False), (5.0, True)])
def test_an_eye_that_falls_silent_is_killed_and_started_again_at_once(
    room: Room, silence_s: float, *, killed: bool
) -> None:
    room.supervisor.heard(1.0)
    restarted = room.tick(1.0 + silence_s)
    assert room.children[0].killed is killed
    if killed:
        assert restarted == Restarted("silent: killed", 0.0)
        room.tick(1.0 + silence_s)
        assert [c.pid for c in room.children] == [100, 101]
        assert room.supervisor.restarts == 1
    else:
        assert restarted is None


def test_an_eye_that_speaks_is_left_alone(room: Room) -> None:
    for at_s in range(1, 3600):
        room.supervisor.heard(at_s)
        assert room.tick(at_s + 0.1) is None
    assert len(room.children) == 1


def test_a_new_eye_gets_the_long_patience_again(room: Room) -> None:
    room.supervisor.heard(1.0)
    room.tick(10.0)
    room.tick(10.0)
    room.tick(29.9)
    assert not room.children[1].killed
    room.tick(30.0)
    assert room.children[1].killed


@pytest.mark.parametrize("code", [0, 1, -11, 137])
def test_an_eye_that_ended_is_started_again_after_a_pause(room: Room, code: int) -> None:
    room.children[0].code = code
    restarted = room.tick(10.0)
    assert restarted == Restarted(f"ended with code {code}", RESTART_PAUSE_S, code)
    assert not room.children[0].killed
    room.tick(10.0 + RESTART_PAUSE_S - 0.1)
    assert len(room.children) == 1
    room.tick(10.0 + RESTART_PAUSE_S)
    assert len(room.children) == 2


def lose_camera(room: Room, at_s: float) -> Restarted:
    """Let the running eye end because of its camera; what the supervisor says."""
    room.children[-1].code = EXIT_CAMERA_LOST
    restarted = room.tick(at_s)
    assert restarted is not None
    room.tick(at_s + restarted.pause_s)
    return restarted


def test_a_lost_camera_is_tried_again_soon_and_after_five_failures_later(room: Room) -> None:
    lost = [lose_camera(room, 10.0 + 2 * n) for n in range(CAMERA_FAILURES)]
    assert {(r.why, r.code) for r in lost} == {("camera lost", EXIT_CAMERA_LOST)}
    assert [r.pause_s for r in lost] == [RESTART_PAUSE_S] * 4 + [CAMERA_PAUSE_S]
    assert len(room.children) == 1 + CAMERA_FAILURES


def test_a_camera_lost_now_and_then_is_always_tried_again_soon(room: Room) -> None:
    lost = [lose_camera(room, 100.0 * n) for n in range(1, 20)]
    assert {r.pause_s for r in lost} == {RESTART_PAUSE_S}


def test_hangs_never_count_as_camera_failures(room: Room) -> None:
    for n in range(1, 11):
        room.supervisor.heard(2.0 * n)
        room.tick(2.0 * n + SILENT_S)
        room.tick(2.0 * n + SILENT_S)
    assert room.supervisor.restarts == 10
    assert lose_camera(room, 40.0).pause_s == RESTART_PAUSE_S


@given(st.lists(st.floats(0, 30), min_size=1, max_size=60))
def test_a_camera_is_never_tried_more_than_so_often_a_minute(lives_s: list[float]) -> None:
    room = Room()
    room.tick(0)
    at_s, lost_s = 0.0, []
    for life_s in lives_s:
        at_s += life_s
        lost_s.append(at_s)
        at_s += lose_camera(room, at_s).pause_s
    # Five failures, then a pause of half a minute: two such bursts in any minute at most.
    for n, first_s in enumerate(lost_s):
        within = [s for s in lost_s[n:] if s - first_s < CAMERA_WINDOW_S]
        assert len(within) <= 2 * CAMERA_FAILURES


def test_closing_ends_the_eye(room: Room) -> None:
    room.supervisor.close()
    assert room.children[0].killed
    assert room.supervisor.pid is None
    room.supervisor.close()


def test_an_eye_stuck_in_the_kernel_does_not_stop_the_door() -> None:
    room = Room(stuck=True)
    room.tick(0)
    assert room.tick(START_PATIENCE_S) == Restarted("silent: killed", 0.0)
    room.tick(START_PATIENCE_S)
    assert len(room.children) == 2


PROGRAM = """
import json, os, sys
told = {"input": sys.stdin.read(), "environ": dict(os.environ)}
json.dump(told, open(sys.argv[1], "w"))
sys.exit(69)
"""


def test_a_started_eye_gets_no_input_and_no_environment_but_the_one_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIOSK_IDENTITY__SITE_KEY", "ab" * 32)
    told = tmp_path / "told.json"
    environ = {"PATH": "/usr/bin", "LC_CTYPE": "C.UTF-8"}
    child = spawner([sys.executable, "-c", PROGRAM, str(told)], environ)()
    assert child.wait(30.0) == EXIT_CAMERA_LOST
    assert json.loads(told.read_text()) == {"input": "", "environ": environ}


def test_a_real_eye_that_hangs_is_killed_and_reaped() -> None:
    hanging = [sys.executable, "-c", "import threading; threading.Event().wait()"]
    supervisor = Supervisor(spawner(hanging, {}), silent_s=SILENT_S)
    supervisor.tick(0)
    folder = Path(f"/proc/{supervisor.pid}")
    assert folder.exists()
    assert supervisor.tick(START_PATIENCE_S) == Restarted("silent: killed", 0.0)
    assert not folder.exists()
