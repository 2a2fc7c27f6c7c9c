"""The units of the city's two servers: known keys only, hardened, in step with the programs."""

import configparser
import os
import shutil
import subprocess
import tempfile
import tomllib
from pathlib import Path

import pytest

from ledger import settings
from ledger.alive import PATIENCE_S
from ledger.errors import EXIT_SETTINGS
from provisioning.fleet.certificates import SERVER_DAYS
from tests.house.test_units import run, tool
from tests.parts.markdown import ROOT
from tests.parts.units import SERVERS, UNITS, settings_of

LEDGER, ENROLMENT = SERVERS
ROLES = {LEDGER: "ledger", ENROLMENT: "enrolment"}
STARTED = {
    LEDGER: "/opt/kiosk-ledger/current/venv/bin/kiosk-ledger",
    ENROLMENT: "/opt/kiosk-enrolment/current/venv/bin/kiosk-provision",
}
MOST_EXPOSURE = 12
"""In tenths; systemd 252 says 11 of both: see `tests/house/test_units.py`."""
INSTALLER = ROOT / "provisioning/install-server.sh"


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """Copy the units, with a program in them that every machine has."""
    for name in SERVERS:
        text = (UNITS / name).read_text(encoding="utf-8")
        assert text.count(STARTED[name]) == 1
        (tmp_path / Path(name).name).write_text(text.replace(STARTED[name], "/bin/true"), "utf-8")
    return tmp_path


def verified(units: Path) -> subprocess.CompletedProcess[str]:
    names = (f"./{Path(name).name}" for name in SERVERS)
    return run(tool("systemd-analyze"), "verify", *names, folder=units)


def test_verify_has_nothing_to_say(units: Path) -> None:
    done = verified(units)
    assert (done.stdout + done.stderr, done.returncode) == ("", 0)


@pytest.mark.parametrize("name", SERVERS)
def test_verify_would_tell_a_mistake(units: Path, name: str) -> None:
    unit = units / Path(name).name
    unit.write_text(f"{unit.read_text(encoding='utf-8')}[Service]\nMemoryMaks=1G\n", "utf-8")
    assert "MemoryMaks" in verified(units).stderr


@pytest.mark.parametrize("name", SERVERS)
def test_exposure_stays_low(units: Path, name: str) -> None:
    command = (tool("systemd-analyze"), "security", "--offline=true", "--no-pager")
    unit = f"./{Path(name).name}"
    done = run(*command, f"--threshold={MOST_EXPOSURE}", unit, folder=units)
    assert done.returncode == 0, done.stdout.splitlines()[-1:]
    assert run(*command, "--threshold=1", unit, folder=units).returncode == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="systemd-sysusers works for root only")
