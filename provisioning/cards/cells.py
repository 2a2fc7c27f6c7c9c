"""One cell of a clerk's list at a time: what it means, or why it cannot be used.

Used by the list of people and by the options of the commands, so that both take the same words.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import TypeVar

from kiosk.door.credential import CardClass, DayParity, Quota
from kiosk.payloads.card import MOST_OF_QUOTA
from provisioning.cards import days
from provisioning.cards.words import folded, is_name, printable

LONGEST_NAME, LONGEST_NOTE = 60, 40
"""Characters; what is longer does not stay readable on a card."""
OLDEST_BIRTH_YEAR = 1900
CLASSES = {
    CardClass.RESIDENT: ("resident", "nguoi dan", "cu dan"),
    CardClass.STAFF: ("staff", "nhan vien"),
    CardClass.MINOR: ("minor", "tre em"),
    CardClass.ESCORT: ("escort", "nguoi di kem"),
}
"""What a clerk may write for a class, folded."""
PARITIES = {
    DayParity.EVEN: ("even", "chan", "ngay chan"),
    DayParity.ODD: ("odd", "le", "ngay le"),
}
_QUOTA = re.compile(r"(\d{1,2}) ?(?:luot|visits?)? ?(?:/|trong|in|per) ?(\d{1,2}) ?(?:ngay|days?)?")

Meaning = TypeVar("Meaning")


class CellError(ValueError):
    """Why a cell cannot be used; nothing of the cell is in it."""


def name(text: str) -> str:
    """Return a person's name.

    Raises:
        CellError: It cannot be one.
    """
    if not is_name(text):
        raise CellError("may hold letters, spaces, hyphens, full stops and apostrophes only")
    return _short(text, LONGEST_NAME)


def note(text: str) -> str:
    """Return a note.

    Raises:
        CellError: It is too long, or no plain text.
    """
    if not printable(text):
        raise CellError("holds a character that cannot be printed")
    return _short(text, LONGEST_NOTE)


def birth_year(text: str) -> int:
    """Return a year.

    Raises:
        CellError: It is none in which somebody may have been born.
    """
    if not re.fullmatch(r"[0-9]{4}", text) or not OLDEST_BIRTH_YEAR <= int(text) <= days.LAST.year:
        raise CellError("write four digits, such as 1950")
    return int(text)


def card_class(text: str) -> CardClass:
    """Return a class.

    >>> card_class("Người đi kèm")
    <CardClass.ESCORT: 'escort'>

    Raises:
        CellError: There is no such class.
    """
    return _one_of(CLASSES, text)


def parity(text: str) -> DayParity:
    """Return the days on which a card is good.

    >>> parity("Lẻ")
    <DayParity.ODD: 'odd'>

    Raises:
        CellError: It is neither even nor odd.
    """
    return _one_of(PARITIES, text)


def quota(text: str) -> Quota:
    """Return visits within days.

    >>> quota("5 lượt trong 15 ngày") == quota("5/15") == Quota(5, 15)
    True

    Raises:
        CellError: It is written in another way, as when a spreadsheet took it for a date.
    """
    found = _QUOTA.fullmatch(folded(text))
    visits, within = map(int, found.groups()) if found else (0, 0)
    if not (1 <= visits <= MOST_OF_QUOTA and 1 <= within <= MOST_OF_QUOTA):
        raise CellError(f"write visits in days, such as 5 in 15, each from 1 to {MOST_OF_QUOTA}")
    return Quota(visits, within)


def day(text: str) -> date:
    """Return a day.

    Raises:
        CellError: It is none, or no card is valid on it.
    """
    found = days.read(text)
    if found is None:
        raise CellError("write a day as 31/12/2026 or 2026-12-31")
    if not 2020 <= found.year <= days.LAST.year:
        raise CellError(f"not between 2020 and {days.LAST.year}")
    return found


def _one_of(words: Mapping[Meaning, tuple[str, ...]], text: str) -> Meaning:
    wanted = folded(text)
    for meaning, accepted in words.items():
        if wanted in accepted:
            return meaning
    known = "; ".join(", ".join(accepted) for accepted in words.values())
    raise CellError(f"not one of: {known}")


def _short(text: str, longest: int) -> str:
    if len(text) > longest:
        raise CellError(f"longer than {longest} characters")
    return text
