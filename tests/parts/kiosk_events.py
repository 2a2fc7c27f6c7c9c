"""What kiosks say to a ledger: events of people who do not exist, as messages."""

import json
from datetime import UTC, datetime, timedelta

from kiosk.door.credential import Assurance
from kiosk.door.event import (
    BootClock,
    CheckIn,
    ClockReading,
    Direction,
    Event,
    enclose,
    enclose_clock,
    source_of,
)
from kiosk.door.rules import Reason, Verdict
from ledger.source import Message

SOURCE = source_of("hk-test", "door-1")
OTHER = source_of("hk-test", "door-2")
EPOCH = "0123456789abcdef"
BOOT = "00000000-0000-4000-8000-000000000001"
BEGIN = datetime(2024, 2, 29, 8, 0, tzinfo=UTC)
NOW_US = int(BEGIN.timestamp()) * 1_000_000


def check_in(
    number: int = 1, *, trusted: bool = True, boot: str = BOOT, expired: bool = False
) -> CheckIn:
    """Return the check-in of the person `number`, that many seconds after its boot and `BEGIN`."""
    return CheckIn(
        verdict=Verdict.ACCEPTED,
        reason=Reason.OK,
        direction=Direction.IN,
        kind="cccd",
        assurance=Assurance.UNSIGNED,
        handle=None if expired else f"{number:032x}",
        expired=expired,
        clock=ClockReading(
            utc=BEGIN + timedelta(seconds=number),
            trusted=trusted,
            boot=boot,
            mono_ns=number * 1_000_000_000,
        ),
    )


def event(
    seq: int, said: CheckIn | BootClock | None = None, source: str = SOURCE, epoch: str = EPOCH
) -> Event:
    """Return event `seq`; without more words the check-in of the person `seq`."""
    if isinstance(said, BootClock):
        return enclose_clock(said, time=BEGIN, source=source, epoch=epoch, seq=seq)
    return enclose(said or check_in(seq), source=source, epoch=epoch, seq=seq)


def message(
    seq: int, said: CheckIn | BootClock | None = None, source: str = SOURCE, epoch: str = EPOCH
) -> Message:
    """Return the same as a broker delivers it."""
    body = event(seq, said, source, epoch).model_dump_json().encode()
    return Message(f"{source}/event/checkin", body)


def status(*, online: bool = True, boot: str | None = BOOT, source: str = SOURCE) -> Message:
    """Return a status as a broker delivers it."""
    clock = None if boot is None else {"boot": boot}
    body = json.dumps({"online": online, "clock": clock}).encode()
    return Message(f"{source}/status", body)
