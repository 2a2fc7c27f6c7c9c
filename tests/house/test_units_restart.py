"""What restarts the two services, what is counted, and what reboots: the units beside the program.

The lines that look at how a service ended are run here as they stand, with a systemctl that only
notes what it was asked.
"""

import subprocess
from pathlib import Path

import pytest

from kiosk.app.eye_settings import Eye
from kiosk.app.orders import EXIT_RESTART
from kiosk.app.wiring import EXIT_BUG
from kiosk.errors import EXIT_SETTINGS
from kiosk.eye.supervisor import (
    CAMERA_FAILURES,
    CAMERA_PAUSE_S,
    CAMERA_WINDOW_S,
    EXIT_CAMERA_LOST,
    EXIT_NO_KIOSK,
    EXIT_PLANNED,
    START_PATIENCE_S,
)
from kiosk.eye.watch import HEARTBEAT_S
from tests.parts.units import SERVICES, UNITS, settings_of


@pytest.mark.parametrize("name", SERVICES)
def test_the_watchdog_is_fed_by_the_program_itself(name: str) -> None:
    unit = settings_of(name)
    assert (unit["Type"], unit["NotifyAccess"]) == (["notify"], ["main"])
    # The eye's heartbeat comes every second, and the kiosk speaks twice in the watchdog's time.
    assert float(unit["WatchdogSec"][0]) > HEARTBEAT_S * 3
    # A start may last until a new eye's silence is shown.
    assert float(unit["TimeoutStartSec"][0]) > START_PATIENCE_S * 2


def test_a_silent_eye_is_shown_before_its_own_watchdog_ends_it() -> None:
    """Else the door would be ready again, or in the dark about why it is not."""
    silent_s = Eye.model_fields["silent_s"].default
    assert silent_s < float(settings_of("kiosk-eye.service")["WatchdogSec"][0])


def test_neither_unit_waits_for_the_other() -> None:
    """The kiosk is ready when it has heard of the eye: an eye that waited would wait for ever."""
    for name in SERVICES:
        assert not {"kiosk.service", "kiosk-eye.service"} & set(settings_of(name)["After"])


def test_no_start_limit_ends_a_service_itself() -> None:
    """Crashes are tried again for ever; hangs and losses are counted by units of their own."""
    for name in SERVICES:
        assert settings_of(name)["StartLimitIntervalSec"] == ["0"]
        assert "StartLimitAction" not in settings_of(name)
        assert "FailureAction" not in settings_of(name)


def test_an_eye_without_a_kiosk_is_started_again_for_ever() -> None:
    unit = settings_of("kiosk-eye.service")
    assert unit["Restart"] == ["always"]
    assert str(EXIT_NO_KIOSK) not in unit["RestartPreventExitStatus"]
    assert EXIT_NO_KIOSK not in {0, EXIT_CAMERA_LOST, EXIT_PLANNED, EXIT_SETTINGS}


@pytest.mark.parametrize(
    ("name", "counter"),
    [("kiosk.service", "kiosk-hung.service"), ("kiosk-eye.service", "kiosk-blind.service")],
)
def test_a_counter_is_named_by_its_service(name: str, counter: str) -> None:
    """A unit that nobody names is forgotten as soon as it has ended, and its start limit too."""
    assert counter in settings_of(name)["PropagatesReloadTo"]


def after_stop(name: str, folder: Path, *, refused: str = "", **environ: str) -> list[str]:
    """Run the unit's last line with these variables; return what it asked of systemctl."""
    line = (UNITS / name).read_text(encoding="utf-8").split("ExecStopPost=-+/bin/sh -c ")[1]
    script = line.splitlines()[0].strip("'").replace("$$", "$")
    asked = folder / "asked"
    stub = folder / "systemctl"
    stub.write_text(f'#!/bin/sh\necho "$@" >>{asked}\n[ "$2" != "{refused}" ]\n', "ascii")
    stub.chmod(0o755)
    environ["PATH"] = f"{folder}:/usr/bin:/bin"
    subprocess.run(["/bin/sh", "-c", script], env=environ, check=True, timeout=60)
    return asked.read_text("ascii").splitlines() if asked.exists() else []


