"""The two lights: green (this check-in is on disk) and red (everything else)."""

from typing import Annotated

from gpiozero import PWMLED
from gpiozero.pins import Factory
from pydantic import BaseModel, ConfigDict, Field

from kiosk.errors import IndicatorLost
from kiosk.indicators import BcmPin, Output, PinRole, pin_errors, release


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
        self._lights: list[PWMLED] = []
        try:
            with pin_errors("the lights"):
                for pin in (settings.green_pin, settings.red_pin):
                    light = PWMLED(
                        pin,
                        active_high=settings.active_high,
                        initial_value=0,
                        pin_factory=pins,
                    )
                    self._lights.append(light)
        except IndicatorLost:
            # The traceback would keep the first light, and with it the pin.
            self.close()
            raise
        self._shown = [0.0, 0.0]

    def apply(self, output: Output) -> None:
        """Light both as `output` says."""
        with pin_errors("the lights"):
            for place, value in enumerate((output.green, output.red)):
                # Writing the same value again would be one more PWM edge. What the pin says is no
                # measure: inverted, 0.3 comes back as 0.30000000000000004.
                if self._shown[place] != value:
                    self._lights[place].value = value
                    self._shown[place] = value

    def close(self) -> None:
        """Turn both off and release the pins."""
        release(*self._lights)


def build(settings: Settings, pins: Factory) -> LedIndicator:
    """Return the lights, dark."""
    return LedIndicator(settings, pins)
