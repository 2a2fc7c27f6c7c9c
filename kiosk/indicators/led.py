"""The two lights: green (this check-in is on disk) and red (everything else)."""

from typing import Annotated

from gpiozero import PWMLED
from pydantic import BaseModel, ConfigDict, Field

from kiosk.indicators import BcmPin, Factory, Output, PinRole, pin_errors


class Settings(BaseModel):
    """Where the lights are wired."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    green_pin: Annotated[BcmPin, PinRole("green LED")] = Field(
        default=17, description="GPIO of the green LED, through 330 ohm to ground."
    )
    red_pin: Annotated[BcmPin, PinRole("red LED")] = Field(
        default=27, description="GPIO of the red LED, through 330 ohm to ground."
    )
    active_high: bool = Field(
        default=True, description="False where the LED hangs between the pin and 3.3 V."
    )


class LedIndicator:
    """Two PWM pins through gpiozero."""

    def __init__(self, settings: Settings, pins: Factory) -> None:
        with pin_errors("the lights"):
            self._lights = [
                PWMLED(pin, active_high=settings.active_high, initial_value=0, pin_factory=pins)
                for pin in (settings.green_pin, settings.red_pin)
            ]

    def apply(self, output: Output) -> None:
        """Light both as `output` says."""
        with pin_errors("the lights"):
            for light, value in zip(self._lights, (output.green, output.red), strict=True):
                # Writing the same value again would be one more PWM edge.
                if light.value != value:
                    light.value = value

    def close(self) -> None:
        """Turn both off and release the pins."""
        for light in self._lights:
            light.close()


def build(settings: Settings, pins: Factory) -> LedIndicator:
    """Return the lights, dark."""
    return LedIndicator(settings, pins)
