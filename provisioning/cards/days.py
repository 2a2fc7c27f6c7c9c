"""Days as the ward counts them: those of Vietnam, which has one time zone and no summer time."""

import re
from datetime import UTC, date, datetime, timedelta, timezone

ZONE = timezone(timedelta(hours=7))
LAST = date(2099, 12, 31)
"""The last day on which a card can be valid; beyond it stands nothing but a typing error."""
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_DAY_FIRST = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")


def start_s(day: date) -> int:
    """Return when `day` begins, UTC in Unix seconds.

    >>> start_s(date(2026, 9, 21))
    1789923600
    """
    return int(datetime(day.year, day.month, day.day, tzinfo=ZONE).timestamp())


def day_of(utc_s: float) -> date:
    """Return the day at that moment.

    >>> day_of(1789923600), day_of(1789923599)
    (datetime.date(2026, 9, 21), datetime.date(2026, 9, 20))
    """
    return datetime.fromtimestamp(utc_s, UTC).astimezone(ZONE).date()


def last_day(until_s: int) -> date:
    """Return the last day of a validity, whose last second is not in it."""
    return day_of(until_s - 1)


def read(text: str) -> date | None:
    """Return the day that somebody wrote: year first, or day first as in Vietnam.

    >>> read("2026-9-1") == read("1/9/2026") == date(2026, 9, 1)
    True
    >>> read("31/2/2026") is read("tomorrow") is None
    True
    """
    if found := _ISO.fullmatch(text):
        year, month, day = map(int, found.groups())
    elif found := _DAY_FIRST.fullmatch(text):
        day, month, year = map(int, found.groups())
    else:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def shown(day: date) -> str:
    """Return a day as residents read it.

    >>> shown(date(2026, 9, 1))
    '01/09/2026'
    """
    return f"{day:%d/%m/%Y}"
