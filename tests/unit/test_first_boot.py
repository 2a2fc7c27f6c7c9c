"""The SD card of a door: what its first boot is told, and what it is not."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from provisioning.cli import app
from tests.parts.markdown import ROOT

SECRET = "5e" * 32
SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA technician"
PACKAGE = "door-kiosk_0.1.0+deb13_arm64.deb"
FILES = ("site.key", "ca.pem", "device.pem", "device.pem.key")


@pytest.fixture
def door(tmp_path: Path) -> Path:
    """Give the folder of a door with the example's settings and all that they name."""
    folder = tmp_path / "door-1"
    folder.mkdir()
    shutil.copy(ROOT / "provisioning/kiosk.example.toml", folder / "config.toml")
    for name in (*FILES, PACKAGE):
        (folder / name).write_text(f"{SECRET} {name}", "ascii")
    (folder / "id.pub").write_text(f"{SSH_KEY}\n", "ascii")
    (folder / "wifi").write_text("correct horse\n", "ascii")
    return folder


@pytest.fixture
def card(tmp_path: Path) -> Path:
    folder = tmp_path / "bootfs"
    folder.mkdir()
    return folder


def first_boot(door: Path, card: Path, *options: str) -> tuple[int, str]:
    command = ["first-boot", str(door), str(card), "--ssh-key", str(door / "id.pub"), *options]
    done = CliRunner().invoke(app, command)
    return done.exit_code, done.output


def wifi(door: Path) -> tuple[str, ...]:
    return ("--ssid", "Nhà văn hoá", "--wifi-password-file", str(door / "wifi"))


def user_data(card: Path) -> dict[str, Any]:
    text = (card / "user-data").read_text("utf-8")
    assert text.startswith("#cloud-config\n")
    told: dict[str, Any] = json.loads(text.partition("\n")[2])
    return told


def test_the_first_boot_puts_every_file_in_its_place_and_installs(door: Path, card: Path) -> None:
    code, said = first_boot(door, card)
    assert (code, said) == (0, f"{card}: hk-042-door-1 is ready for its first boot\n")
    told = user_data(card)
    commands = told["runcmd"]
    put = {command[-1]: command[3] for command in commands if command[0] == "install"}
    assert put == {
        "/etc/kiosk/config.toml": "0600",
        "/etc/kiosk/ca.pem": "0644",
        "/etc/kiosk/device.pem": "0644",
        "/etc/kiosk/device.pem.key": "0600",
        "/var/lib/kiosk/site.key": "0600",
    }
    assert commands[-1][:2] == ["apt-get", "install"]
    assert f"/boot/firmware/kiosk/{PACKAGE}" in commands[-1]
    assert told["users"][0]["ssh_authorized_keys"] == [SSH_KEY]
    assert json.loads((card / "meta-data").read_text("utf-8")) == {"instance-id": "hk-042-door-1"}


def test_keys_leave_the_card_and_stand_in_nothing_that_cloud_init_keeps(
    door: Path, card: Path
) -> None:
    first_boot(door, card, *wifi(door))
    for name in ("user-data", "network-config", "meta-data"):
        assert SECRET not in (card / name).read_text("utf-8")
    commands = [" ".join(command) for command in user_data(card)["runcmd"]]
    erased = next(n for n, command in enumerate(commands) if command.endswith("-delete"))
    # After the last was put in its place, and before anything that may fail without a network.
    assert all(n < erased for n, command in enumerate(commands) if command.startswith("install "))
    assert all(n > erased for n, command in enumerate(commands) if command.startswith("apt-get"))


def test_no_network_is_waited_for(door: Path, card: Path) -> None:
    first_boot(door, card, *wifi(door))
    config = json.loads((card / "network-config").read_text("utf-8"))
    assert config["version"] == 2
    wlan = config["wifis"]["wlan0"]
    assert wlan["access-points"] == {"Nhà văn hoá": {"password": "correct horse"}}
    assert wlan["optional"]
    assert config["ethernets"]["eth0"]["optional"]


def test_without_wifi_it_is_cable_only(door: Path, card: Path) -> None:
    first_boot(door, card)
    assert "wifis" not in json.loads((card / "network-config").read_text("utf-8"))


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        *((name, f"is missing: {name}") for name in FILES),
        (PACKAGE, "must hold one door-kiosk"),
        ("config.toml", "cannot be read"),
        ("id.pub", "id.pub: cannot be read"),
    ],
)
def test_what_is_missing_is_said_in_one_line_and_nothing_is_written(
    door: Path, card: Path, missing: str, told: str
) -> None:
    (door / missing).unlink()
    code, said = first_boot(door, card)
    assert code == 1
    assert told in said
    assert said.count("\n") == 1
    assert list(card.iterdir()) == []


def test_a_password_without_a_network_is_refused(door: Path, card: Path) -> None:
    code, said = first_boot(door, card, "--wifi-password-file", str(door / "wifi"))
    assert (code, said) == (1, "--wifi-password-file is given without --ssid\n")


@pytest.mark.skipif(shutil.which("cloud-init") is None, reason="the device tree has cloud-init")
@pytest.mark.parametrize(
    ("name", "kind"), [("user-data", "cloud-config"), ("network-config", "network-config")]
)
def test_cloud_init_itself_finds_no_fault(door: Path, card: Path, name: str, kind: str) -> None:
    # Its schema of networks ends at cables: what it says of Wi-Fi is netplan's to judge.
    first_boot(door, card)
    command = ("cloud-init", "schema", "--schema-type", kind, "--config-file")
    done = subprocess.run(
        [*command, str(card / name)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # It has to find one where there is one.
    wrong = (
        (card / name).read_text("utf-8").replace('"users"', '"uzers"').replace('": true', '": 7')
    )
    (card / "wrong").write_text(wrong, "utf-8")
    done = subprocess.run(
        [*command, str(card / "wrong")], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode != 0
