"""When a venue is open, by the week: days and hours of local time, without dates.

A span is written `mon-fri 06:00-18:00`, `sat,sun 07:00-11:30` or, for every day, `05:00-10:00`. One
that ends at or before its beginning goes on past midnight.
"""

import re
from dataclasses import dataclass

DAY_S = 86400
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEK_MIN = 7 * 24 * 60
_FIRST_MONDAY_S = 4 * DAY_S
"""1970 began on a Thursday."""
_SPAN = re.compile(r"(?:([a-z,-]+) )?([0-2]\d):([0-5]\d)-([0-2]\d):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Hours:
    """Spans of the week, in minutes since Monday 00:00 local time; an end may be past Sunday."""

    spans: tuple[tuple[int, int], ...]

    def open_at(self, local_s: float) -> bool:
        """Tell whether the venue is open; `local_s` is Unix time plus the offset of local time.

        >>> week = hours_of(["mon-fri 06:00-18:00"])
        >>> week.open_at(4 * 86400 + 6 * 3600), week.open_at(3 * 86400 + 6 * 3600)
        (True, False)
        """
        minute = (local_s - _FIRST_MONDAY_S) % (_WEEK_MIN * 60) / 60
        return any(
            begin <= minute < end or begin <= minute + _WEEK_MIN < end for begin, end in self.spans
        )


def hours_of(texts: list[str] | tuple[str, ...]) -> Hours:
    """Return the hours that these spans say.

    Raises:
        ValueError: One of them is no span; says which, and how one is written.
    """
    return Hours(tuple(span for text in texts for span in _spans(text)))


def _spans(text: str) -> list[tuple[int, int]]:
    match = _SPAN.fullmatch(text.strip().lower())
    if match is None:
        raise ValueError(f"{text!r} is no span; write 'mon-fri 06:00-18:00' or '05:00-10:00'")
    begin_min = _minute(text, match[2], match[3])
    end_min = _minute(text, match[4], match[5])
    if end_min <= begin_min:
        end_min += 24 * 60
    return [(day * 24 * 60 + begin_min, day * 24 * 60 + end_min) for day in _days(text, match[1])]


def _minute(text: str, hour: str, minute: str) -> int:
    found = int(hour) * 60 + int(minute)
    if found > 24 * 60:
        raise ValueError(f"{text!r} has a time after 24:00")
    return found


def _days(text: str, names: str | None) -> list[int]:
    if names is None:
        return list(range(7))
    found: list[int] = []
    for part in names.split(","):
        first, _, last = part.partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            raise ValueError(f"{text!r} names a day that is none of {', '.join(DAYS)}")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        found += [day % 7 for day in range(begin, end + 1 if end >= begin else end + 8)]
    return sorted(set(found))
