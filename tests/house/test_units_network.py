"""The units of the network program: known keys only, hardened, and in step with its code."""

import re
import subprocess
from pathlib import Path

import pytest

from kiosk.network import __main__ as program
from kiosk.network.client import PATIENCE_S
from kiosk.network.keyfile import FOLDER
from kiosk.network.wire import SOCKET
from tests.house.test_units import run, tool
from tests.parts.units import NETWORK, UNITS, settings_of

PYTHON = "/opt/door-kiosk/current/venv/bin/python"
SERVICE = "kiosk-network@.service"
MOST_EXPOSURE = 8
"""In tenths; systemd 252 says 7: see `tests/house/test_units.py`."""


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """Copy the units, with a program in them that every machine has."""
    for name in NETWORK:
        text = (UNITS / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text.replace(PYTHON, "/bin/true"), encoding="utf-8")
    return tmp_path


def verified(units: Path) -> subprocess.CompletedProcess[str]:
    return run(tool("systemd-analyze"), "verify", *(f"./{name}" for name in NETWORK), folder=units)


def test_verify_has_nothing_to_say(units: Path) -> None:
    done = verified(units)
    assert (done.stdout + done.stderr, done.returncode) == ("", 0)


def test_verify_would_tell_a_mistake(units: Path) -> None:
    service = units / SERVICE
    service.write_text(f"{service.read_text(encoding='utf-8')}PrivateNetwrok=yes\n", "utf-8")
    assert "PrivateNetwrok" in verified(units).stderr


def test_exposure_stays_low(units: Path) -> None:
    command = (tool("systemd-analyze"), "security", "--offline=true", "--no-pager")
    done = run(*command, f"--threshold={MOST_EXPOSURE}", f"./{SERVICE}", folder=units)
    assert done.returncode == 0, done.stdout.splitlines()[-1:]
    assert run(*command, "--threshold=1", f"./{SERVICE}", folder=units).returncode == 1


def test_only_the_doors_group_may_ask() -> None:
    socket, kiosk = settings_of("kiosk-network.socket"), settings_of("kiosk.service")
    assert socket["ListenStream"] == [SOCKET]
    assert (socket["SocketGroup"], socket["SocketMode"]) == (["kiosk"], ["0660"])
    assert "kiosk" in kiosk["SupplementaryGroups"]
    assert "kiosk-network.socket" in kiosk["Wants"]


def test_requests_come_one_after_the_other() -> None:
    """They write the same file, under the same unfinished name."""
    socket = settings_of("kiosk-network.socket")
    assert (socket["Accept"], socket["MaxConnections"]) == (["yes"], ["1"])


def test_what_reads_a_request_is_in_the_sandbox_and_what_is_not_reads_none() -> None:
    lines = (UNITS / SERVICE).read_text(encoding="utf-8").splitlines()
    steps = [line.partition("=")[2] for line in lines if line.startswith("ExecStart=")]
    assert steps == [f"{PYTHON} -I -m kiosk.network", f"+{PYTHON} -I -m kiosk.network up"]
    assert settings_of(SERVICE)["Type"] == ["oneshot"]


def test_the_sandbox_holds_one_folder_to_write_to() -> None:
    service = settings_of(SERVICE)
    assert service["BindPaths"] == [f"-{FOLDER}"]
    assert service["ReadWritePaths"] == [f"-+{FOLDER}"]
    assert service["RestrictAddressFamilies"] == ["none"]
    assert "-+/run/dbus" in service["InaccessiblePaths"]


def test_the_folder_that_the_sandbox_begins_with_is_made() -> None:
    root = settings_of(SERVICE)["RootDirectory"][0]
    tmpfiles = (UNITS / "kiosk.tmpfiles").read_text(encoding="utf-8")
    assert re.search(rf"^d {root} +0755 root root ", tmpfiles, re.MULTILINE)


def test_each_waits_longer_than_what_it_waits_for() -> None:
    stop_s = int(settings_of(SERVICE)["TimeoutStartSec"][0])
    assert program.LISTEN_S + program.UP_S + program.LISTEN_S < PATIENCE_S < stop_s
