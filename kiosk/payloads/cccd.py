"""The citizen ID card: the chip card of 2021 (7 fields) and the căn cước of 2024 (11 fields).

`number|old number|name|birth ddMMyyyy|sex|address|issued ddMMyyyy`, on the 2024 card followed by
four more fields that have been empty on every adult's card seen. UTF-8 without ECI. Only the
number is kept: identity rests on the ASCII number, never on the name. Empty fields are never
dropped, because dropping one shifts every field behind it.

Source: field order and collisions as collected in the design's reference on payloads; the number's
structure (3 digits province, 1 digit century and sex, 2 digits birth year, 6 random) is that of
Circular 59/2021/TT-BCA.
"""

import re

from kiosk.door.credential import Credential
from kiosk.errors import PayloadError

_NUMBER = re.compile(rb"[0-9]{12}")
_FORMER_NUMBER = re.compile(rb"([0-9]{9}|[0-9]{12})?")
# A birth date may be partial: a year, or a month and a year. An issue date is whole.
_BIRTH = re.compile(rb"([0-9]{4}|[0-9]{6}|[0-9]{8})")
_ISSUED = re.compile(rb"[0-9]{8}")
_SEXES = (b"Nam", "Nữ".encode())
_FIELDS = (7, 11)
_RECOGNISED_BY = 5
"""Fields up to the sex: enough to know a card that was cut off."""


def parse(raw: bytes) -> Credential | None:
    """Return the credential on a citizen ID card, or None when `raw` is no such card.

    Raises:
        PayloadError: It is laid out as one, and a field breaks the format. The message names the
            field and never its content.

    >>> parse("001090000001||Nguyễn Văn An|01011990|Nam|Hoàn Kiếm, Hà Nội|15042021".encode()).kind
    'cccd'
    >>> parse("001090000001||Nguyễn Văn An|32011990|Nam|Hoàn Kiếm, Hà Nội|15042021".encode())
    Traceback (most recent call last):
    kiosk.errors.PayloadError: birth date: no such day
    """
    # Some printers of copies end the text with a line; a card's own fields hold none.
    fields = raw.rstrip(b"\r\n").split(b"|")
    if len(fields) < _RECOGNISED_BY or not _NUMBER.fullmatch(fields[0]):
        return None
    if fields[4] not in _SEXES:
        # Other pipe-separated formats begin alike; the sex field is what only this one has here.
        return None
    if len(fields) not in _FIELDS:
        raise PayloadError(f"{len(fields)} fields: a citizen ID card has 7 or 11")
    number, former, name, birth, sex, _, issued = fields[:7]
    if not _FORMER_NUMBER.fullmatch(former):
        raise PayloadError("former number: neither empty nor 9 or 12 digits")
    if not name.strip():
        raise PayloadError("name: empty")
    _check_text(raw)
    _check_date(birth, _BIRTH, "birth date")
    _check_date(issued, _ISSUED, "issue date")
    _check_number(number, birth, sex)
    return Credential("cccd", number.decode("ascii"))


def _check_text(raw: bytes) -> None:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        raise PayloadError("text: not UTF-8") from None


def _check_date(digits: bytes, pattern: re.Pattern[bytes], what: str) -> None:
    if not pattern.fullmatch(digits):
        raise PayloadError(f"{what}: not a date in digits")
    year = int(digits[-4:])
    if not 1850 <= year <= 2199:
        raise PayloadError(f"{what}: no such year")
    if len(digits) >= 6 and not 1 <= int(digits[-6:-4]) <= 12:
        raise PayloadError(f"{what}: no such month")
    if len(digits) == 8 and not 1 <= int(digits[:2]) <= _days(int(digits[2:4]), year):
        raise PayloadError(f"{what}: no such day")


def _days(month: int, year: int) -> int:
    if month == 2:
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        return 29 if leap else 28
    return 30 if month in (4, 6, 9, 11) else 31


def _check_number(number: bytes, birth: bytes, sex: bytes) -> None:
    """Compare the number with the fields that it repeats: century, sex and birth year.

    Digit 4 is 0 or 1 for a man or woman born 1900-1999, 2 or 3 for 2000-2099, and so on.
    """
    year = int(birth[-4:])
    if int(number[4:6]) != year % 100:
        raise PayloadError("number: does not match the birth year")
    century, woman = divmod(int(number[3:4]), 2)
    if century != year // 100 - 19 or woman != _SEXES.index(sex):
        raise PayloadError("number: does not match century or sex")
