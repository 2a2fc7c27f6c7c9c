"""The buzzer: a passive piezo played as tones, so that each answer sounds like itself."""

from typing import Annotated

from gpiozero import PWMOutputDevice
from gpiozero.pins import Factory
from pydantic import BaseModel, ConfigDict, Field

from kiosk.indicators import BcmPin, Output, PinRole, pin_errors, release


class Settings(BaseModel):
    """Where the buzzer is wired, and how loud it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pin: Annotated[BcmPin, PinRole("buzzer")] = Field(
        default=18, description="GPIO of the passive buzzer, through an NPN transistor."
    )
    volume: float = Field(
        default=1.0,
        ge=0.0,
        le=1.0,
        description="1 is a square wave's full swing (half duty); 0 is silent.",
    )


class BuzzerIndicator:
    """One PWM pin through gpiozero; `frequency` is the tone, the duty cycle its loudness."""

    def __init__(self, settings: Settings, pins: Factory) -> None:
        self._duty = settings.volume / 2
        with pin_errors("the buzzer"):
            self._buzzer = PWMOutputDevice(settings.pin, initial_value=0, pin_factory=pins)
        self._tone_hz = 0

    def apply(self, output: Output) -> None:
        """Sound `output.tone_hz`, or be silent."""
        if output.tone_hz == self._tone_hz:
            return
        with pin_errors("the buzzer"):
            if output.tone_hz:
                self._buzzer.frequency = output.tone_hz
            self._buzzer.value = self._duty if output.tone_hz else 0
        self._tone_hz = output.tone_hz

    def close(self) -> None:
        """Be silent and release the pin."""
        release(self._buzzer)


def build(settings: Settings, pins: Factory) -> BuzzerIndicator:
    """Return the buzzer, silent."""
    return BuzzerIndicator(settings, pins)
