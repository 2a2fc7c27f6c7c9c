"""What goes between kiosk and ledger: events as CloudEvents 1.0 (structured JSON), and answers.

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

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from kiosk.door.credential import Assurance
from kiosk.door.rules import Flag, Reason, Verdict

TOPIC_ROOT = "kiosk/v1"
LEDGER_TOPIC = f"{TOPIC_ROOT}/ledger"

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
    flags: tuple[Flag, ...] = Field(
        default=(),
        max_length=8,
        description="What was not as it should be when somebody passed all the same.",
    )
    direction: Direction | None = Field(
        description="Which way; null where a refusal at a toggling door has no way."
    )
    kind: str | None = Field(description="The credential's format, or null when it was no card.")
    assurance: Assurance | None
    handle: str | None = Field(
        pattern=r"^[0-9a-f]{32}$",
        description="HMAC-SHA-256 under the site key, 16 bytes in hex; null when it was no card.",
    )
    period: int | None = Field(
        default=None,
        ge=0,
        description="The number of the key period whose site key made `handle`; null without one, "
        "and where the site key has no periods.",
    )
    sealed: str | None = Field(
        default=None,
        description="The identity, readable by the tracing authority only; null without its key.",
    )
    expired: bool = Field(
        default=False,
        description="Whether retention ended before delivery, or the person was erased: `handle` "
        "and `sealed` were blanked, the number is kept so that nothing looks lost.",
    )
    clock: ClockReading


class BootClock(_Wire):
    """What a boot's monotonic clock means, told once after its first synchronisation."""

    boot: str = Field(description="The kernel's boot id.")
    offset_ns: int = Field(
        description="UTC in Unix nanoseconds less the monotonic clock of that boot: what to add to "
        "`mono_ns` of every event of that boot."
    )


class _CloudEvent(_Wire):
    specversion: Literal["1.0"] = "1.0"
    id: str = Field(
        pattern=r"^[0-9a-f]{16}:[1-9][0-9]*$",
        description="`{epoch}:{seq}`: the outbox's random epoch and its gapless number.",
    )
    source: str = Field(
        pattern=r"^kiosk/v1/[a-z0-9-]+/[a-z0-9-]+$", description="`kiosk/v1/{site}/{device}`."
    )
    time: AwareDatetime = Field(description="The kiosk's own idea of UTC.")
    datacontenttype: Literal["application/json"] = "application/json"


class CheckInEvent(_CloudEvent):
    """A CloudEvent around a check-in; `time` equals `data.clock.utc`."""

    type: Literal["doorkiosk.checkin.v1"] = "doorkiosk.checkin.v1"
    data: CheckIn


class ClockEvent(_CloudEvent):
    """A CloudEvent around a boot's clock; numbered in the same series as check-ins."""

    type: Literal["doorkiosk.clock.v1"] = "doorkiosk.clock.v1"
    data: BootClock


Event = CheckInEvent | ClockEvent

Epoch = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]


class Acknowledgement(_Wire):
    """What the ledger holds of one kiosk: retained at `{source}/ack`."""

    epochs: dict[Epoch, Annotated[int, Field(ge=0)]] = Field(
        max_length=256,
        description="For each epoch the highest number up to which nothing is missing. A number "
        "lower than before asks for everything above it again.",
    )


class LedgerPresence(_Wire):
    """Whether somebody stores events: retained at `LEDGER_TOPIC`, and its last will."""

    online: bool


class EventName(StrEnum):
    """The last level of an event's topic, `{source}/event/{name}`."""

    CHECK_IN = "checkin"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class QueuedEvent:
    """A committed event on its way out.

    `seq` is its gapless number within its epoch; `row` its place in this outbox, which may hold
    events of an earlier epoch too.
    """

    seq: int
    event_id: str
    body: bytes
    name: EventName = EventName.CHECK_IN
    row: int = 0


_EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="type")])


def source_of(site: str, device: str) -> str:
    """Return the CloudEvents source, which is also the root of the kiosk's topics.

    >>> source_of("hk-042", "door-1")
    'kiosk/v1/hk-042/door-1'
    """
    return f"{TOPIC_ROOT}/{site}/{device}"


def enclose(check_in: CheckIn, *, source: str, epoch: str, seq: int) -> CheckInEvent:
    """Return the event that numbers `check_in` within `epoch`; it never changes again."""
    return CheckInEvent(
        id=f"{epoch}:{seq}",
        source=source,
        time=check_in.clock.utc.astimezone(UTC),
        data=check_in,
    )


def enclose_clock(
    boot_clock: BootClock, *, time: datetime, source: str, epoch: str, seq: int
) -> ClockEvent:
    """Return the event that numbers `boot_clock` within `epoch`."""
    return ClockEvent(
        id=f"{epoch}:{seq}", source=source, time=time.astimezone(UTC), data=boot_clock
    )


def queued(event: Event, row: int) -> QueuedEvent:
    """Return `event` as the bytes that are stored and sent."""
    name = EventName.CHECK_IN if isinstance(event, CheckInEvent) else EventName.CLOCK
    seq = int(event.id.partition(":")[2])
    return QueuedEvent(seq, event.id, event.model_dump_json().encode(), name, row)


def read_event(body: bytes) -> Event:
    """Return an event as a reader takes it: fields that it does not know are ignored.

    Raises:
        ValueError: It is no event of this major version.
    """
    return _EVENT.validate_json(body, extra="ignore")


def utc_of(seconds: float) -> datetime:
    """Return Unix time as an aware UTC datetime, to the microsecond."""
    return datetime.fromtimestamp(seconds, UTC)
