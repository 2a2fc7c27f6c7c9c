"""The kiosk's own account of itself: retained, and what its last will contradicts."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from kiosk import __version__
from kiosk.commands.wire import CommandStatus
from kiosk.door.event import ClockReading
from kiosk.door.machine import Passing, Phase
from kiosk.door.signal import Fault


class EyeStatus(BaseModel):
    """What the eye last said of itself; counts since the eye's start."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    camera_ok: bool = Field(description="Whether the camera delivers.")
    frames: int = Field(description="Frames looked at.")
    frames_hz: float | None = Field(
        default=None,
        description="Frames looked at in a second, of late; null until two heartbeats came.",
    )
    frames_read: int = Field(description="Frames with at least one code that was read.")
    codes_read: int = Field(description="Codes read in them.")
    pictures_skipped: int = Field(description="Frames that nobody had time for.")
    sharpness: int = Field(description="Mean difference of neighbouring pixels, in tenths.")
    brightness: int = Field(description="Mean luma, 0 to 255.")
    symbol_px: int = Field(description="Longest side of the last symbol seen, pixels; 0: none.")
    reads: dict[str, int] = Field(description="Frames read, by the way of looking that read them.")
    restarts: int = Field(description="Times this kiosk had to start the eye again.")


class QueueStatus(BaseModel):
    """The outbox."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int = Field(description="Events that it holds.")
    unsent: int = Field(description="Those that no broker has taken over.")
    unacknowledged: int = Field(description="Those that no ledger has stored.")
    oldest_unsent_s: int | None = Field(
        description="How long the oldest unsent event has waited, in seconds of the outbox's own "
        "age; null where none waits."
    )
    trouble: str | None = Field(
        description="What a person should know, such as that a damaged file was set aside."
    )


class DeliveryStatus(BaseModel):
    """The way to the ledger, as the courier sees it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    connected: bool = Field(description="Whether the broker has accepted us.")
    trouble: str | None = Field(description="What is wrong with it, for a person.")
    ledger_online: bool | None = Field(
        description="Whether a ledger stores events; null while nobody has said so."
    )
    drain_hz: float = Field(description="The most events that leave in a second.")
    drain_told: bool = Field(description="Whether the operator set that rate.")
    apart: int = Field(description="Events that the broker refuses for what they are.")


class KeyStatus(BaseModel):
    """The site's key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    period: int | None = Field(
        description="The number of its period; null for a key without periods."
    )
    trouble: str | None = Field(description="What a person should know of it.")


class CertificateStatus(BaseModel):
    """The certificate for the broker, where the kiosk renews it by itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    until_s: int | None = Field(
        description="When it ends, UTC in Unix seconds; null without a certificate."
    )
    trouble: str | None = Field(description="What a person should know of it.")


class ListStatus(BaseModel):
    """One of the operator's lists, or the drain rate; an old one never stops a door by itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int | None = Field(description="The version in use; null where none ever came.")
    issued_s: int | None = Field(description="When it was signed, UTC in Unix seconds.")
    age_s: int | None = Field(
        description="Seconds since then; null while the clock is not trusted."
    )
    entries: int = Field(description="How many it holds; the drain rate 1, withdrawn 0.")
    trouble: str | None = Field(description="What a person should know of it.")


class Status(BaseModel):
    """What is published, retained, at `{source}/status`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = Field(default=1, description="The major version of this form.")
    online: bool = Field(description="False: this is the last will, or the last words.")
    firmware: str = Field(default=__version__, description="The version of the program.")
    uptime_s: int = Field(default=0, description="Seconds since the program's start.")
    phase: Phase | None = Field(default=None, description="Null in the last will.")
    faults: tuple[Fault, ...] = Field(
        default=(), description="What the door shows; the first of them in blinks."
    )
    outbox: QueueStatus | None = Field(default=None, description="Null when it cannot be read.")
    delivery: DeliveryStatus | None = Field(default=None, description="Null in the last will.")
    site_key: KeyStatus | None = Field(default=None, description="Null in the last will.")
    certificate: CertificateStatus | None = Field(
        default=None, description="Null where nothing renews it, and in the last will."
    )
    lists: dict[str, ListStatus] = Field(
        default={},
        description="The operator's lists and the `drain` rate, by name; empty in the last will.",
    )
    direction: Passing | None = Field(
        default=None, description="Which way people pass; null in the last will."
    )
    direction_told: bool = Field(
        default=False, description="Whether the operator told that, and not the settings."
    )
    commands: CommandStatus | None = Field(
        default=None, description="Null where no command is taken, and in the last will."
    )
    background_codes: int = Field(
        default=0, description="Codes that belong to the room and are ignored."
    )
    eye: EyeStatus | None = Field(default=None, description="Null until the eye was heard.")
    clock: ClockReading | None = Field(
        default=None, description="When this was said; whether to believe it; in which boot."
    )
    clock_offset_ns: int | None = Field(
        default=None,
        description="UTC in Unix nanoseconds less the boot's monotonic clock; null until the clock "
        "is trusted.",
    )


OFFLINE = Status(online=False).model_dump_json().encode()
"""The last will, and the last words."""
