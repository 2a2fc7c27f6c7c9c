"""Whose commands are taken: nobody's unless a file says so; one that holds no key is told."""

from pathlib import Path

import pytest

from docs.generate import EXAMPLE_ENVIRON
from kiosk.app.settings import load_settings
from kiosk.errors import SettingsError
from tests.parts.commands import commander
from tests.parts.lists import pem_of
from tests.parts.markdown import ROOT

EXAMPLE = (ROOT / "provisioning/kiosk.example.toml").read_text(encoding="utf-8")


UNSET = '# signers = ["/etc/kiosk/commands.pem.pub"]'


def settings(folder: Path, line: str) -> Path:
    assert UNSET in EXAMPLE
    path = folder / "kiosk.toml"
    path.write_text(EXAMPLE.replace(UNSET, line), encoding="utf-8")
    return path


@pytest.mark.parametrize("line", [UNSET, "[commands]"])
def test_unless_it_is_set_nobody_commands(line: str, tmp_path: Path) -> None:
    path = tmp_path / "kiosk.toml"
    path.write_text(EXAMPLE.replace(line, ""), encoding="utf-8")
    commands = load_settings(path, EXAMPLE_ENVIRON).settings.commands
    assert commands.signers == ()
    assert commands.direction_file == Path("/var/lib/kiosk/direction.json")


def test_signers_are_named_by_their_files(tmp_path: Path) -> None:
    key = tmp_path / "commands.pem.pub"
    key.write_bytes(pem_of(commander()))
    path = settings(tmp_path, f'signers = ["{key}"]')
    assert load_settings(path, EXAMPLE_ENVIRON).settings.commands.signers == (key,)


@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN PRIVATE KEY-----"])
def test_a_file_that_holds_no_key_is_told_with_its_section(
    content: bytes | None, tmp_path: Path
) -> None:
    key = tmp_path / "commands.pem.pub"
    if content is not None:
        key.write_bytes(content)
    with pytest.raises(SettingsError, match=r"commands\.signers"):
        load_settings(settings(tmp_path, f'signers = ["{key}"]'), EXAMPLE_ENVIRON)
