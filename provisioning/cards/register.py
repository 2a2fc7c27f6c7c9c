"""The register: who holds which card, until when, and what became of it. The ward's file.

One SQLite file that only its owner may read. It holds names, so it is never on a kiosk, and no
code, so that whoever steals it alone can print nothing. Times come in as arguments.
"""

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Any

from kiosk.door.credential import CardClass, DayParity, Quota
from provisioning.cards.code import Terms
from provisioning.cards.people import Person
from provisioning.cards.words import folded
from provisioning.errors import ProvisioningError

APPLICATION_ID = 0x444B5247
VERSION = 1
_LARGEST = 2**63 - 1
"""The largest number that SQLite can be asked for."""
_COLUMNS = (
    "number, card_id, name, born, note, class, parity, visits, days, from_s, until_s, issued_s,"
    " state, ended_s, why, replaced_by"
)


class State(StrEnum):
    """What became of a card; whether it has expired, its dates say."""

    VALID = "valid"
    REVOKED = "revoked"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class Ward:
    """Whose register it is: the issuer in every card, its key's name, and what cards say of it."""

    issuer: str
    kid: bytes
    title: str = ""
    contact: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """One line of the register; `number` is printed on the card, `card_id` is in its code."""

    number: int
    card_id: bytes = field(repr=False)
    person: Person = field(repr=False)
    terms: Terms
    issued_s: int
    state: State = State.VALID
    ended_s: int | None = None
    why: str = field(default="", repr=False)
    replaced_by: int | None = None


@dataclass(frozen=True, slots=True)
class Printing:
    """A file for the printer that was begun; it becomes `target` when its cards count."""

    number: int
    target: Path
    draft: Path
    issued: bool


