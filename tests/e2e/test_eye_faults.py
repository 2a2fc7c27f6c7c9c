"""The eye is killed, hangs, or loses its camera: the door says so and comes back by itself."""

import os
import random
import signal
from pathlib import Path
from typing import Any

import pytest

from kiosk.eye.people import person
from kiosk.eye.supervisor import CAMERA_PAUSE_S
from provisioning.broker import Broker
from tests.e2e.door import Door, has_ended, mqtt
from tests.e2e.ward import Ward, is_out_of_order, is_ready

AN, BINH, CHI = (person(random.Random(seed)) for seed in (1, 2, 3))


def is_blind(ward: Ward, after: int) -> int:
    """Wait until the door says that its camera is lost; return how many statuses there were."""
    status = ward.wait_for_status(is_out_of_order, after=after)
    assert status.faults == ("camera",)
    return ward.statuses().index(status, after)


@pytest.mark.threat("hostile-picture")
def test_a_killed_eye_is_said_and_started_again(broker: Broker, ward: Ward, tmp_path: Path) -> None:
    with Door(tmp_path / "door", mqtt(broker.port)) as door:
        ward.wait_for_status(is_ready)
        door.passes(AN)
        before = door.eye_pid()
        known = len(ward.statuses())
        os.kill(before, signal.SIGKILL)
        # Held up while nobody sees it: it is decided as soon as the next eye does.
        door.show(BINH)
        door.next("eye restarted", why="ended with code -9")
        blind = is_blind(ward, known)
        event_id = door.next("scan", signal="accepted")["event_id"]
        assert door.eye_pid() != before
        back = ward.wait_for_status(is_ready, after=blind)
        assert back.eye is not None
        assert back.eye.restarts == 1
        ward.wait_for({event_id})


@pytest.mark.threat("hostile-picture")
def test_decodes_that_hang_are_killed_each_time_and_never_end_the_door(
    broker: Broker, ward: Ward, tmp_path: Path
) -> None:
    hang = tmp_path / "hang"
    # A second opinion is asked on a miss, in its turn: let every miss be its turn.
    eye: dict[str, Any] = {"decoders": ["zxing", "scripted"], "silent_s": 2}
    eye |= {"gate": False, "strategies": [], "extra_share": 100}
    sections = {"eye": eye, "eye.scripted": {"hang_while": hang}}
    with Door(tmp_path / "door", mqtt(broker.port) | sections) as door:
        ward.wait_for_status(is_ready)
        door.passes(AN)
        known = len(ward.statuses())
        hang.touch()
        door.show()
        for _ in range(6):
            hung = door.eye_pid()
            # A hang is no lost camera: the next one is started at once, as often as it takes.
            door.next("eye restarted", why="silent: killed", pause_s=0.0)
            assert has_ended(hung)
            door.next("eye up")
        is_blind(ward, known)
        hang.unlink()
        ward.wait_for({door.passes(BINH)})
        ward.wait_for_status(is_ready, after=len(ward.statuses()) - 1)
        assert door.process.poll() is None


def test_a_camera_that_stalls_for_a_while_comes_back(
    broker: Broker, ward: Ward, tmp_path: Path
) -> None:
    stall = tmp_path / "stall"
    sections = {"camera": {"stall_while": stall}}
    with Door(tmp_path / "door", mqtt(broker.port) | sections) as door:
        ward.wait_for_status(is_ready)
        known = len(ward.statuses())
        stall.touch()
        door.next("camera lost")
        door.next("eye restarted", why="camera lost")
        is_blind(ward, known)
        stall.unlink()
        ward.wait_for({door.passes(CHI)})
        assert door.process.poll() is None


@pytest.mark.timeout(240)
def test_six_lost_cameras_slow_the_restarts_and_do_not_end_the_door(
    broker: Broker, ward: Ward, tmp_path: Path
) -> None:
    stall = tmp_path / "stall"
    stall.touch()
    with Door(tmp_path / "door", mqtt(broker.port) | {"camera": {"stall_while": stall}}) as door:
        pauses_s = [door.next("eye restarted", why="camera lost")["pause_s"] for _ in range(5)]
        assert pauses_s == [1, 1, 1, 1, CAMERA_PAUSE_S]
        status = ward.wait_for_status(is_out_of_order)
        assert status.faults == ("camera",)
        door.next("eye restarted", why="camera lost")
        assert len(door.says("camera lost")) == 6
        assert door.process.poll() is None
        assert door.stop() == 0
