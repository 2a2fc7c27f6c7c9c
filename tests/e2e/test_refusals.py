"""Settings that cannot be used end the door at once, with one line that says what to change."""

from pathlib import Path

import pytest

from kiosk.errors import EXIT_SETTINGS
from tests.e2e.commands import kiosk
from tests.e2e.door import Door, Sections

STDOUT: Sections = {"uplink": {"kind": "stdout"}}


@pytest.mark.parametrize(
    ("sections", "named"),
    [
        ({"eye": {"silent_s": 0}}, "silent_s"),
        ({"outbox": {"max_mb": "many"}}, "max_mb"),
        ({"kiosk": {"site": "HK 042"}}, "site"),
        ({"indicators.led": {"green_pin": 27}}, "27"),
        ({"gpio": {"pins": "lgpio"}}, "lgpio"),
    ],
)
def test_wrong_settings_are_one_line_and_exit_78(
    sections: Sections, named: str, tmp_path: Path
) -> None:
    door = Door(tmp_path, STDOUT | sections)
    done = kiosk("run", "--config", door.config)
    assert done.returncode == EXIT_SETTINGS
    assert len(done.stderr.splitlines()) == 1
    assert named in done.stderr
    assert done.stdout == ""


def test_no_settings_file_is_one_line_and_exit_78(tmp_path: Path) -> None:
    done = kiosk("run", "--config", tmp_path / "absent.toml")
    assert done.returncode == EXIT_SETTINGS
    assert len(done.stderr.splitlines()) == 1
    assert "absent.toml" in done.stderr


def test_a_device_key_of_the_wrong_length_is_said(tmp_path: Path) -> None:
    door = Door(tmp_path, STDOUT)
    (tmp_path / "device.key").write_bytes(b"short")
    done = kiosk("run", "--config", door.config)
    assert done.returncode == EXIT_SETTINGS
    assert "device_key_file" in done.stderr


@pytest.mark.parametrize(
    ("sections", "named"),
    [
        ({"eye": {"decoders": ["zxin"]}}, "zxing"),
        ({"camera": {"kind": "syntetic"}}, "synthetic"),
        ({"camera": {"fps": -1}}, "fps"),
        ({"camera": {"kind": "replay", "stage": None, "fps": 5, "folder": "absent"}}, "absent"),
    ],
)
def test_settings_that_only_the_eye_finds_wrong_end_the_door_too(
    sections: Sections, named: str, tmp_path: Path
) -> None:
    # The process with the keys loads neither cameras nor decoders; the one that does says it.
    door = Door(tmp_path, STDOUT | sections)
    done = kiosk("run", "--config", door.config)
    assert done.returncode == EXIT_SETTINGS
    assert named in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("the eye cannot use its settings")
