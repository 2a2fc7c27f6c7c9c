"""The kiosk's own account of itself: retained, and what its last will contradicts."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from kiosk import __version__
from kiosk.door.event import ClockReading
from kiosk.door.machine import Phase
from kiosk.door.signal import Fault


class EyeStatus(BaseModel):
    """What the eye last said of itself; counts since the eye's start."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    camera_ok: bool
    frames: int
    frames_read: int
    codes_read: int
    pictures_skipped: int
    sharpness: int
    brightness: int
    symbol_px: int = Field(description="Longest side of the last symbol seen, pixels; 0: none.")
    reads: dict[str, int] = Field(description="Frames read, by the way of looking that read them.")
    restarts: int = Field(description="Times this kiosk had to start the eye again.")


class QueueStatus(BaseModel):
    """The outbox."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int
    unsent: int


class Status(BaseModel):
    """What is published, retained, at `{source}/status`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    online: bool
    firmware: str = __version__
    phase: Phase | None = None
    faults: tuple[Fault, ...] = ()
    outbox: QueueStatus | None = Field(default=None, description="Null when it cannot be read.")
    delivery_trouble: str | None = None
    background_codes: int = Field(
        default=0, description="Codes that belong to the room and are ignored."
    )
    eye: EyeStatus | None = None
    clock: ClockReading | None = None


OFFLINE = Status(online=False).model_dump_json().encode()
"""The last will, and the last words."""
