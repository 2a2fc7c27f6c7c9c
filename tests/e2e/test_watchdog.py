"""The service manager's view: ready when it is true, fed while work is done, never otherwise."""

import random
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from kiosk.eye.people import person
from kiosk.eye.supervisor import EXIT_CAMERA_LOST
from tests.e2e.door import PATIENCE_S, Door, Sections
from tests.e2e.test_two_processes import eye_of
from tests.parts.service_manager import ServiceManager

AN = person(random.Random(1))
READY, FED, STOPPING = "READY=1", "WATCHDOG=1", "STOPPING=1"
STDOUT: Sections = {"uplink": {"kind": "stdout"}}
WATCHDOG_S = 1.0
SILENT_S = 4 * WATCHDOG_S
"""Nothing for so long is a hang: a heartbeat comes every second, and the kiosk's word twice."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose name is short enough for sockets."""
    with TemporaryDirectory(prefix="watchdog-") as name:
        yield Path(name)


@pytest.fixture
def manager(folder: Path) -> Iterator[ServiceManager]:
    with ServiceManager(folder / "notify", WATCHDOG_S) as listening:
        yield listening


def fed_again(manager: ServiceManager, times: int = 3) -> None:
    """Wait until the watchdog was fed so often from now on."""
    manager.wait_for(FED, times=manager.words.count(FED) + times)


def test_a_door_is_ready_when_eye_and_disk_are_and_says_when_it_stops(
    manager: ServiceManager, tmp_path: Path
) -> None:
    with Door(tmp_path / "door", STDOUT, manager.environ) as door:
        manager.wait_for(READY)
        # Said before: but what reads the log is a thread of its own.
        door.next("eye up")
        door.passes(AN)
        fed_again(manager)
        assert STOPPING not in manager.words
        assert door.stop() == 0
    manager.wait_for(STOPPING)
    assert manager.words.index(READY) < manager.words.index(FED)
    assert manager.words.count(READY) == 1


def test_the_eye_of_a_door_speaks_to_no_manager(manager: ServiceManager, tmp_path: Path) -> None:
    """Its parent speaks for it: only the main process is heard."""
    with Door(tmp_path / "door", STDOUT, manager.environ) as door:
        manager.wait_for(READY)
        given = Path(f"/proc/{door.eye_pid()}/environ").read_bytes()
        assert b"NOTIFY_SOCKET" not in given
        assert b"WATCHDOG" not in given


def test_a_full_disk_an_unplugged_camera_and_no_broker_feed_the_watchdog(
    manager: ServiceManager, tmp_path: Path
) -> None:
    full, stall = tmp_path / "full", tmp_path / "stall"
    full.touch()
    stall.touch()
    sections: Sections = {
        # Port 1 of this machine: nobody is there.
        "uplink": {"kind": "mqtt", "host": "127.0.0.1", "port": 1, "tls": False},
        "camera": {"stall_while": stall},
    }
    outbox = {"outbox": {"kind": "memory", "path": None, "full_while": full}}
    with Door(tmp_path / "door", sections | outbox, manager.environ) as door:
        manager.wait_for("STATUS=out-of-order: camera, disk")
        manager.wait_for(READY)
        fed_again(manager, times=5)
        full.unlink()
        stall.unlink()
        manager.wait_for("STATUS=ready")
        fed_again(manager)
        assert door.process.poll() is None


def test_a_stopped_process_is_not_fed_and_one_that_goes_on_is(
    manager: ServiceManager, tmp_path: Path
) -> None:
    with Door(tmp_path / "door", STDOUT, manager.environ) as door:
        manager.wait_for(READY)
        door.send(signal.SIGSTOP)
        assert manager.is_silent(FED, SILENT_S)
        door.send(signal.SIGCONT)
        fed_again(manager)


def eye_alone(folder: Path, **sections: dict[str, Any]) -> Sections:
    return {**STDOUT, **sections, "eye": {"socket": f"{folder}/eye.sock", **sections["eye"]}}


def test_an_eye_alone_is_fed_by_its_heartbeats_and_a_hung_decoder_starves_it(
    manager: ServiceManager, folder: Path, tmp_path: Path
) -> None:
    hang = tmp_path / "hang"
    # A second opinion is asked on a miss, in its turn: let every miss be its turn.
    eye: dict[str, Any] = {"decoders": ["zxing", "scripted"], "gate": False}
    eye |= {"strategies": [], "extra_share": 100}
    sections = eye_alone(folder, eye=eye, **{"eye.scripted": {"hang_while": hang}})
    with Door(tmp_path / "door", sections) as door, eye_of(door, manager.environ):
        manager.wait_for(READY)
        fed_again(manager)
        hang.touch()
        assert manager.is_silent(FED, SILENT_S)
        hang.unlink()
        fed_again(manager)


def test_an_eye_that_loses_its_camera_says_so_and_ends_with_a_code_of_its_own(
    manager: ServiceManager, folder: Path, tmp_path: Path
) -> None:
    stall = tmp_path / "stall"
    sections = eye_alone(folder, eye={}, camera={"stall_while": stall})
    with Door(tmp_path / "door", sections) as door, eye_of(door, manager.environ) as eye:
        manager.wait_for(READY)
        stall.touch()
        assert ends(eye) == EXIT_CAMERA_LOST
        manager.wait_for(STOPPING)


def test_an_eye_waits_a_moment_for_a_kiosk_that_starts_after_it(
    manager: ServiceManager, folder: Path, tmp_path: Path
) -> None:
    door = Door(tmp_path / "door", eye_alone(folder, eye={}))
    with eye_of(door, manager.environ) as eye, door:
        manager.wait_for(READY)
        assert eye.poll() is None
        door.passes(AN)


def ends(process: subprocess.Popen[bytes]) -> int:
    return process.wait(PATIENCE_S)
