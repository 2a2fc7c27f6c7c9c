"""The doctor reads the button on mock pins, while somebody does as asked, or does not."""

from collections.abc import Callable, Iterator

import pytest
from gpiozero.pins.mock import MockFactory

from kiosk.app.button import listen
from kiosk.doctor import Mark, Observation
from kiosk.doctor.account import Account
from kiosk.doctor.button import Button, ButtonCheck
from kiosk.doctor.indicators import PINS
from kiosk.errors import IndicatorLost

PIN = 23
NOBODY_RUNS = Account(runs=False)
Ask = Callable[[str], bool | None]


@pytest.fixture
def pins() -> Iterator[MockFactory]:
    factory = MockFactory()
    yield factory
    factory.reset()


def seen(build: Callable[[], Button] | None, ask: Ask) -> Observation:
    (only,) = ButtonCheck(NOBODY_RUNS, build, "GPIO23", ask)()
    return only


def wired(pins: MockFactory) -> Callable[[], Button]:
    return lambda: listen(PIN, pins, None)


def test_a_button_that_does_as_it_should_works_and_its_pin_is_let_go_of(pins: MockFactory) -> None:
    def presses_when_asked(question: str) -> bool:
        (pins.pin(PIN).drive_low if "Hold" in question else pins.pin(PIN).drive_high)()
        return True

    assert seen(wired(pins), presses_when_asked).mark is Mark.FINE
    assert seen(wired(pins), presses_when_asked).found == "works"


def test_a_press_that_does_not_arrive_is_found(pins: MockFactory) -> None:
    found = seen(wired(pins), lambda _: True)
    assert (found.diagnosis, "GPIO23" in str(found.fix)) == ("button.dead", True)


@pytest.mark.parametrize("answer", [True, None])
def test_a_wire_that_touches_ground_is_found_with_nobody_there(
    pins: MockFactory, *, answer: bool | None
) -> None:
    def build() -> Button:
        button: Button = listen(PIN, pins, None)
        pins.pin(PIN).drive_low()
        return button

    assert seen(build, lambda _: answer).diagnosis == "button.stuck"


@pytest.mark.parametrize("answer", [False, None])
def test_who_does_not_press_proves_nothing(pins: MockFactory, *, answer: bool | None) -> None:
    found = seen(wired(pins), lambda _: answer)
    assert (found.mark, "nobody was asked" in found.found) == (Mark.FINE, True)


def test_a_pin_that_cannot_be_had_is_the_header_s_fault() -> None:
    def lost() -> Button:
        raise IndicatorLost("the button cannot be driven: busy")

    assert seen(lost, lambda _: True).diagnosis == PINS.name


def test_a_door_without_one_is_not_examined() -> None:
    assert seen(None, lambda _: True).mark is Mark.SKIPPED