@pytest.mark.parametrize("name", SERVERS)
def test_its_user_can_be_made_and_is_in_no_other_group(tmp_path: Path, name: str) -> None:
    (tmp_path / "etc").mkdir()
    users = f"kiosk-{ROLES[name]}.sysusers"
    done = run(
        tool("systemd-sysusers"),
        f"--root={tmp_path}",
        str(UNITS / ROLES[name] / users),
        folder=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    user = settings_of(name)["User"][0]
    assert f"\n{user}:" in "\n" + (tmp_path / "etc/passwd").read_text(encoding="utf-8")
    assert "SupplementaryGroups" not in settings_of(name)
    assert settings_of(name)["Group"] == [user]


@pytest.mark.parametrize("name", SERVERS)
def test_it_is_started_again_for_ever_and_nothing_reboots(name: str) -> None:
    unit = settings_of(name)
    assert (unit["Restart"], unit["StartLimitIntervalSec"]) == (["always"], ["0"])
    # A few times a minute, whatever is wrong.
    assert float(unit["RestartSec"][0]) >= 5
    text = (UNITS / name).read_text(encoding="utf-8")
    assert not {"StartLimitAction", "FailureAction", "SuccessAction"} & unit.keys()
    assert "systemctl" not in text


@pytest.mark.parametrize("name", SERVERS)
def test_it_says_when_it_is_ready_and_that_it_lives(name: str) -> None:
    unit = settings_of(name)
    assert (unit["Type"], unit["NotifyAccess"]) == (["notify"], ["main"])
    assert float(unit["WatchdogSec"][0]) >= 60


def test_a_worker_without_a_broker_is_ready_before_the_installer_gives_up() -> None:
    text = (ROOT / "provisioning/install-service.sh").read_text(encoding="utf-8")
    (patience,) = [line for line in text.splitlines() if line.startswith("readonly patience_s=")]
    assert float(patience.partition("=")[2]) > 2 * PATIENCE_S


def test_wrong_settings_of_a_ledger_are_not_tried_again() -> None:
    assert settings_of(LEDGER)["RestartPreventExitStatus"] == [str(EXIT_SETTINGS)]


def test_a_worker_s_environment_is_of_settings_that_there_are() -> None:
    parser = configparser.ConfigParser(
        strict=False, interpolation=None, delimiters=("=",), comment_prefixes=("#",)
    )
    parser.read(UNITS / LEDGER, encoding="utf-8")
    lines = (UNITS / LEDGER).read_text(encoding="utf-8").splitlines()
    set_here = [line.split("=")[1] for line in lines if line.startswith("Environment=")]
    assert set_here == [f"{settings.PREFIX}SOURCE__CLIENT_ID"]
    assert f"--config {settings.DEFAULT_PATH}" in parser["Service"]["ExecStart"]


def test_the_example_keeps_its_events_in_the_state_folder() -> None:
    example = tomllib.loads((ROOT / "provisioning/ledger.example.toml").read_text(encoding="utf-8"))
    folder = f"/var/lib/{settings_of(LEDGER)['StateDirectory'][0]}"
    assert example["storage"]["url"].startswith(f"sqlite:///{folder}/")


def test_the_enrolment_server_starts_anew_long_before_its_certificate_ends() -> None:
    (most,) = settings_of(ENROLMENT)["RuntimeMaxSec"]
    assert int(most.removesuffix("d")) * 4 < SERVER_DAYS


def test_the_example_of_the_enrolment_server_sets_what_its_unit_reads() -> None:
    example = (ROOT / "provisioning/enrolment.example.env").read_text(encoding="utf-8")
    lines = [line for line in example.splitlines() if not line.startswith("#")]
    # The example says what holds without it.
    assert lines == settings_of(ENROLMENT)["Environment"]
    for line in lines:
        assert f"${{{line.partition('=')[0]}}}" in settings_of(ENROLMENT)["ExecStart"]


@pytest.mark.parametrize(
    "words",
    [(), ("door",), ("ledger", "--purge"), ("ledger", "--uninstall", "now"), ("--uninstall",)],
)
def test_the_installer_refuses_what_it_does_not_know(words: tuple[str, ...]) -> None:
    done = subprocess.run(
        ["bash", str(INSTALLER), *words], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_the_installer_is_for_root_and_says_so_in_one_line() -> None:
    with tempfile.TemporaryDirectory(prefix="kiosk-install-") as place:
        # Where anybody may look.
        Path(place).chmod(0o755)
        copy = shutil.copytree(
            INSTALLER.parent, Path(place) / "provisioning", copy_function=read_by_all
        )
        script = copy / INSTALLER.name
        done = subprocess.run(
            ["setpriv", "--reuid", "65534", "--clear-groups", "bash", str(script), "ledger"],
            cwd="/",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stdout) == (1, "")
    told = "install-server: this needs root: sudo bash provisioning/install-server.sh ledger\n"
    assert done.stderr == told


def read_by_all(source: str, target: str) -> None:
    shutil.copyfile(source, target)
    Path(target).chmod(0o644)
