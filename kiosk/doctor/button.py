"""The button inside the box: open when nobody presses it, closed while somebody does."""

from collections.abc import Callable, Iterable
from typing import Protocol

from kiosk.doctor import Diagnosis, Mark, Observation, fine, skipped
from kiosk.doctor.account import Account
from kiosk.doctor.indicators import PINS, PINS_REMEDY, Ask
from kiosk.errors import KioskError

STUCK = Diagnosis(
    "button.stuck",
    Mark.FAULT,
    "the button is closed though nobody presses it",
    "unplug the button: if it is open then, replace it; else the wire at {wires} touches ground",
)
DEAD = Diagnosis(
    "button.dead",
    Mark.FAULT,
    "a press does not arrive",
    "check the button's wires ({wires}): one to that pin, one to ground, nothing between them",
)
_FREE = "Let go of the button. Is it free?"
_HELD = "Hold the button down. Is it down?"


class Button(Protocol):
    """A button that is read."""

    @property
    def is_pressed(self) -> bool:
        """Whether its pin is at ground now."""

    def close(self) -> None:
        """Let go of the pin."""


class ButtonCheck:
    """Whether presses arrive. `build` takes the pin; None: this door has no button."""

    name = "button"
    after: tuple[str, ...] = ("indicators.pins",)

    def __init__(
        self, account: Account, build: Callable[[], Button] | None, wires: str, ask: Ask
    ) -> None:
        self._account = account
        self._build = build
        self._wires = wires
        self._ask = ask

    def __call__(self) -> Iterable[Observation]:
        """Read it, free and held down."""
        if self._build is None:
            yield skipped(self.name, "this door has none: gpio.button_pin is not set")
            return
        if self._account.runs:
            yield skipped(self.name, "the running kiosk has its pin; press it: every signal shows")
            return
        try:
            button = self._build()
        except KioskError as error:
            yield PINS.found(str(error), remedy=PINS_REMEDY)
            return
        try:
            yield self._tried(button)
        finally:
            button.close()

    def _tried(self, button: Button) -> Observation:
        free = self._ask(_FREE)
        if free is not False and button.is_pressed:
            return STUCK.found("it is closed, and nobody presses it", wires=self._wires)
        if not free or not self._ask(_HELD):
            return fine(self.name, "it is open; nobody was asked to press it")
        if not button.is_pressed:
            return DEAD.found("somebody holds it down, and it is open", wires=self._wires)
        return fine(self.name, "works")
