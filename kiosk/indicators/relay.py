"""The relay that lets the door be opened: closed while unlocked, open in every other state."""

from typing import Annotated

from gpiozero import OutputDevice
from gpiozero.pins import Factory
from pydantic import BaseModel, ConfigDict, Field

from kiosk.indicators import BcmPin, Output, PinRole, pin_errors, release


class Settings(BaseModel):
    """Where the relay is wired."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pin: Annotated[BcmPin, PinRole("door relay")] = Field(
        default=22, description="GPIO of the relay module's input."
    )
    active_high: bool = Field(
        default=True, description="False for relay modules that close on a low input."
    )


class RelayIndicator:
    """One pin through gpiozero; without power the door is as it was wired to be."""

    def __init__(self, settings: Settings, pins: Factory) -> None:
        with pin_errors("the relay"):
            self._relay = OutputDevice(
                settings.pin,
                active_high=settings.active_high,
                initial_value=False,
                pin_factory=pins,
            )

    def apply(self, output: Output) -> None:
        """Close the relay while unlocked."""
        with pin_errors("the relay"):
            if bool(self._relay.value) != output.unlocked:
                self._relay.value = output.unlocked

    def close(self) -> None:
        """Open the relay and release the pin."""
        release(self._relay)


def build(settings: Settings, pins: Factory) -> RelayIndicator:
    """Return the relay, open."""
    return RelayIndicator(settings, pins)
