"""An event as a row, and the time that it gets.

A Pi has no clock of its own. An event that was told with a trusted clock has its time. Any other
gets it from its boot: the monotonic clock plus that boot's offset, once it is known; until then,
and for ever where a boot never synchronised, it has none and keeps its place in the order.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any

from kiosk.door.event import CheckInEvent
from ledger.reading import Received

_UNIX = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_S = 86_400

Row = tuple[Any, ...]
"""Values in the order of `tables.EVENT_COLUMNS`."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """When a batch came in."""

    us: int
    day: date

    @classmethod
    def at(cls, now_us: int) -> "Receipt":
        """Return the receipt at Unix microseconds."""
        return cls(now_us, (_UNIX + timedelta(microseconds=now_us)).date())


def micros(moment: datetime) -> int:
    """Return Unix microseconds, exactly.

    >>> micros(datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC))
    1000005
    """
    since = moment - _UNIX
    # Not divided by a microsecond: that costs three times as much, and there are many.
    return (since.days * _DAY_S + since.seconds) * 1_000_000 + since.microseconds


def corrected_us(mono_ns: int, offset_ns: int) -> int:
    """Return Unix microseconds of a reading of a boot's monotonic clock."""
    return (mono_ns + offset_ns) // 1000


def untrusted_boots(received: Iterable[Received]) -> set[tuple[str, str]]:
    """Return source and boot of the check-ins whose time must come from their boot."""
    return {
        (each.source, each.event.data.clock.boot)
        for each in received
        if isinstance(each.event, CheckInEvent) and not each.event.data.clock.trusted
    }


def row_of(
    each: Received, series_id: int, receipt: Receipt, offsets: Mapping[tuple[str, str], int]
) -> Row:
    """Return the row of an event; `offsets` are nanoseconds by source and boot."""
    event = each.event
    head = (series_id, each.seq, receipt.day, receipt.us, each.digest)
    if not isinstance(event, CheckInEvent):
        utc_us = micros(event.time)
        nothing = (None,) * 9
        return (*head, "clock", *nothing, False, event.data.boot, None, utc_us, True, utc_us)
    data, clock = event.data, event.data.clock
    told_us = micros(clock.utc)
    at_us: int | None = told_us
    if not clock.trusted:
        offset_ns = offsets.get((each.source, clock.boot))
        at_us = None if offset_ns is None else corrected_us(clock.mono_ns, offset_ns)
    return (
        *head,
        "checkin",
        _word(data.verdict),
        _word(data.reason),
        _words(data.flags),
        _word(data.direction),
        data.kind,
        _word(data.assurance),
        data.handle,
        data.period,
        data.sealed,
        data.expired,
        clock.boot,
        clock.mono_ns,
        told_us,
        clock.trusted,
        at_us,
    )


@cache
def _word(word: StrEnum | None) -> str | None:
    """Return what is stored of a word; asked of the enumeration, it takes as long as a row."""
    return None if word is None else word.value


@cache
def _words(words: tuple[StrEnum, ...]) -> str | None:
    """Return the same for several."""
    return " ".join(word.value for word in words) or None
