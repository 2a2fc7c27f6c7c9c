"""A decoder that eats memory: put beside the real ones, it shows what the eye's unit allows.

It eats while a file says so, as a damaged decoder does with one picture and not with the next.
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

HUNGRY = Path("/run/pictures/hungry")
_MOUTHFUL_BYTES = 64 * 1024 * 1024


class Settings(BaseModel):
    """Nothing to set."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Glutton:
    """Reads nothing; eats."""

    name = "glutton"
    reads_inverted = True

    def __init__(self) -> None:
        self._eaten: list[bytearray] = []

    def decode(self, *_frame: object, **_how: object) -> list[object]:
        """Return no symbol; while hungry, keep some more memory each time."""
        if HUNGRY.exists():
            # Zeros that nobody wrote would be no memory yet.
            self._eaten.append(bytearray(b"\x01") * _MOUTHFUL_BYTES)
        return []


def build(_settings: Settings) -> Glutton:
    """Return the decoder."""
    return Glutton()
