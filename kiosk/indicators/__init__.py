"""Indicators: how the door shows its answer. The file name is the entry in `indicators.use`.

An indicator is one module with a frozen `Settings` model, a class that keeps this contract, and
`build(settings, pins) -> Indicator`. gpiozero's own mock pins run the very same classes anywhere.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Protocol

from pydantic import Field

from kiosk.errors import IndicatorLost

if TYPE_CHECKING:
    # The settings need the names above an indicator, the eye too, and neither needs a pin.
    from gpiozero import OutputDevice


@dataclass(frozen=True, slots=True)
class PinRole:
    """Marks a settings field as a GPIO pin, for the wiring drawing and the check for doubles."""

    label: str


BcmPin = Annotated[int, Field(ge=2, le=27)]
"""A GPIO number as Broadcom counts them (not the header's); 0 and 1 belong to the HAT's EEPROM."""


@dataclass(frozen=True, slots=True)
class Output:
    """What everything at the door does now; brightness 0 to 1, `tone_hz` 0 is silence."""

    green: float = 0.0
    red: float = 0.0
    tone_hz: int = 0
    unlocked: bool = False


OFF = Output()
"""The fail-safe state: dark, silent, locked."""

__all__ = ["OFF", "BcmPin", "Indicator", "Output", "PinRole", "pin_errors", "release"]


@contextmanager
def pin_errors(what: str) -> Iterator[None]:
    """Turn whatever a pin library raises into `IndicatorLost`."""
    try:
        yield
    except Exception as error:  # lgpio's error class derives from Exception and nothing else
        raise IndicatorLost(f"{what} cannot be driven: {error}") from error


def release(*devices: "OutputDevice") -> None:
    """Turn each device off, then let go of its pin; never raises.

    A pin that is let go of floats. What hangs on it might stay on, so it is driven off first.
    """
    for device in devices:
        with suppress(Exception):
            device.off()
        with suppress(Exception):
            device.close()


class Indicator(Protocol):
    """Shows its part of an `Output`; called by the player thread only, after construction.

    Contract, held by `tests/contract/test_indicators.py` for every adapter: off when built; off
    after `close`, which may be called twice; parts of an output that it does not have are ignored.
    """

    def apply(self, output: Output) -> None:
        """Show `output` until the next one. Returns within 10 ms.

        Raises:
            IndicatorLost: The device cannot be driven.
        """

    def close(self) -> None:
        """Turn off and release the pins. Never raises."""
