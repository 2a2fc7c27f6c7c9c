"""A wheel of zbarlight for another platform: pip must find in it what its record says."""

import base64
import hashlib
import zipfile
from pathlib import Path

import pytest

from provisioning.deb.zbarlight_wheel import retagged

INFO = "zbarlight-4.0.dist-info"
TAG = "cp313-cp313-linux_aarch64"
HERE = "_zbarlight.cpython-311-x86_64-linux-gnu.so"
THERE = "_zbarlight.cpython-313-aarch64-linux-gnu.so"


@pytest.fixture
def made(tmp_path: Path) -> Path:
    built = tmp_path / "zbarlight-4.0-cp311-cp311-linux_x86_64.whl"
    with zipfile.ZipFile(built, "w") as wheel:
        wheel.writestr("zbarlight/__init__.py", "from ._zbarlight import zbar_code_scanner\n")
        wheel.writestr(f"zbarlight/{HERE}", b"here")
        wheel.writestr(f"{INFO}/WHEEL", "Wheel-Version: 1.0\nTag: cp311-cp311-linux_x86_64\n")
        wheel.writestr(f"{INFO}/RECORD", "stale")
    compiled = tmp_path / THERE
    compiled.write_bytes(b"there")
    (tmp_path / "out").mkdir()
    return retagged(built, compiled, TAG, tmp_path / "out")


def test_it_holds_the_other_platforms_file_and_says_so(made: Path) -> None:
    assert made.name == f"zbarlight-4.0-{TAG}.whl"
    with zipfile.ZipFile(made) as wheel:
        assert wheel.read(f"zbarlight/{THERE}") == b"there"
        assert f"zbarlight/{HERE}" not in wheel.namelist()
        assert wheel.read(f"{INFO}/WHEEL").decode() == f"Wheel-Version: 1.0\nTag: {TAG}\n"


def test_every_file_is_in_the_record_with_its_digest(made: Path) -> None:
    with zipfile.ZipFile(made) as wheel:
        lines = [line.split(",") for line in wheel.read(f"{INFO}/RECORD").decode().splitlines()]
        assert {name for name, *_ in lines} == set(wheel.namelist())
        for name, digest, size in lines:
            if name.endswith("RECORD"):
                assert (digest, size) == ("", "")
                continue
            content = wheel.read(name)
            raw = base64.urlsafe_b64decode(digest.removeprefix("sha256=") + "=")
            assert (raw, int(size)) == (hashlib.sha256(content).digest(), len(content))


def test_the_same_parts_make_the_same_file(made: Path, tmp_path: Path) -> None:
    first = made.read_bytes()
    built = tmp_path / "zbarlight-4.0-cp311-cp311-linux_x86_64.whl"
    assert retagged(built, tmp_path / THERE, TAG, tmp_path / "out").read_bytes() == first
