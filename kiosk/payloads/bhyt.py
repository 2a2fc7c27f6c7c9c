"""The health-insurance card (BHYT): the old code of 10 parts and the new one of 17.

Old: `number|name|birth|sex|address|clinic|from|to|issued|$`; new: the same nine, then managing
office, a parent's name, living area, the date of five years, a check string, a digit, the place of
issue, `$`. Names and addresses are UTF-8 written as hexadecimal, dates are `dd/MM/yyyy`, `-` is
"none". The old number has 15 characters and the new one is its last ten digits, so those ten are
the identity: one person's old and new card are one. Whether the insurance has run out is dropped
with the rest; it says nothing about who may come in.

Source: as collected in the design's reference on payloads. The check string's algorithm and the
meaning of part 14 are not published, so neither is checked.
"""

import re

from kiosk.door.credential import Credential
from kiosk.errors import PayloadError
from kiosk.payloads.parts.dates import check_date
from kiosk.payloads.parts.fields import check_name, check_text, split
from kiosk.payloads.parts.trust import NOBODY, Context

_NUMBERS = {10: re.compile(rb"[A-Z]{2}[0-9]{13}"), 17: re.compile(rb"[0-9]{10}")}
"""What the number looks like, by how many parts the code has."""
_HEX = re.compile(rb"[0-9A-Fa-f]+")
# Some writers leave out a leading zero, and a birth date may be a year, or a month and a year.
_BIRTH = re.compile(rb"(?:(?:([0-9]{1,2})/)?([0-9]{1,2})/)?([0-9]{4})")
_DATE = re.compile(rb" ?([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_SEXES = (b"1", b"2")
_NONE = (b"-", b"")
_TEXTS = {4: "address", 15: "place of issue"}
_DATES = {6: "start date", 7: "end date", 8: "issue date", 12: "date of five years"}
_END = b"$"
_IDENTITY_DIGITS = 10


def parse(raw: bytes, _: Context = NOBODY) -> Credential | None:
    """Return the credential on a health-insurance card, or None when `raw` is no such card.

    Raises:
        PayloadError: It is laid out as one, and a part breaks the format. The message names the
            part and never its content.

    >>> card = b"GD4010000000001|416e|1990|1|-|01 - C54|01/01/2021|-|01/01/2021|$"
    >>> parse(card).kind
    'bhyt'
    >>> parse(card.replace(b"416e", b"416"))
    Traceback (most recent call last):
    kiosk.errors.PayloadError: name: not UTF-8 in hexadecimal
    """
    parts = split(raw)
    if len(parts) < 2 or not _HEX.fullmatch(parts[1]):
        return None
    number = next((p for p in _NUMBERS.values() if p.fullmatch(parts[0])), None)
    if number is None:
        return None
    if _NUMBERS.get(len(parts)) is not number:
        raise PayloadError("parts: an old card has 10, a new one 17")
    if parts[-1] != _END:
        raise PayloadError("end: not the sign that closes a card")
    check_text(raw)
    check_name(_unhex(parts[1], "name"))
    _check_date(parts[2], _BIRTH, "birth date")
    if parts[3] not in _SEXES:
        raise PayloadError("sex: neither 1 nor 2")
    for place, part in enumerate(parts[:-1]):
        if part in _NONE:
            continue
        if place in _TEXTS:
            _unhex(part, _TEXTS[place])
        if place in _DATES:
            _check_date(part, _DATE, _DATES[place])
    return Credential("bhyt", parts[0][-_IDENTITY_DIGITS:].decode("ascii"))


def _unhex(part: bytes, what: str) -> bytes:
    try:
        text = bytes.fromhex(part.decode("ascii"))
        text.decode("utf-8")
    except ValueError:
        # An odd number of digits, too: half a byte is a card cut off.
        raise PayloadError(f"{what}: not UTF-8 in hexadecimal") from None
    return text


def _check_date(part: bytes, pattern: re.Pattern[bytes], what: str) -> None:
    found = pattern.fullmatch(part)
    if found is None:
        raise PayloadError(f"{what}: not a date")
    day, month, year = (None if each is None else int(each) for each in found.groups())
    check_date(what, year or 0, month, day)
