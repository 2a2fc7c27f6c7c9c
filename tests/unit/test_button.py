"""The button inside the box: a press is told once, and the pin is nobody else's."""

from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory

from kiosk.app.button import listen
from kiosk.app.inbox import ButtonPressed
from kiosk.app.settings import load_settings
from kiosk.app.wiring_plan import rows_of
from kiosk.door.cues import ShowAll
from kiosk.door.event import source_of
from kiosk.errors import IndicatorLost, SettingsError
from kiosk.outbox.memory import MemoryOutbox
from kiosk.outbox.memory import Settings as MemorySettings
from tests.scenario.doorway import Doorway
from tests.unit.test_wiring_plan import TEXT

PIN = 23


def config(folder: Path, pin: int) -> Path:
    path = folder / "config.toml"
    path.write_text(TEXT.replace('pins = "mock"', f'pins = "mock"\nbutton_pin = {pin}'), "utf-8")
    return path


def test_a_press_is_told_once_and_letting_go_is_not() -> None:
    pins, heard = MockFactory(), list[str]()
    button = listen(PIN, pins, lambda: heard.append("pressed"))
    try:
        assert pins.pin(PIN).pull == "up"
        pins.pin(PIN).drive_low()
        assert heard == ["pressed"]
        pins.pin(PIN).drive_high()
        pins.pin(PIN).drive_low()
        assert heard == ["pressed", "pressed"]
    finally:
        button.close()


def test_a_closed_button_tells_nothing_and_frees_its_pin() -> None:
    pins, heard = MockFactory(), list[str]()
    listen(PIN, pins, lambda: heard.append("pressed")).close()
    pins.pin(PIN).drive_low()
    assert heard == []
    listen(PIN, pins, lambda: None).close()


def test_a_pin_that_is_in_use_is_said() -> None:
    pins = MockFactory()
    first = listen(PIN, pins, lambda: None)
    try:
        with pytest.raises(IndicatorLost, match="the button cannot be driven"):
            listen(PIN, pins, lambda: None)
    finally:
        first.close()


def test_the_door_shows_every_signal_in_turn_and_records_nothing() -> None:
    door = Doorway(MemoryOutbox(MemorySettings(), source_of("hk-042", "door-1"))).open()
    door.kiosk.take(ButtonPressed())
    assert door.trace == [ShowAll()]


def test_the_wiring_has_a_row_for_it(tmp_path: Path) -> None:
    rows = rows_of(load_settings(config(tmp_path, PIN), {}).settings)
    (row,) = [row for row in rows if row.role == "button"]
    assert (row.header_pin, row.key) == (16, "gpio.button_pin")


def test_a_pin_of_an_indicator_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"GPIO 21 is taken by indicators\.led\.green_pin"):
        load_settings(config(tmp_path, 21), {})
