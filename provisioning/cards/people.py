"""A clerk's list of people becomes rows, or a list of everything that is wrong with it.

The list is CSV as spreadsheets write it: comma, semicolon or tab, with or without a byte order
mark, headings in Vietnamese or English. A column that is not known is refused and not passed over:
it may be a limit with a typing error, or an address that no card needs. No cell is ever shown in a
message, because the wrong column may hold a name.
"""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TypeVar

from kiosk.door.credential import CardClass, DayParity, Quota
from provisioning.cards import cells
from provisioning.cards.words import folded, printable, tidied
from provisioning.errors import ProvisioningError

LARGEST_BYTES = 20_000_000
MOST_ROWS = 10_000
HEADINGS = {
    "name": ("name", "full name", "ho ten", "ho va ten", "ten"),
    "born": ("birth year", "year of birth", "born", "nam sinh"),
    "note": ("note", "ghi chu"),
    "class": ("class", "loai the", "loai", "doi tuong"),
    "parity": ("parity", "chan le", "ngay chan le"),
    "quota": ("quota", "so luot", "han muc"),
    "from": ("valid from", "from", "tu ngay", "co gia tri tu"),
    "until": ("valid until", "until", "den ngay", "co gia tri den", "han dung"),
}
"""What a column may be called, folded; `_` counts as a space."""
_FIELDS = {heading: name for name, headings in HEADINGS.items() for heading in headings}

Cell = TypeVar("Cell")


@dataclass(frozen=True, slots=True)
class Person:
    """Who gets a card, as the clerk wrote it; `note` tells two people of one name apart."""

    name: str = field(repr=False)
    born: int | None = field(default=None, repr=False)
    note: str = field(default="", repr=False)

    @property
    def key(self) -> tuple[str, int | None, str]:
        """What is the same for the same person, however it is capitalised."""
        return self.name.casefold(), self.born, self.note.casefold()


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list; None where the line leaves something to the command."""

    line: int
    person: Person
    card_class: CardClass | None = None
    parity: DayParity | None = None
    quota: Quota | None = None
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What is wrong with one line, from 1."""

    line: int
    reason: str


@dataclass(slots=True)
class People:
    """What was understood, and what was not; nothing is issued while there is a problem."""

    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, source: str) -> None:
        """Raise when anything is wrong.

        Raises:
            ProvisioningError: Every problem, a line each.
        """
        if self.problems:
            told = [f"{source}:{p.line}: {p.reason}" for p in sorted(self.problems)]
            raise ProvisioningError("\n".join([*told, "nothing was issued"]))


def read(path: Path) -> People:
    """Return the people in a file.

    Raises:
        ProvisioningError: The file cannot be read at all.
    """
    try:
        with path.open("rb") as stream:
            raw = stream.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise ProvisioningError(f"{path}: cannot be read: {error.strerror}") from None
    if len(raw) > LARGEST_BYTES:
        raise ProvisioningError(f"{path}: larger than {LARGEST_BYTES // 10**6} MB: no such list")
    return parse(_text(raw, str(path)), str(path))


def _text(raw: bytes, source: str) -> str:
    # Excel's "Unicode text" is UTF-16; its "CSV UTF-8" begins with a byte order mark.
    wide = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        return raw.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = 1 if wide else raw.count(b"\n", 0, error.start) + 1
        raise ProvisioningError(
            f"{source}:{line}: not UTF-8; save it as CSV UTF-8 (in Excel: Save as)"
        ) from None


def parse(text: str, source: str = "the list") -> People:
    r"""Return the people in a text.

    >>> found = parse("Họ và tên;Năm sinh;Số lượt\nTrần Thị Bình;1950;5 trong 15\n")
    >>> found.problems, found.rows[0].quota
    ([], Quota(visits=5, days=15))

    Raises:
        ProvisioningError: Its first line is no line of headings.
    """
    lines = _lines(text, source)
    number, headings = next(lines, (1, []))
    columns = _columns(headings, f"{source}:{number}")
    found, seen = People(), dict[tuple[str, int | None, str], int]()
    for line, row in lines:
        if not any(row):
            continue
        if len(found.rows) + len(found.problems) >= MOST_ROWS:
            raise ProvisioningError(f"{source}: more than {MOST_ROWS} people: split the list")
        read_row = _row(line, row, columns, found.problems)
        if read_row is None:
            continue
        first = seen.setdefault(read_row.person.key, line)
        if first != line:
            found.problems.append(
                Problem(line, f"the same person as in line {first}; a note can tell two apart")
            )
        found.rows.append(read_row)
    if not found.rows and not found.problems:
        raise ProvisioningError(f"{source}: nobody is in it")
    return found


def _lines(text: str, source: str) -> Iterator[tuple[int, list[str]]]:
    """Yield every record with the line on which it begins, its cells tidied."""
    stream = io.StringIO(text, newline="")
    skipped = 0
    if text[:4].casefold() == "sep=":  # Excel's own way to name the separator.
        stream.readline()
        skipped = 1
    at = stream.tell()
    heading = stream.readline()
    stream.seek(at)
    separator = max(",;\t", key=heading.count)
    reader = csv.reader(stream, delimiter=separator, strict=True)
    begin = skipped + 1
    try:
        for row in reader:
            yield begin, [tidied(cell) if printable(cell.strip()) else cell for cell in row]
            begin = skipped + reader.line_num + 1
    except csv.Error:
        raise ProvisioningError(f"{source}:{begin}: no CSV: a quotation mark too many") from None


def _columns(headings: list[str], where: str) -> list[str]:
    columns = [_FIELDS.get(folded(heading).replace("_", " "), "") for heading in headings]
    while columns and not headings[len(columns) - 1]:
        columns.pop()
    known = ", ".join(names[0] for names in HEADINGS.values())
    for number, name in enumerate(columns, 1):
        if not name:
            raise ProvisioningError(f"{where}: column {number} is not known; known are: {known}")
        if columns.index(name) != number - 1:
            raise ProvisioningError(f"{where}: column {number} is {HEADINGS[name][0]} again")
    if "name" not in columns:
        raise ProvisioningError(f"{where}: there is no column name; known are: {known}")
    return columns


def _row(line: int, row: list[str], columns: list[str], problems: list[Problem]) -> Row | None:
    """Return the row, or None after telling everything that is wrong with it."""
    before = len(problems)

    def cell(name: str, read_cell: Callable[[str], Cell], empty: Cell) -> Cell:
        place = columns.index(name) if name in columns else len(row)
        text = row[place] if place < len(row) else ""
        try:
            return read_cell(text) if text else empty
        except cells.CellError as error:
            problems.append(Problem(line, f"{HEADINGS[name][0]}: {error}"))
            return empty

    if any(row[len(columns) :]):
        problems.append(Problem(line, "more cells than there are headings"))
    name = cell("name", cells.name, "")
    if not name and len(problems) == before:
        problems.append(Problem(line, "name: missing"))
    read_row = Row(
        line,
        Person(name, cell("born", cells.birth_year, None), cell("note", cells.note, "")),
        cell("class", cells.card_class, None),
        cell("parity", cells.parity, None),
        cell("quota", cells.quota, None),
        cell("from", cells.day, None),
        cell("until", cells.day, None),
    )
    if read_row.first and read_row.last and read_row.last < read_row.first:
        problems.append(Problem(line, "valid until: before the card begins"))
    return read_row if len(problems) == before else None
