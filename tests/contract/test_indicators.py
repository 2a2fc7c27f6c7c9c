"""What every indicator promises, over every adapter, on gpiozero's own mock pins."""

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory, MockPin, MockPWMPin

from kiosk.app.adapters import INDICATORS
from kiosk.errors import IndicatorLost
from kiosk.indicators import OFF, Indicator, Output, PinRole, buzzer, console, led, relay
from tests.parts.families import every, loaded, settings

GREEN, RED, BUZZER, RELAY = 17, 27, 18, 22
EVERYTHING = Output(green=1.0, red=0.25, tone_hz=880, unlocked=True)


class CountedPin(MockPWMPin):  # type: ignore[misc]  # gpiozero is untyped
    """A mock pin that also counts writes which change nothing: on real PWM they are an edge."""

    writes = 0

    def _set_state(self, value: float) -> None:
        self.writes += 1
        super()._set_state(value)

    def _set_frequency(self, value: float | None) -> None:
        self.writes += 1
        super()._set_frequency(value)


class BrokenPin(MockPWMPin):  # type: ignore[misc]  # gpiozero is untyped
    """A pin that the kernel does not let us write to."""

    def _set_state(self, value: float) -> None:
        raise RuntimeError(f"GPIO not allocated, {value} not written")


@pytest.fixture
def pins() -> Iterator[MockFactory]:
    """Give a header of mock pins."""
    factory = MockFactory(pin_class=CountedPin)
    yield factory
    factory.reset()


@pytest.fixture(params=every(INDICATORS))
def indicator(
    request: pytest.FixtureRequest, pins: MockFactory, tmp_path: Path
) -> Iterator[Indicator]:
    """Build one adapter after the other, with the settings of its own."""
    adapter = loaded(INDICATORS, request.param)
    built: Indicator = adapter.build(settings(adapter, tmp_path), pins)
    yield built
    built.close()


def states(pins: MockFactory, number: int) -> list[float]:
    return [state.state for state in pins.pin(number).states]


def driven(pins: MockFactory) -> dict[int, float]:
    """Return the pins that are outputs and not low."""
    return {
        info.name: pin.state
        for info, pin in pins.pins.items()
        if pin.function == "output" and pin.state
    }


def writes(pins: MockFactory) -> int:
    return sum(pin.writes for pin in pins.pins.values())


def test_it_is_off_when_built_and_off_after_off(indicator: Indicator, pins: MockFactory) -> None:
    assert driven(pins) == {}
    indicator.apply(EVERYTHING)
    indicator.apply(OFF)

    assert driven(pins) == {}


def test_it_is_off_and_released_after_close_which_may_come_twice(
    indicator: Indicator, pins: MockFactory
) -> None:
    indicator.apply(EVERYTHING)
    indicator.close()

    assert {pin.function for pin in pins.pins.values()} <= {"input"}
    # It was driven low before it was let go: what floats may stay closed.
    assert [pin for pin in pins.pins.values() if pin.states[-1].state] == []
    indicator.close()


def test_the_same_output_again_writes_nothing(indicator: Indicator, pins: MockFactory) -> None:
    for output in (EVERYTHING, Output(green=0.3, red=0.1, tone_hz=440), OFF):
        indicator.apply(output)
        before = writes(pins)
        indicator.apply(output)
        assert writes(pins) == before


