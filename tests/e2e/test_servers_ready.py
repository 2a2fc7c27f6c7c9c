"""Both servers, as somebody starts them, tell the service manager that they are ready and live."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from provisioning.broker import end, free_port
from provisioning.fleet.names import Role
from tests.parts.broker import program
from tests.parts.fleets import PHRASE, Fleet, FleetBroker
from tests.parts.ledger_worker import settings_of
from tests.parts.service_manager import ServiceManager
from tests.parts.serving import COMMAND, ENVIRON


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a socket's name is short enough, however deep a test's folder is."""
    monkeypatch.chdir(tmp_path)
    return Path("notify")


@contextmanager
def started(manager: ServiceManager, *command: str) -> Iterator[None]:
    """Run a program as a service manager does, to its end in order."""
    process = subprocess.Popen(
        command,
        env={**ENVIRON, **manager.environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        end(process)


def test_the_enrolment_server_is_ready_when_it_listens(place: Path, tmp_path: Path) -> None:
    fleet = Fleet(tmp_path / "fleet")
    (tmp_path / "phrase").write_text(PHRASE, encoding="utf-8")
    port = free_port()
    words = ("serve", "--folder", "fleet", "--passphrase-file", "phrase", "--port", str(port))
    with ServiceManager(place) as manager, started(manager, *COMMAND, *words):
        manager.wait_for("READY=1")
        (status,) = {word for word in manager.words if word.startswith("STATUS=")}
        assert status == f"STATUS=enrolment server for 127.0.0.1: https://127.0.0.1:{port}"
        assert fleet.path.joinpath("serve.pem").exists()


def test_a_worker_is_ready_when_the_broker_has_let_it_in(place: Path, tmp_path: Path) -> None:
    if program() is None:
        pytest.skip("mosquitto is not installed")
    fleet = Fleet(tmp_path / "fleet")
    held = fleet.write(tmp_path / "ledger-1", fleet.registrar.service("ledger-1", Role.LEDGER))
    broker = FleetBroker(tmp_path, fleet)
    with broker:
        config = settings_of(tmp_path, broker.port, held)
    command = (sys.executable, "-m", "ledger", "ingest", "--config", str(config))
    with ServiceManager(place) as manager, started(manager, *command):
        manager.wait_for("STATUS=waits for the broker")
        assert "READY=1" not in manager.words
        with broker:
            manager.wait_for("READY=1")
            assert manager.words[-2:] == ["STATUS=takes events in", "READY=1"]
            manager.wait_for("WATCHDOG=1", times=len(manager.words) // 3 + 2)
