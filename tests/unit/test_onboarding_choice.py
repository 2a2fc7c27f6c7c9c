"""Which start is a door's, and which an onboarding: the button, the code on the disk, the boot."""

import threading
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory, MockPin

from kiosk.app.onboarding_choice import held_at_start, onboarded
from kiosk.app.settings import Settings, load_run
from kiosk.clock.system import Settings as ClockSettings
from kiosk.clock.system import build
from tests.unit.test_onboarding_settings import left, ready, written

PIN = 23
SHORT_S = 0.05
PATIENCE_S = 20.0


def door(folder: Path, **gpio: object) -> Settings:
    ready(folder)
    left(folder)
    found = load_run(written(folder, gpio={"pins": "mock", **gpio}), {})
    assert isinstance(found, Settings)
    return found


class Pressed(MockPin):  # type: ignore[misc]  # gpiozero leaves it untyped
    """A pin whose button is down already when it is first asked."""

    def _set_pull(self, value: str) -> None:
        super()._set_pull(value)
        self.drive_low()


def test_a_button_that_stays_down_is_held() -> None:
    assert held_at_start(PIN, MockFactory(pin_class=Pressed), SHORT_S)


def test_a_button_that_is_up_is_not() -> None:
    pins = MockFactory()
    pins.pin(PIN).drive_high()
    assert not held_at_start(PIN, pins, SHORT_S)


def test_one_that_is_let_go_within_the_time_is_not() -> None:
    pins = MockFactory(pin_class=Pressed)
    letting_go = threading.Timer(SHORT_S, pins.pin(PIN).drive_high)
    letting_go.start()
    assert not held_at_start(PIN, pins, PATIENCE_S)
    letting_go.join()


@pytest.mark.parametrize("gpio", [{}, {"button_pin": PIN}])
def test_a_door_starts_as_a_door(tmp_path: Path, gpio: dict[str, object]) -> None:
    found = door(tmp_path, **gpio)
    assert onboarded(found, tmp_path / "config.toml", {}) is found


def test_the_boot_that_has_waited_once_does_not_ask_the_button_again(tmp_path: Path) -> None:
    found = door(tmp_path, button_pin=PIN)
    passed = found.onboarding.passed_file
    passed.write_text(build(ClockSettings()).read().boot)
    assert onboarded(found, tmp_path / "config.toml", {}) is found
    assert not passed.exists()
    passed.write_text("another boot")
    assert onboarded(found, tmp_path / "config.toml", {}) is found
    assert not passed.exists()
