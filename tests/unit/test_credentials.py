"""A credential of systemd's is a setting: a password as its text, a file as its path."""

from pathlib import Path

import pytest

from kiosk.app.config_show import as_toml
from kiosk.app.credentials import DIRECTORY, with_credentials
from kiosk.app.settings import load_eye, load_kiosk, load_settings
from kiosk.errors import SettingsError
from tests.unit.test_settings_environment import TEXT

UPLINK = """\
username = "door-1"
cert_file = "/etc/kiosk/device.pem"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(TEXT + UPLINK, encoding="utf-8")
    return path


@pytest.fixture
def given(tmp_path: Path) -> Path:
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "kiosk.uplink.password").write_text("correct horse\n", encoding="utf-8")
    (folder / "kiosk.uplink.key_file").write_text("a key", encoding="utf-8")
    (folder / "another.thing").write_bytes(b"\xff")
    return folder


def test_credentials_are_settings_of_the_kiosk(config: Path, given: Path) -> None:
    uplink = load_kiosk(config, {DIRECTORY: str(given)}).uplink.settings.model_dump()
    assert uplink["password"].get_secret_value() == "correct horse"
    assert uplink["key_file"] == given / "kiosk.uplink.key_file"


def test_the_environment_overrides_a_credential(given: Path) -> None:
    environ = {DIRECTORY: str(given), "KIOSK_UPLINK__PASSWORD": "other"}
    assert with_credentials(environ)["KIOSK_UPLINK__PASSWORD"] == "other"


def test_without_credentials_the_environment_is_what_it_was() -> None:
    assert with_credentials({"PATH": "/usr/bin"}) == {"PATH": "/usr/bin"}


def test_a_credential_is_not_shown(config: Path, given: Path) -> None:
    shown = as_toml(load_settings(config, {DIRECTORY: str(given)}), with_origin=True)
    assert "correct horse" not in shown


def test_the_eye_takes_none(config: Path, tmp_path: Path) -> None:
    assert load_eye(config, {DIRECTORY: str(tmp_path / "absent")}).decoders


def test_one_that_sets_nothing_is_said(config: Path, given: Path) -> None:
    (given / "kiosk.uplink.pasword").write_text("secret", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"KIOSK_UPLINK__PASWORD.*KIOSK_UPLINK__PASSWORD") as e:
        load_kiosk(config, {DIRECTORY: str(given)})
    assert "secret" not in str(e.value)


def test_one_that_is_no_text_is_said_without_what_it_holds(config: Path, given: Path) -> None:
    (given / "kiosk.uplink.password").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError) as caught:
        load_kiosk(config, {DIRECTORY: str(given)})
    assert str(caught.value) == (
        "credential kiosk.uplink.password: cannot be read as text; write it anew"
    )


def test_a_folder_that_is_not_there_is_said(config: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="CREDENTIALS_DIRECTORY: cannot be read"):
        load_kiosk(config, {DIRECTORY: str(tmp_path / "absent")})
