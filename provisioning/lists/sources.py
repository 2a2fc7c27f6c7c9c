"""What a ward writes, read: numbers of revoked cards, and persons who declared or are barred.

Everything wrong is told by its line, and nothing is made while anything is wrong. No number is ever
shown in a message. The files are the ward's: what is made of them leads back to nobody.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kiosk.door.credential import Credential
from kiosk.identity import handle_of
from kiosk.identity.periods import SiteKey, ratcheted
from kiosk.lists.form import KEY_BYTES, handle_key, revoked_key
from kiosk.payloads import formats
from kiosk.payloads.card import CARD_ID_BYTES
from provisioning.cards import days
from provisioning.errors import ProvisioningError

LARGEST_BYTES = 64_000_000
MOST_PROBLEMS = 50
LATEST_S = 2**32 - 1
_CARD = re.compile(rf"[0-9a-f]{{{2 * CARD_ID_BYTES}}}")
_SUBJECT = re.compile(r"[!-~]{4,80}")
_TIME = re.compile(r"(.+)[ T]([0-2]?\d):([0-5]\d)")
_DAY_S = 86400


@dataclass(frozen=True, slots=True)
class Person:
    """One line of a ward's list: a document, and until when a declaration counts (Unix s)."""

    kind: str
    subject_id: str = field(repr=False)
    until_s: int = 0


class _Problems:
    """Collects what is wrong, a line each."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._told: list[str] = []

    def add(self, line: int, reason: str) -> None:
        self._told.append(f"{self._path}:{line}: {reason}")

    def refuse(self) -> None:
        if not self._told:
            return
        more = len(self._told) - MOST_PROBLEMS
        told = self._told[:MOST_PROBLEMS] + ([f"and {more} lines more"] if more > 0 else [])
        raise ProvisioningError("\n".join([*told, "nothing was made"]))


def revoked_cards(path: Path) -> list[bytes]:
    """Return the entries of the card numbers in a file: hex, one a line; `#` begins a remark.

    Raises:
        ProvisioningError: A line for each that is no card number.
    """
    problems, found = _Problems(path), set()
    for line, text in enumerate(_text(path).splitlines(), 1):
        number = text.partition("#")[0].strip().lower()
        if not number:
            continue
        if not _CARD.fullmatch(number):
            problems.add(line, f"no card number: {2 * CARD_ID_BYTES} hex digits")
            continue
        found.add(revoked_key("card", number))
    problems.refuse()
    return sorted(found)


def people(path: Path, *, declared: bool) -> list[Person]:
    """Return the persons in a CSV file: `kind`, `id`, and where they declared `valid_until`.

    A day without a time counts to its end, in Vietnam.

    Raises:
        ProvisioningError: A line for each that cannot be used.
    """
    problems, found = _Problems(path), []
    wanted = ["kind", "id", *(["valid_until"] if declared else [])]
    rows = _rows(path)
    headings = [name.strip().casefold() for name in next(rows, (1, []))[1]]
    if headings != wanted:
        raise ProvisioningError(f"{path}:1: its columns must be {', '.join(wanted)}")
    for line, row in rows:
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        read = _person(cells, len(wanted))
        if isinstance(read, str):
            problems.add(line, read)
        else:
            found.append(read)
    problems.refuse()
    return found


def _person(cells: list[str], columns: int) -> Person | str:
    """Return who stands in a line, or what is wrong with it."""
    if len(cells) != columns:
        return f"{len(cells)} cells, and {columns} columns"
    kind, number = cells[:2]
    if kind not in formats():
        return f"kind: not one of {', '.join(formats())}"
    if not _SUBJECT.fullmatch(number):
        return "id: not 4 to 80 letters and digits, as the card has it"
    until_s = _until_s(cells[2]) if columns > 2 else 0
    if until_s is None:
        return "valid_until: write 31/12/2026, 2026-12-31 or 2026-12-31 18:00"
    return Person(kind, number, until_s)


def _until_s(text: str) -> int | None:
    found = _TIME.fullmatch(text)
    day = days.read(found[1].strip() if found else text)
    if day is None:
        return None
    until_s = days.start_s(day)
    if found is None:
        until_s += _DAY_S
    else:
        hour, minute = int(found[2]), int(found[3])
        if hour > 23:
            return None
        until_s += hour * 3600 + minute * 60
    return until_s if 0 < until_s <= LATEST_S else None


def periods_of(site_key: SiteKey) -> tuple[SiteKey, ...]:
    """Return the keys whose handles a list holds: the present period's and the next one's.

    So a list that is made shortly before a period ends still counts after it.
    """
    if site_key.period is None:
        return (site_key,)
    return (site_key, ratcheted(site_key, site_key.period + 1))


def barred_entries(persons: list[Person], site_key: SiteKey) -> list[bytes]:
    """Return the entries of persons who may pass nowhere."""
    return sorted({key for key, _ in _keys(persons, site_key)})


def declared_entries(persons: list[Person], site_key: SiteKey) -> list[bytes]:
    """Return the entries of persons who declared, each with the latest of its times."""
    latest: dict[bytes, int] = {}
    for key, person in _keys(persons, site_key):
        latest[key] = max(person.until_s, latest.get(key, 0))
    return [key + latest[key].to_bytes(4, "big") for key in sorted(latest)]


def _keys(persons: list[Person], site_key: SiteKey) -> Iterator[tuple[bytes, Person]]:
    for each in periods_of(site_key):
        for person in persons:
            handle = handle_of(Credential(person.kind, person.subject_id), each.key)
            yield handle_key(handle)[:KEY_BYTES], person


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    stream = io.StringIO(_text(path), newline="")
    heading = stream.readline()
    stream.seek(0)
    reader = csv.reader(stream, delimiter=max(",;\t", key=heading.count), strict=True)
    begin = 1
    try:
        for row in reader:
            yield begin, row
            begin = reader.line_num + 1
    except csv.Error:
        raise ProvisioningError(f"{path}:{begin}: no CSV: a quotation mark too many") from None


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise ProvisioningError(f"{path}: cannot be read: {error.strerror}") from None
    if len(raw) > LARGEST_BYTES:
        raise ProvisioningError(f"{path}: larger than {LARGEST_BYTES // 10**6} MB: no such list")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ProvisioningError(f"{path}:{line}: not UTF-8; save it as CSV UTF-8") from None
