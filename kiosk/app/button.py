"""The button inside the box: a press is told to the main thread, on a thread of gpiozero's."""

from collections.abc import Callable

from gpiozero import Button
from gpiozero.pins import Factory

from kiosk.indicators import pin_errors

_BOUNCE_S = 0.05
"""A press shorter than this is a bounce, or a wire that hums."""


def listen(pin: int, pins: Factory, pressed: Callable[[], None] | None) -> Button:
    """Return the button at GPIO `pin`, wired to ground; each press calls `pressed` once.

    Raises:
        SettingsError: The pin cannot be used.
    """
    with pin_errors("the button"):
        button = Button(pin, pull_up=True, bounce_time=_BOUNCE_S, pin_factory=pins)
        if pressed is not None:
            button.when_pressed = pressed
    return button
