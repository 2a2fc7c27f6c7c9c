"""The check-in as it goes over the wire and into the outbox: CloudEvents 1.0, structured JSON.

What we write is strict (`extra="forbid"`, frozen); a reader of the same major version ignores
fields that it does not know. No field can hold a name or a number read from a card: a person is a
`handle`, the same at one site during one key period and unlinkable elsewhere.

Source: CloudEvents 1.0 (attributes `specversion`, `id`, `source`, `type`, `time`); an event is the
same event when `source` and `id` are equal.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from kiosk.door.credential import Assurance
from kiosk.door.rules import Reason, Verdict

TOPIC_ROOT = "kiosk/v1"

TopicLevel = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", min_length=1, max_length=63)
]
"""One level of a topic: lower-case letters, digits and hyphens."""


class Direction(StrEnum):
    """Which way a person passed."""

    IN = "in"
    OUT = "out"


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ClockReading(_Wire):
    """When, as well as the kiosk knows: a Pi has no clock of its own."""

    utc: AwareDatetime = Field(description="The kiosk's own idea of UTC; true only if `trusted`.")
    trusted: bool = Field(description="Whether the clock was synchronised when this was read.")
    boot: str = Field(description="The kernel's boot id: readings of one boot can be compared.")
    mono_ns: int = Field(ge=0, description="Nanoseconds of that boot's monotonic clock.")


class CheckIn(_Wire):
    """What was decided about one presentation."""

    verdict: Verdict
    reason: Reason
    direction: Direction | None = Field(
        description="Which way; null where a refusal at a toggling door has no way."
    )
    kind: str | None = Field(description="The credential's format, or null when it was no card.")
    assurance: Assurance | None
    handle: str | None = Field(
        pattern=r"^[0-9a-f]{32}$",
        description="HMAC-SHA-256 under the site key, 16 bytes in hex; null when it was no card.",
    )
    sealed: str | None = Field(
        default=None,
        description="The identity, readable by the tracing authority only; null without its key.",
    )
    clock: ClockReading


class CheckInEvent(_Wire):
    """A CloudEvent around a check-in."""

    specversion: Literal["1.0"] = "1.0"
    id: str = Field(
        pattern=r"^[0-9a-f]{16}:[1-9][0-9]*$",
        description="`{epoch}:{seq}`: the outbox's random epoch and its gapless number.",
    )
    source: str = Field(
        pattern=r"^kiosk/v1/[a-z0-9-]+/[a-z0-9-]+$", description="`kiosk/v1/{site}/{device}`."
    )
    type: Literal["doorkiosk.checkin.v1"] = "doorkiosk.checkin.v1"
    time: AwareDatetime = Field(description="Equal to `data.clock.utc`.")
    datacontenttype: Literal["application/json"] = "application/json"
    data: CheckIn


@dataclass(frozen=True, slots=True)
class QueuedEvent:
    """A committed event on its way out: its gapless number, its id and its JSON."""

    seq: int
    event_id: str
    body: bytes


def source_of(site: str, device: str) -> str:
    """Return the CloudEvents source, which is also the root of the kiosk's topics.

    >>> source_of("hk-042", "door-1")
    'kiosk/v1/hk-042/door-1'
    """
    return f"{TOPIC_ROOT}/{site}/{device}"


def enclose(check_in: CheckIn, *, source: str, epoch: str, seq: int) -> QueuedEvent:
    """Return the event that numbers `check_in` within `epoch`; its bytes never change again."""
    event = CheckInEvent(
        id=f"{epoch}:{seq}",
        source=source,
        time=check_in.clock.utc.astimezone(UTC),
        data=check_in,
    )
    return QueuedEvent(seq, event.id, event.model_dump_json().encode())


def utc_of(seconds: float) -> datetime:
    """Return Unix time as an aware UTC datetime, to the microsecond."""
    return datetime.fromtimestamp(seconds, UTC)
