"""Check-ins of people who do not exist."""

from datetime import UTC, datetime, timedelta

from kiosk.door.credential import Assurance
from kiosk.door.event import (
    CheckIn,
    ClockReading,
    Direction,
    QueuedEvent,
    enclose,
    queued,
    source_of,
)
from kiosk.door.rules import Reason, Verdict

SOURCE = source_of("hk-test", "door-1")
_BEGIN = datetime(2024, 2, 29, 8, 0, tzinfo=UTC)
_EPOCH = "0123456789abcdef"
_BOOT = "00000000-0000-4000-8000-000000000001"


def mark(number: int) -> str:
    """Return the handle of the person `number`."""
    return f"{number:032x}"


def check_in(number: int = 1) -> CheckIn:
    """Return the check-in of the person `number`, one second after the one before."""
    return CheckIn(
        verdict=Verdict.ACCEPTED,
        reason=Reason.OK,
        direction=Direction.IN,
        kind="cccd",
        assurance=Assurance.UNSIGNED,
        handle=mark(number),
        clock=ClockReading(
            utc=_BEGIN + timedelta(seconds=number),
            trusted=True,
            boot=_BOOT,
            mono_ns=number * 1_000_000_000,
        ),
    )


def events(count: int) -> list[QueuedEvent]:
    """Return the events 1 to `count`, as an outbox would hand them out."""
    return [
        queued(enclose(check_in(seq), source=SOURCE, epoch=_EPOCH, seq=seq), row=seq)
        for seq in range(1, count + 1)
    ]
