"""The kiosk's own key is made once, whole and for nobody else to read."""

import stat
from pathlib import Path

import pytest

from kiosk.app.keys import device_key
from kiosk.errors import SettingsError


def test_it_is_made_at_the_first_start_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "device.key"
    first = device_key(path)
    assert (len(first), stat.S_IMODE(path.stat().st_mode)) == (32, 0o600)
    assert device_key(path) == first
    assert [file.name for file in path.parent.iterdir()] == ["device.key"]


def test_two_kiosks_have_two_keys(tmp_path: Path) -> None:
    assert device_key(tmp_path / "a") != device_key(tmp_path / "b")


def test_half_a_key_left_by_a_power_cut_is_made_anew(tmp_path: Path) -> None:
    # It is written beside its place and moved there when it is whole.
    (tmp_path / "device.key.draft").write_bytes(b"half")
    assert len(device_key(tmp_path / "device.key")) == 32
    assert [file.name for file in tmp_path.iterdir()] == ["device.key"]


def test_a_key_of_the_wrong_length_is_refused_and_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "device.key"
    path.write_bytes(b"short")
    with pytest.raises(SettingsError, match=r"holds 5 bytes and must hold 32"):
        device_key(path)
    assert path.read_bytes() == b"short"


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"identity\.device_key_file"):
        device_key(tmp_path / "file" / "device.key")
