"""A file in a family's folder is an adapter; nothing else has to be edited to add one."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import kiosk.indicators
from kiosk.app import adapters
from kiosk.app.settings import load_settings
from kiosk.app.wiring_plan import rows_of
from kiosk.errors import SettingsError

ADAPTER = '''\
"""A siren."""
from typing import Annotated
from pydantic import BaseModel, ConfigDict, Field
from kiosk.indicators import BcmPin, PinRole

class Settings(BaseModel):
    """Where it is wired."""
    model_config = ConfigDict(frozen=True, extra="forbid")
    pin: Annotated[BcmPin, PinRole("siren")] = Field(description="GPIO of the siren.")

def build(settings, pins):
    return settings
'''
CONFIG = f"""\
[kiosk]
site = "hk-042"
device = "door-1"
direction = "in"
[identity]
site_key = "{"ab" * 32}"
[camera]
kind = "synthetic"
[eye]
decoders = ["zxing"]
[gpio]
pins = "mock"
[indicators]
use = ["led", "siren"]
[indicators.siren]
pin = 6
[outbox]
kind = "memory"
[uplink]
kind = "stdout"
"""


@pytest.fixture
def family(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of an empty family package named after it."""
    folder = tmp_path / f"family_{tmp_path.name.replace('-', '_')}"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise RuntimeError('a listing imported the family')\n")
    monkeypatch.syspath_prepend(tmp_path)
    return folder


@pytest.fixture
def siren(tmp_path: Path) -> Iterator[None]:
    """Let `kiosk.indicators` have one more file, from a folder of its own."""
    (tmp_path / "siren.py").write_text(ADAPTER)
    kiosk.indicators.__path__.append(str(tmp_path))
    yield
    kiosk.indicators.__path__.remove(str(tmp_path))
    sys.modules.pop("kiosk.indicators.siren", None)


def test_adapters_are_the_files_with_a_build_and_listing_imports_none(family: Path) -> None:
    (family / "good.py").write_text("import no_such_library\ndef build(settings): ...\n")
    (family / "courier.py").write_text("class Courier:\n    def build(self): ...\n")
    (family / "_hidden.py").write_text("def build(settings): ...\n")
    (family / "notes.txt").write_text("def build(settings): ...\n")
    assert adapters.names(family.name) == ("good",)


def test_an_unknown_adapter_is_refused_with_the_known_ones_and_the_nearest(family: Path) -> None:
    for name in ("alpha", "beta"):
        (family / f"{name}.py").write_text("def build(settings): ...\n")
    with pytest.raises(SettingsError, match=r"did you mean beta\?; known: alpha, beta"):
        adapters.load(family.name, "betta")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("import lgpio_of_nobody", "needs the library lgpio_of_nobody, which is not installed"),
        ("raise ModuleNotFoundError(name='picamera2')", "python3-picamera2"),
        ("raise ModuleNotFoundError(name='lgpio')", "sudo apt install python3-lgpio"),
        ("raise ModuleNotFoundError(name='zbarlight')", "zbarlight>=4,<5"),
        ("raise ImportError('libzbar.so.0', name='zbarlight._zbarlight')", "cannot be loaded"),
    ],
)
def test_a_missing_library_is_named_with_the_command_that_brings_it(
    line: str, told: str, family: Path
) -> None:
    (family / "__init__.py").write_text("")
    (family / "needy.py").write_text(f"{line}\ndef build(settings): ...\n")
    with pytest.raises(SettingsError) as caught:
        adapters.load(family.name, "needy")
    assert told in str(caught.value)


def test_a_missing_file_of_ours_is_a_bug_and_not_a_setting(family: Path) -> None:
    (family / "__init__.py").write_text("")
    (family / "broken.py").write_text("import kiosk.nowhere\ndef build(settings): ...\n")
    with pytest.raises(ModuleNotFoundError):
        adapters.load(family.name, "broken")


@pytest.mark.usefixtures("siren")
def test_one_new_file_is_a_value_a_section_a_pin_and_a_row(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(CONFIG)
    settings = load_settings(path, {}).settings
    assert [each.kind for each in settings.indicators] == ["led", "siren"]
    assert [row.role for row in rows_of(settings)] == ["green LED", "red LED", "siren"]


@pytest.mark.usefixtures("siren")
def test_the_new_file_s_pin_is_checked_against_the_others(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(CONFIG.replace("pin = 6", "pin = 27"))
    with pytest.raises(SettingsError, match=r":16: indicators\.siren\.pin = 27: GPIO 27 is taken"):
        load_settings(path, {})


def test_without_the_file_its_name_is_unknown(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(CONFIG)
    with pytest.raises(SettingsError, match=r'indicators\.use = "siren": no such adapter'):
        load_settings(path, {})


def test_listing_the_real_families_loads_no_device_library() -> None:
    script = (
        "import sys\n"
        "from kiosk.app import adapters as a\n"
        "for family in (a.CAMERAS, a.DECODERS, a.INDICATORS, a.OUTBOXES, a.UPLINKS, a.CLOCKS):\n"
        "    assert a.names(family), family\n"
        "loaded = {'gpiozero', 'picamera2', 'zbarlight', 'zxingcpp', 'paho'} & set(sys.modules)\n"
        "sys.exit(str(loaded) if loaded else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