def test_after_close_the_pins_are_free_for_the_next(
    indicator: Indicator, pins: MockFactory, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    indicator.close()
    adapter = loaded(INDICATORS, request.node.callspec.params["indicator"])
    again: Indicator = adapter.build(settings(adapter, tmp_path), pins)
    again.apply(EVERYTHING)
    again.close()


def test_pin_that_cannot_be_driven_is_an_indicator_lost(
    indicator: Indicator, pins: MockFactory
) -> None:
    """Whatever an adapter drives is closed under it, as when a chip is unbound."""
    if not pins.pins:
        pytest.skip("it drives no pin")
    for pin in list(pins.pins.values()):
        pin.close()

    with pytest.raises(IndicatorLost):
        indicator.apply(EVERYTHING)
    indicator.close()


def test_a_pin_that_breaks_while_on_does_not_keep_close_from_ending(
    indicator: Indicator, pins: MockFactory
) -> None:
    indicator.apply(EVERYTHING)
    for pin in list(pins.pins.values()):
        pin.close()
    with contextlib.suppress(IndicatorLost):
        indicator.apply(OFF)

    indicator.close()
    indicator.close()


def test_lights_have_brightness_and_nothing_else(pins: MockFactory) -> None:
    lights = led.build(led.Settings(), pins)
    lights.apply(Output(green=1.0, tone_hz=440, unlocked=True))
    lights.apply(Output(green=0.5, red=0.25))
    lights.apply(Output(red=0.25, unlocked=True))

    assert states(pins, GREEN) == [0, 1.0, 0.5, 0.0]
    assert states(pins, RED) == [0, 0.25]
    assert {info.name for info in pins.pins} == {"GPIO17", "GPIO27"}
    lights.close()


def test_lights_to_the_supply_are_driven_the_other_way_round(pins: MockFactory) -> None:
    lights = led.build(led.Settings(active_high=False), pins)
    green = pins.pin(GREEN)
    assert green.state == 1.0
    for brightness in (1.0, 0.3, 0.7, 0.1, 0.0):
        lights.apply(Output(green=brightness))
        assert green.state == pytest.approx(1 - brightness)
        before = green.writes
        lights.apply(Output(green=brightness))
        assert green.writes == before
    lights.close()


def test_two_lights_on_one_pin_are_refused_and_keep_no_pin(pins: MockFactory) -> None:
    with pytest.raises(IndicatorLost):
        led.build(led.Settings(green_pin=5, red_pin=5), pins)

    led.build(led.Settings(green_pin=5, red_pin=6), pins).close()


def test_a_tone_is_a_frequency_at_half_duty(pins: MockFactory) -> None:
    sounder = buzzer.build(buzzer.Settings(), pins)
    pin = pins.pin(BUZZER)
    played = []
    for tone_hz in (880, 440, 0, 0, 440):
        sounder.apply(Output(green=1.0, tone_hz=tone_hz))
        played.append((pin.frequency if pin.state else 0, pin.state))

    assert played == [(880, 0.5), (440, 0.5), (0, 0), (0, 0), (440, 0.5)]
    sounder.close()
    assert pin.state == 0


@pytest.mark.parametrize(("volume", "duty"), [(0.0, 0.0), (0.2, 0.1), (1.0, 0.5)])
def test_volume_is_the_duty_cycle(pins: MockFactory, volume: float, duty: float) -> None:
    sounder = buzzer.build(buzzer.Settings(volume=volume), pins)
    sounder.apply(Output(tone_hz=1000))

    assert pins.pin(BUZZER).state == duty
    sounder.close()


def test_a_tone_that_failed_is_not_taken_for_sounding(pins: MockFactory) -> None:
    sounder = buzzer.build(buzzer.Settings(), pins)
    pins.pin(BUZZER).close()
    for _ in range(2):
        with pytest.raises(IndicatorLost):
            sounder.apply(Output(tone_hz=880))
    sounder.close()


@pytest.mark.parametrize("active_high", [True, False])
def test_the_relay_is_closed_while_unlocked_only(active_high: bool) -> None:  # noqa: FBT001 - a case
    pins = MockFactory(pin_class=MockPin)  # one with PWM goes low by itself when it is let go
    door = relay.build(relay.Settings(active_high=active_high), pins)
    pin = pins.pin(RELAY)
    seen = [pin.state]
    for unlocked in (False, True, True, False, True):
        door.apply(Output(green=1.0, red=1.0, tone_hz=880, unlocked=unlocked))
        seen.append(pin.state)

    assert [bool(state) == active_high for state in seen] == [False, False, True, True, False, True]
    door.close()
    # Opened by us first, then let go.
    assert bool(pin.states[-1].state) != active_high
    assert pin.function == "input"


@pytest.mark.parametrize("name", every(INDICATORS))
def test_what_a_pin_library_raises_stays_inside(name: str, tmp_path: Path) -> None:
    broken = MockFactory(pin_class=BrokenPin)
    adapter = loaded(INDICATORS, name)
    if not any(
        isinstance(mark, PinRole)
        for field in adapter.Settings.model_fields.values()
        for mark in field.metadata
    ):
        pytest.skip("it drives no pin")

    with pytest.raises(IndicatorLost):
        adapter.build(settings(adapter, tmp_path), broken).apply(EVERYTHING)


def test_the_console_draws_changes_only_and_ends_dark() -> None:
    stream = io.StringIO()
    door = console.ConsoleIndicator(console.Settings(color=False), stream)
    for output in (OFF, EVERYTHING, EVERYTHING):
        door.apply(output)
    door.close()
    door.close()

    lines = stream.getvalue().splitlines()
    assert len(lines) == 2
    assert ("(*) green" in lines[0], "880 Hz" in lines[0], "door open" in lines[0]) == (True,) * 3
    assert "(*)" not in lines[1]


def test_a_closed_terminal_is_an_indicator_lost_and_close_is_quiet() -> None:
    stream = io.StringIO()
    door = console.ConsoleIndicator(console.Settings(), stream)
    door.apply(EVERYTHING)
    stream.close()

    with pytest.raises(IndicatorLost):
        door.apply(Output(red=1.0))
    door.close()
