"""NetworkManager's file: what stands in it, and how it comes to lie there."""

import shutil
from pathlib import Path

import pytest

from kiosk.network.keyfile import NAME, UUID, keyfile_of, put
from kiosk.network.wifi import Wifi

WIFI = Wifi("Quán 9", "xin chao 99")


def lines_of(wifi: Wifi) -> list[str]:
    return keyfile_of(wifi).decode("ascii").splitlines()


def test_it_is_one_wifi_connection_that_is_tried_for_ever() -> None:
    lines = lines_of(WIFI)
    assert {"type=wifi", f"uuid={UUID}", "autoconnect-retries=0", "method=auto"} <= set(lines)
    assert "psk=xin\\schao\\s99" in lines
    assert "hidden=true" not in lines


def test_an_open_network_has_no_password() -> None:
    assert not [line for line in lines_of(Wifi("cong-vien")) if "psk" in line or "security" in line]


def test_a_hidden_network_is_asked_for() -> None:
    assert "hidden=true" in lines_of(Wifi("kho", hidden=True))


def test_only_root_may_read_it(tmp_path: Path) -> None:
    put(tmp_path, keyfile_of(WIFI))
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
    assert (tmp_path / NAME).stat().st_mode & 0o7777 == 0o600
    assert (tmp_path / NAME).read_bytes() == keyfile_of(WIFI)


def test_the_next_network_takes_its_place(tmp_path: Path) -> None:
    put(tmp_path, keyfile_of(WIFI))
    put(tmp_path, keyfile_of(Wifi("kho", "mua-xuan-1")))
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
    assert b"psk=mua-xuan-1" in (tmp_path / NAME).read_bytes()


def test_the_same_again_writes_nothing(tmp_path: Path) -> None:
    put(tmp_path, keyfile_of(WIFI))
    before = (tmp_path / NAME).stat()
    put(tmp_path, keyfile_of(WIFI))
    after = (tmp_path / NAME).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_the_same_that_others_may_read_is_written_anew(tmp_path: Path) -> None:
    put(tmp_path, keyfile_of(WIFI))
    (tmp_path / NAME).chmod(0o644)
    put(tmp_path, keyfile_of(WIFI))
    assert (tmp_path / NAME).stat().st_mode & 0o7777 == 0o600


def test_what_a_power_cut_left_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / f".{NAME}.new").write_bytes(b"half")
    put(tmp_path, keyfile_of(WIFI))
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


@pytest.mark.parametrize("name", [NAME, f".{NAME}.new"])
@pytest.mark.threat("misuse-network-unit")
def test_no_link_is_followed(tmp_path: Path, name: str) -> None:
    other, folder = tmp_path / "other", tmp_path / "connections"
    other.write_bytes(keyfile_of(WIFI))
    other.chmod(0o600)
    folder.mkdir()
    (folder / name).symlink_to(other)
    put(folder, keyfile_of(Wifi("kho")))
    assert other.read_bytes() == keyfile_of(WIFI)
    assert not (folder / NAME).is_symlink()


def test_a_link_to_the_same_is_not_the_same(tmp_path: Path) -> None:
    other, folder = tmp_path / "other", tmp_path / "connections"
    put(tmp_path, keyfile_of(WIFI))
    (tmp_path / NAME).rename(other)
    folder.mkdir()
    (folder / NAME).symlink_to(other)
    put(folder, keyfile_of(WIFI))
    assert not (folder / NAME).is_symlink()


def test_where_it_cannot_be_written_the_one_before_stays(tmp_path: Path) -> None:
    put(tmp_path, keyfile_of(WIFI))
    # A folder where the unfinished file goes: as root, permissions would stop nobody.
    (tmp_path / f".{NAME}.new").mkdir()
    with pytest.raises(OSError, match=r"."):
        put(tmp_path, keyfile_of(Wifi("kho")))
    assert (tmp_path / NAME).read_bytes() == keyfile_of(WIFI)


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    shutil.rmtree(tmp_path)
    with pytest.raises(FileNotFoundError):
        put(tmp_path, keyfile_of(WIFI))
    # Where there is no NetworkManager, none is pretended.
    assert not tmp_path.exists()
