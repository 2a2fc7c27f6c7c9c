"""An SD card that is the same for every door: a code before the camera says which one it is."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from provisioning.cli import app

PACKAGE = "door-kiosk_0.1.0+deb13_arm64.deb"
SETTINGS = """
[kiosk]
direction = "in"

[identity]
site_key_file = "/var/lib/kiosk/site.key"
authority_key_file = "/etc/kiosk/authority.pub"

[uplink]
kind = "mqtt"
ca_file = "/var/lib/kiosk/ca.pem"

[enrolment]
ca_file = "/var/lib/kiosk/ca.pem"
key_file = "/var/lib/kiosk/enrolled.key"

[lists]
signers = ["/etc/kiosk/operator.pub"]

[commands]
direction_file = "/var/lib/kiosk/direction.json"

[onboarding]
signers = ["/etc/kiosk/onboarding.pub"]
bootstrap_key_file = "/var/lib/kiosk/bootstrap.key"
"""
NEEDED = ("authority.pub", "onboarding.pub", "operator.pub")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """Give a folder for the cards of all doors, with nothing of any door in it."""
    folder = tmp_path / "image"
    folder.mkdir()
    (folder / "config.toml").write_text(SETTINGS)
    (tmp_path / "card").mkdir()
    (tmp_path / "id.pub").write_text("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA technician\n")
    for name in (*NEEDED, PACKAGE):
        (folder / name).write_text(name)
    return folder


def first_boot(image: Path) -> tuple[int, str]:
    card, key = image.with_name("card"), image.with_name("id.pub")
    command = ["first-boot", str(image), str(card), "--ssh-key", str(key)]
    done = CliRunner().invoke(app, command)
    return done.exit_code, done.output


def told(image: Path) -> dict[str, Any]:
    text = (image.with_name("card") / "user-data").read_text("utf-8")
    found: dict[str, Any] = json.loads(text.partition("\n")[2])
    return found


def put(image: Path) -> dict[str, str]:
    commands = told(image)["runcmd"]
    return {command[-1]: command[3] for command in commands if command[0] == "install"}


def test_a_folder_without_a_site_makes_cards_for_all_doors(image: Path) -> None:
    code, said = first_boot(image)
    assert code == 0, said
    assert "door-kiosk is ready for its first boot; then hold an onboarding code" in said
    assert told(image)["hostname"] == "door-kiosk"
    assert put(image) == {
        "/etc/kiosk/config.toml": "0600",
        "/etc/kiosk/authority.pub": "0644",
        "/etc/kiosk/onboarding.pub": "0644",
        "/etc/kiosk/operator.pub": "0644",
    }


def test_its_public_key_is_found_on_the_card_after_the_first_boot(image: Path) -> None:
    first_boot(image)
    commands = told(image)["runcmd"]
    assert commands[-1][:2] == ["sh", "-c"]
    assert commands[-1][2].endswith("kiosk bootstrap-key > /boot/firmware/bootstrap-key.txt")
    assert commands[-2][:2] == ["apt-get", "install"]


def test_a_key_that_all_doors_of_a_venue_share_is_put_there_where_it_is(image: Path) -> None:
    (image / "site.key").write_text("5e" * 32)
    (image / "ca.pem").write_text("root")
    assert first_boot(image)[0] == 0
    assert put(image)["/var/lib/kiosk/site.key"] == "0600"
    assert put(image)["/var/lib/kiosk/ca.pem"] == "0644"


@pytest.mark.parametrize("name", NEEDED)
def test_what_no_code_brings_must_be_there(image: Path, name: str) -> None:
    (image / name).unlink()
    code, said = first_boot(image)
    assert code == 1
    assert f"is missing: {name}" in said
    assert list(image.with_name("card").iterdir()) == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('direction = "in"', 'site = "hk-042"\ndevice = "door-1"', "is missing: ca.pem"),
        ('["/etc/kiosk/onboarding.pub"]', "[]", "no onboarding.signers for a code"),
    ],
)
def test_a_door_that_has_a_name_or_that_nobody_may_onboard_needs_all_its_files(
    image: Path, before: str, after: str, said: str
) -> None:
    (image / "config.toml").write_text(SETTINGS.replace(before, after))
    code, output = first_boot(image)
    assert code == 1
    assert said in output