class Register:
    """An open register; used by one thread, closed by leaving the `with`."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._sql, self._path = connection, path

    @classmethod
    def create(cls, path: Path, ward: Ward) -> None:
        """Make a new register.

        Raises:
            ProvisioningError: There is one, or the place takes none.
        """
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except OSError as error:
            raise ProvisioningError(f"{path}: cannot be made: {error.strerror}") from None
        script = files(__package__).joinpath("register.sql").read_text(encoding="utf-8")
        with _translated(path), contextlib.closing(_connect(path)) as sql:
            sql.executescript(f"BEGIN; {script}")
            sql.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            sql.execute(f"PRAGMA user_version = {VERSION}")
            row = (ward.issuer, ward.kid, ward.title, ward.contact)
            sql.execute("INSERT INTO ward VALUES (1, ?, ?, ?, ?)", row)
            sql.execute("COMMIT")

    @classmethod
    @contextlib.contextmanager
    def opened(cls, path: Path) -> Iterator["Register"]:
        """Open a register that is there.

        Raises:
            ProvisioningError: It is not there, or is none, or a newer program made it.
        """
        if not path.is_file():
            raise ProvisioningError(f"{path}: there is no register; make one: cards init")
        with _translated(path), contextlib.closing(_connect(path)) as sql:
            made_by, version = (
                sql.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("application_id", "user_version")
            )
            if made_by != APPLICATION_ID:
                raise ProvisioningError(f"{path}: is no register of cards")
            if version > VERSION:
                raise ProvisioningError(f"{path}: made by a newer program: install that one")
            yield cls(sql, path)

    @contextlib.contextmanager
    def change(self) -> Iterator[None]:
        """Let what is done within happen as a whole, or not at all."""
        self._sql.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._sql.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._sql.execute("ROLLBACK")
            raise

    @property
    def ward(self) -> Ward:
        """Whose register it is."""
        return Ward(*self._sql.execute("SELECT issuer, kid, title, contact FROM ward").fetchone())

    def sign_with(self, kid: bytes) -> None:
        """Note by which key cards are signed from now on."""
        self._sql.execute("UPDATE ward SET kid = ?", (kid,))

    def add(self, card_id: bytes, person: Person, terms: Terms, now_s: int) -> Card:
        """Enter a card; return it with its number."""
        quota = terms.quota
        row = (
            *(card_id, person.name, folded(person.name), person.born, person.note, _key(person)),
            *(terms.card_class, terms.parity),
            *((quota.visits, quota.days) if quota else (None, None)),
            *(terms.from_s, terms.until_s, now_s),
        )
        (number,) = self._sql.execute(
            "INSERT INTO card (card_id, name, folded, born, note, key, class, parity, visits, days,"
            " from_s, until_s, issued_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " RETURNING number",
            row,
        ).fetchone()
        return Card(number, card_id, person, terms, now_s)

    def card(self, number: int) -> Card:
        """Return a card.

        Raises:
            ProvisioningError: There is none of that number.
        """
        found = self._cards("WHERE number = ?", (_asked(number),))
        if not found:
            raise ProvisioningError(f"there is no card with the number {number}: cards list")
        return found[0]

    def holding(self, person: Person, now_s: int) -> Card | None:
        """Return a card that this person can still use, if there is one."""
        where = "WHERE key = ? AND state = 'valid' AND until_s > ? LIMIT 1"
        found = self._cards(where, (_key(person), now_s))
        return found[0] if found else None

    def search(self, fragment: str = "", state: State | None = None) -> list[Card]:
        """Return the cards of people whose name holds `fragment`, however it is written."""
        where = "WHERE instr(folded, ?) AND (state = ? OR ? IS NULL) ORDER BY number"
        return self._cards(where, (folded(fragment), state, state))

    def ending(self, by_s: int, now_s: int) -> list[Card]:
        """Return the cards in use whose last second is after now and not after `by_s`."""
        where = "WHERE state = 'valid' AND until_s > ? AND until_s <= ? ORDER BY number"
        return self._cards(where, (now_s, by_s))

    def revoked_ids(self) -> list[bytes]:
        """Return the ids of all cards that doors must refuse, in their own order."""
        found = self._sql.execute(
            "SELECT card_id FROM card WHERE state <> 'valid' ORDER BY card_id"
        )
        return [card_id for (card_id,) in found]

    def end(self, card: Card, state: State, now_s: int, why: str, by: int | None = None) -> None:
        """Enter that a card must not be used any more; `by` is the card that replaces it."""
        self._sql.execute(
            "UPDATE card SET state = ?, ended_s = ?, why = ?, replaced_by = ? WHERE number = ?",
            (state, now_s, why, by, card.number),
        )

    def forget(self, card: Card) -> None:
        """Blank whose card it was; that it was, and whether doors must refuse it, stays."""
        self._sql.execute(
            "UPDATE card SET name = '', folded = '', born = NULL, note = '', key = '', why = ''"
            " WHERE number = ?",
            (card.number,),
        )

    def extend(self, card: Card, until_s: int) -> Card:
        """Enter that a card is valid for longer; return it as it is now."""
        self._sql.execute("UPDATE card SET until_s = ? WHERE number = ?", (until_s, card.number))
        return self.card(card.number)

    def begin_printing(self, target: Path, draft: Path, now_s: int) -> int:
        """Enter that a draft is about to be written; return the printing's number."""
        (number,) = self._sql.execute(
            "INSERT INTO printing (target, draft, begun_s) VALUES (?, ?, ?) RETURNING number",
            (str(target), str(draft), now_s),
        ).fetchone()
        return int(number)

    def issue_printing(self, number: int, cards: Iterable[Card]) -> None:
        """Enter what the draft holds; its cards count with the commit of this."""
        self._sql.execute("UPDATE printing SET state = 'issued' WHERE number = ?", (number,))
        self._sql.executemany(
            "INSERT INTO printed VALUES (?, ?, ?)",
            [(number, card.number, card.terms.until_s) for card in cards],
        )

    def end_printing(self, number: int, *, printed: bool) -> None:
        """Enter that the draft has its name, or forget a printing of which nothing is left."""
        change = (
            "UPDATE printing SET state = 'printed' WHERE number = ?"
            if printed
            else "DELETE FROM printing WHERE number = ?"
        )
        self._sql.execute(change, (number,))

    def unfinished(self) -> list[Printing]:
        """Return the printings that were cut off."""
        found = self._sql.execute(
            "SELECT number, target, draft, state FROM printing WHERE state <> 'printed'"
        )
        return [
            Printing(number, Path(target), Path(draft), state == "issued")
            for number, target, draft, state in found
        ]

    def cards_of(self, printing: int) -> list[Card]:
        """Return the cards of a printing.

        Raises:
            ProvisioningError: There is no such printing.
        """
        where = "WHERE number IN (SELECT card FROM printed WHERE printing = ?) ORDER BY number"
        if found := self._cards(where, (_asked(printing),)):
            return found
        raise ProvisioningError(f"there is no printing with the number {printing}")

    def _cards(self, where: str, values: Sequence[object]) -> list[Card]:
        found = self._sql.execute(f"SELECT {_COLUMNS} FROM card {where}", values)  # noqa: S608 - ours
        return [_card(row) for row in found]


def _card(row: tuple[Any, ...]) -> Card:
    number, card_id, name, born, note, card_class, parity, visits, days, *rest = row
    from_s, until_s, issued_s, state, ended_s, why, replaced_by = rest
    quota = None if visits is None else Quota(visits, days)
    parity = None if parity is None else DayParity(parity)
    terms = Terms(from_s, until_s, CardClass(card_class), parity, quota)
    person = Person(name, born, note)
    return Card(number, card_id, person, terms, issued_s, State(state), ended_s, why, replaced_by)


def _asked(number: int) -> int:
    """Return the number, or 0, which nothing has, for one that SQLite cannot be asked for."""
    return number if 0 <= number <= _LARGEST else 0


def _key(person: Person) -> str:
    return json.dumps(person.key, ensure_ascii=False)


def _connect(path: Path) -> sqlite3.Connection:
    # A journal and no log: after every command the register is one file, to be copied as it is.
    sql = sqlite3.connect(path, isolation_level=None, timeout=5)
    try:
        sql.execute("PRAGMA journal_mode = DELETE")
        sql.execute("PRAGMA synchronous = EXTRA")
        sql.execute("PRAGMA foreign_keys = ON")
        # Who was forgotten must not be found in a page that is free.
        sql.execute("PRAGMA secure_delete = ON")
    except sqlite3.Error:
        sql.close()
        raise
    return sql


@contextlib.contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise ProvisioningError(f"{path}: {error}; nothing was changed") from None
