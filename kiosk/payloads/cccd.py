"""The citizen ID card: the chip card of 2021 (7 fields) and the căn cước of 2024 (11 fields).

`number|old number|name|birth ddMMyyyy|sex|address|issued ddMMyyyy`, on the 2024 card followed by
four more fields that have been empty on every adult's card seen. UTF-8 without ECI. Only the
number is kept: identity rests on the ASCII number, never on the name. What the number repeats of
the other fields is compared, which finds a damaged or a badly invented card, not a careful forger.

Source: field order and collisions as collected in the design's reference on payloads; the number's
structure (3 digits province or country, 1 digit century and sex, 2 digits birth year, 6 random) is
that of Circular 59/2021/TT-BCA, the province codes are those of Circular 07/2016/TT-BCA, annex 1.
"""

import re

from kiosk.door.credential import Credential
from kiosk.errors import PayloadError
from kiosk.payloads.parts.dates import check_date
from kiosk.payloads.parts.fields import check_name, check_text, split
from kiosk.payloads.parts.trust import NOBODY, Context

_NUMBER = re.compile(rb"[0-9]{12}")
_FORMER_NUMBER = re.compile(rb"([0-9]{9}|[0-9]{12})?")
# A birth date may be partial: a year, or a month and a year. An issue date is whole.
_BIRTH = re.compile(rb"([0-9]{2})??([0-9]{2})?([0-9]{4})")
_ISSUED = re.compile(rb"([0-9]{2})([0-9]{2})([0-9]{4})")
_SEXES = (b"Nam", "Nữ".encode())
_FIELDS = (7, 11)
_RECOGNISED_BY = 5
"""Fields up to the sex: enough to know a card that was cut off."""

# One a line would be 63 lines.
# fmt: off
_PROVINCES = frozenset((
    1, 2, 4, 6, 8, 10, 11, 12, 14, 15, 17, 19, 20, 22, 24, 25,
    26, 27, 30, 31, 33, 34, 35, 36, 37, 38, 40, 42, 44, 45, 46, 48,
    49, 51, 52, 54, 56, 58, 60, 62, 64, 66, 67, 68, 70, 72, 74, 75,
    77, 79, 80, 82, 83, 84, 86, 87, 89, 91, 92, 93, 94, 95, 96,
))
# fmt: on
"""The 63 provinces; the 34 that were made of them in 2025 keep codes of these."""
_INVENTED = 99
"""Nobody's province: what made-up people have, who must be able to try a door."""
_COUNTRIES = 100
"""From here on the code is a country's, of a citizen born abroad; those are not listed here."""


def parse(raw: bytes, _: Context = NOBODY) -> Credential | None:
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
    fields = split(raw)
    if len(fields) < _RECOGNISED_BY or not _NUMBER.fullmatch(fields[0]):
        return None
    if fields[4] not in _SEXES:
        # Other pipe-separated formats begin alike; the sex field is what only this one has here.
        return None
    if len(fields) not in _FIELDS:
        raise PayloadError(f"{len(fields)} fields: a citizen ID card has 7 or 11")
    number, former, name, birth, sex, _address, issued = fields[:7]
    if not _FORMER_NUMBER.fullmatch(former):
        raise PayloadError("former number: neither empty nor 9 or 12 digits")
    check_name(name)
    check_text(raw)
    _check_date(birth, _BIRTH, "birth date")
    _check_date(issued, _ISSUED, "issue date")
    _check_number(number, birth, sex)
    return Credential("cccd", number.decode("ascii"))


def _check_date(digits: bytes, pattern: re.Pattern[bytes], what: str) -> None:
    found = pattern.fullmatch(digits)
    if found is None:
        raise PayloadError(f"{what}: not a date in digits")
    day, month, year = (None if part is None else int(part) for part in found.groups())
    check_date(what, year or 0, month, day)


def _check_number(number: bytes, birth: bytes, sex: bytes) -> None:
    """Compare the number with the fields that it repeats: century, sex and birth year.

    Digit 4 is 0 or 1 for a man or woman born 1900-1999, 2 or 3 for 2000-2099, and so on.
    """
    province = int(number[:3])
    if province < _COUNTRIES and province not in (*_PROVINCES, _INVENTED):
        raise PayloadError("number: no such province")
    year = int(birth[-4:])
    if int(number[4:6]) != year % 100:
        raise PayloadError("number: does not match the birth year")
    century, woman = divmod(int(number[3:4]), 2)
    if century != year // 100 - 19 or woman != _SEXES.index(sex):
        raise PayloadError("number: does not match century or sex")
