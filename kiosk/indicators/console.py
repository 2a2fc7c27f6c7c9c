"""Draws the lights in the terminal: the door, for a machine that has none."""

import sys
from contextlib import suppress
from typing import TextIO

from gpiozero.pins import Factory
from pydantic import BaseModel, ConfigDict, Field

from kiosk.errors import IndicatorLost
from kiosk.indicators import OFF, Output, pin_errors

_GREEN, _RED, _DIM, _RESET = "\x1b[1;92m", "\x1b[1;91m", "\x1b[2m", "\x1b[0m"


class Settings(BaseModel):
    """How the lights are drawn."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    color: bool = Field(default=True, description="Draw in colour.")


class ConsoleIndicator:
    """Writes one line for each change of the lights."""

    def __init__(self, settings: Settings, stream: TextIO) -> None:
        self._color = settings.color
        self._stream = stream
        self._shown = OFF

    def apply(self, output: Output) -> None:
        """Draw `output` where it differs from what stands there."""
        if output != self._shown:
            with pin_errors("the terminal"):
                self._write(output)
            self._shown = output

    def close(self) -> None:
        """Draw the dark door, if it was not dark."""
        with suppress(IndicatorLost):
            self.apply(OFF)

    def _write(self, output: Output) -> None:
        tone = f"{output.tone_hz:4d} Hz" if output.tone_hz else "       "
        lock = "  door open" if output.unlocked else ""
        green = self._lamp("green", _GREEN, output.green)
        red = self._lamp("red", _RED, output.red)
        # One write a line: other threads log to the same terminal.
        self._stream.write(f"{green} {red} {tone}{lock}\n")
        self._stream.flush()

    def _lamp(self, name: str, color: str, value: float) -> str:
        text = f"({'*' if value >= 0.5 else '.' if value else ' '}) {name}"
        if not self._color:
            return text
        return f"{color if value else _DIM}{text}{_RESET}"


def build(settings: Settings, pins: Factory) -> ConsoleIndicator:  # noqa: ARG001 - built alike
    """Return the drawing on standard error, where the logs are."""
    return ConsoleIndicator(settings, sys.stderr)
