"""Dates as cards print them: whole or in part, and only such as there are."""

from kiosk.errors import PayloadError

_YEARS = range(1850, 2200)


def check_date(what: str, year: int, month: int | None = None, day: int | None = None) -> None:
    """Return when there is such a date; a month or a day may be missing.

    Raises:
        PayloadError: There is no such year, month or day; `what` names the field.

    >>> check_date("birth date", 1996, 2, 29)
    >>> check_date("birth date", 1900, 2, 29)
    Traceback (most recent call last):
    kiosk.errors.PayloadError: birth date: no such day
    """
    if year not in _YEARS:
        raise PayloadError(f"{what}: no such year")
    if month is None:
        return
    if not 1 <= month <= 12:
        raise PayloadError(f"{what}: no such month")
    if day is not None and not 1 <= day <= _days(month, year):
        raise PayloadError(f"{what}: no such day")


def _days(month: int, year: int) -> int:
    if month == 2:
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        return 29 if leap else 28
    return 30 if month in (4, 6, 9, 11) else 31
