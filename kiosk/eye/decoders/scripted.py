"""A decoder for tests of the kiosk itself: it reads nothing, and hangs when told to.

It is product code so that the very programs that run at a door can be shown to recover.
"""

import time
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from kiosk.eye.decoders import Symbol, Threshold
from kiosk.eye.frame import Frame


class Settings(BaseModel):
    """Which fault to play."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hang_while: Path | None = Field(
        default=None, description="While this file exists, a decode does not return."
    )


class ScriptedDecoder:
    """Reads nothing; hangs while its file exists."""

    name = "scripted"
    reads_inverted = True

    def __init__(self, settings: Settings) -> None:
        self._hang_while = settings.hang_while

    def decode(
        self,
        frame: Frame,  # noqa: ARG002 - it looks at nothing
        threshold: Threshold = Threshold.LOCAL,  # noqa: ARG002 - the same
        *,
        brief: bool = False,  # noqa: ARG002 - the same
    ) -> list[Symbol]:
        """Return no symbol, late or never."""
        while self._hang_while is not None and self._hang_while.exists():
            time.sleep(0.05)
        return []


def build(settings: Settings) -> ScriptedDecoder:
    """Return the decoder."""
    return ScriptedDecoder(settings)
