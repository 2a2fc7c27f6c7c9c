"""A file that is no settings file at all: missing, a directory, unreadable, empty, or not text."""

from pathlib import Path

import pytest

from kiosk.app.settings import load_settings
from kiosk.errors import SettingsError


def problems(path: Path) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(path, {})
    return str(caught.value).split("\n")


@pytest.mark.parametrize(
    ("content", "line", "hint"),
    [
        (b"", None, "the file is empty; start from provisioning/kiosk.example.toml"),
        (b" \n\t\n", None, "the file is empty"),
        (b'[kiosk]\nsite = "\xff\xfe"\n', 2, "is not UTF-8 text"),
        (b"\x7fELF\x02\x01\x01\x00", 1, "is not TOML"),
        (b"a = " + b"[" * 20_000, 1, "is not TOML"),
        (b"#" * (256 * 1024 + 1), None, "is larger than 256 KiB"),
    ],
)
def test_a_file_that_is_no_settings_file_says_so(
    content: bytes, line: int | None, hint: str, tmp_path: Path
) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    (told,) = problems(path)
    assert told.startswith(f"{path}: " if line is None else f"{path}:{line}: ")
    assert hint in told


def test_a_missing_file_is_another_thing_than_a_wrong_one(tmp_path: Path) -> None:
    (told,) = problems(tmp_path / "config.toml")
    assert told.startswith(f"{tmp_path / 'config.toml'}: no such file; copy ")


def test_a_directory_is_named_as_one(tmp_path: Path) -> None:
    (told,) = problems(tmp_path)
    assert told == f"{tmp_path}: is a directory; name the settings file in it"


def test_an_unreadable_file_says_why(tmp_path: Path) -> None:
    # A link to itself cannot be opened even by root, whom no mode stops.
    path = tmp_path / "config.toml"
    path.symlink_to(path)
    (told,) = problems(path)
    assert told.startswith(f"{path}: cannot be read: Too many levels of symbolic links")