@pytest.mark.parametrize(
    ("environ", "asked"),
    [
        ({"SERVICE_RESULT": "watchdog"}, ["start --no-block kiosk-hung.service"]),
        # Never ready, or did not stop.
        ({"SERVICE_RESULT": "timeout"}, ["start --no-block kiosk-hung.service"]),
        # Its main process is still there although it was killed.
        ({"SERVICE_RESULT": "watchdog", "MAINPID": "7"}, ["reboot --force"]),
        ({"SERVICE_RESULT": "success", "EXIT_STATUS": "0"}, []),
        ({"SERVICE_RESULT": "exit-code", "EXIT_STATUS": "70"}, []),
        ({"SERVICE_RESULT": "exit-code", "EXIT_STATUS": "78"}, []),
        ({"SERVICE_RESULT": "signal", "EXIT_STATUS": "KILL"}, []),
        ({"SERVICE_RESULT": "oom-kill", "EXIT_STATUS": "KILL"}, []),
    ],
)
def test_only_a_hang_of_the_kiosk_counts_towards_a_reboot(
    environ: dict[str, str], asked: list[str], tmp_path: Path
) -> None:
    assert after_stop("kiosk.service", tmp_path, **environ) == asked


def test_a_commanded_restart_is_no_failure_and_is_started_again() -> None:
    unit, code = settings_of("kiosk.service"), str(EXIT_RESTART)
    assert unit["SuccessExitStatus"] == unit["RestartForceExitStatus"] == [code]
    assert unit["Restart"] == ["on-failure"]
    assert EXIT_RESTART not in {0, EXIT_BUG, EXIT_SETTINGS}


LATER = ["start --no-block kiosk-eye-later.timer", "stop --no-block kiosk-eye.service"]
CAMERA_LOST = {"SERVICE_RESULT": "exit-code", "EXIT_STATUS": str(EXIT_CAMERA_LOST)}


@pytest.mark.parametrize(
    ("environ", "refused", "asked"),
    [
        (CAMERA_LOST, "", ["start kiosk-blind.service"]),
        (CAMERA_LOST, "kiosk-blind.service", ["start kiosk-blind.service", *LATER]),
        # A decoder that hangs is killed as often as it takes.
        ({"SERVICE_RESULT": "watchdog", "EXIT_STATUS": "ABRT"}, "", []),
        ({"SERVICE_RESULT": "timeout", "EXIT_STATUS": "KILL"}, "", []),
        ({"SERVICE_RESULT": "watchdog", "MAINPID": "7"}, "", ["reboot --force"]),
        ({"SERVICE_RESULT": "exit-code", "EXIT_STATUS": str(EXIT_PLANNED)}, "", []),
        # Nor does an eye that finds no kiosk, however often.
        ({"SERVICE_RESULT": "exit-code", "EXIT_STATUS": str(EXIT_NO_KIOSK)}, "", []),
        ({"SERVICE_RESULT": "success", "EXIT_STATUS": "0"}, "", []),
        ({"SERVICE_RESULT": "signal", "EXIT_STATUS": "SEGV"}, "", []),
    ],
)
def test_only_lost_cameras_end_the_eye_and_only_for_a_while(
    environ: dict[str, str], refused: str, asked: list[str], tmp_path: Path
) -> None:
    assert after_stop("kiosk-eye.service", tmp_path, refused=refused, **environ) == asked


def test_the_budgets_are_those_of_a_kiosk_that_starts_its_own_eye() -> None:
    blind, later = settings_of("kiosk-blind.service"), settings_of("kiosk-eye-later.timer")
    # The start that is refused is the one too many.
    assert int(blind["StartLimitBurst"][0]) + 1 == CAMERA_FAILURES
    assert float(blind["StartLimitIntervalSec"][0]) == CAMERA_WINDOW_S
    assert float(later["OnActiveSec"][0]) == CAMERA_PAUSE_S
    assert later["Unit"] == ["kiosk-eye.service"]
    assert settings_of("kiosk-hung.service")["StartLimitAction"] == ["reboot-force"]


def test_the_hardware_watchdog_fits_the_pi_s() -> None:
    assert float(settings_of("kiosk-watchdog.conf")["RuntimeWatchdogSec"][0]) <= 15
