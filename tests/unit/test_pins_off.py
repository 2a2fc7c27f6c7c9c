"""The note by which `kiosk off` turns pins off before it reads the settings.

That the pins do go off is measured on a kernel's chip: tests/device/pi/test_gpio.py.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory, MockPWMPin

from kiosk.app import pins_off
from kiosk.indicators import Indicator, Output, buzzer, led, relay


class Chip(MockFactory):  # type: ignore[misc]  # gpiozero is untyped
    """Mock pins that say which chip they are of, as lgpio's do."""

    chip = 4


@pytest.fixture
def pins() -> Iterator[Chip]:
    factory = Chip(pin_class=MockPWMPin)
    yield factory
    factory.reset()


def noted(folder: Path) -> list[str]:
    return (folder / "pins-off").read_text("ascii").splitlines()


def test_the_note_is_the_chip_and_each_output_with_its_level_when_off(
    pins: Chip, tmp_path: Path
) -> None:
    devices: list[Indicator] = [
        led.build(led.Settings(active_high=False), pins),
        buzzer.build(buzzer.Settings(), pins),
        relay.build(relay.Settings(active_high=False), pins),
    ]
    pins_off.leave_note(pins, {"RUNTIME_DIRECTORY": str(tmp_path)})
    chip, *lines = noted(tmp_path)
    assert (chip, sorted(lines)) == ("4", ["17 1", "18 0", "22 1", "27 1"])
    for device in devices:
        device.apply(Output(green=1, red=1, tone_hz=440, unlocked=True))
        device.close()


def test_without_a_runtime_folder_or_a_chip_nothing_is_noted(pins: Chip, tmp_path: Path) -> None:
    device = relay.build(relay.Settings(), pins)
    pins_off.leave_note(pins, {})
    pins_off.leave_note(MockFactory(), {"RUNTIME_DIRECTORY": str(tmp_path)})
    assert [*tmp_path.iterdir()] == []
    device.close()


def test_a_note_that_cannot_be_written_stops_no_door(pins: Chip, tmp_path: Path) -> None:
    pins_off.leave_note(pins, {"RUNTIME_DIRECTORY": str(tmp_path / "absent")})
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("text", [None, "", "no chip\n", "99\n17 0\n", "0\nseventeen\n"])
def test_a_note_that_helps_nobody_stops_nobody(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "pins-off").write_text(text, "ascii")
    before = [*tmp_path.iterdir()]
    pins_off.turn_off({"RUNTIME_DIRECTORY": str(tmp_path)})
    pins_off.turn_off({})
    # lgpio, where it is installed, leaves nothing here.
    assert [*tmp_path.iterdir()] == before
