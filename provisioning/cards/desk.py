"""What a clerk does with cards: issue, print again, replace, extend, revoke.

A card exists when the register says so and its code is on paper, so the two change together: the
file for the printer is written as a draft, the register commits, the draft gets its name. Cut off
at any moment, the next command ends it or undoes it; nothing stays half-issued.

A code cannot be changed once it is printed. To extend a card is to print a second code of the same
card, valid from when the first one was and for longer: the first one ends on its own day, and
meanwhile both are one card to every door, with one quota and one passback, and revoked together. To
replace a card is another thing: it was lost or is wrong, so the new one gets a new number, and the
old one is revoked.
"""

import contextlib
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from kiosk.door.credential import CardClass
from kiosk.payloads.card import CARD_ID_BYTES
from provisioning.cards import days
from provisioning.cards.code import Issuer, Terms, text_of
from provisioning.cards.folder import Files
from provisioning.cards.people import People, Problem, Row
from provisioning.cards.register import Card, Printing, Register, State
from provisioning.errors import ProvisioningError

Draw = Callable[[Sequence[tuple[Card, str]]], bytes]
"""From cards and their codes to a file for the printer."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds for everybody whose line says nothing else; `last` is a card's last day."""

    first: date
    last: date | None
    card_class: CardClass = CardClass.RESIDENT


@dataclass(slots=True)
class Desk:
    """An open register at a moment; with a key where something is to be signed."""

    register: Register
    now_s: int
    files: Files
    random: Callable[[int], bytes] = secrets.token_bytes

    def settle(self) -> list[str]:
        """End or undo what an earlier command was cut off in; return what was done, in words.

        What cannot be done now is said, and tried again by the next command: a file that is in the
        way must not keep a clerk from revoking a card.
        """
        told = []
        for each in self.register.unfinished():
            try:
                told.append(self._end(each) if each.issued else self._undo(each))
            except OSError as error:
                told.append(f"{each.draft}: left by a command that was cut off: {error.strerror}")
        return told

    def _undo(self, printing: Printing) -> str:
        self.files.remove(printing.draft)
        self.register.end_printing(printing.number, printed=False)
        return "an earlier command was cut off: it issued nothing"

    def _end(self, printing: Printing) -> str:
        target = printing.target
        if printing.draft.exists():
            if target.exists():
                target = target.with_name(f"{target.stem}-{printing.number}{target.suffix}")
                _refuse_present(target)
            self.files.rename(printing.draft, target)
        self.register.end_printing(printing.number, printed=True)
        gone = f"is gone: cards reprint --printing {printing.number}"
        found = "is there now" if target.exists() else gone
        return f"printing {printing.number}, cut off earlier: {target} {found}"

    def issue(
        self, people: People, defaults: Defaults, press: "Press", *, second: bool = False
    ) -> list[Card]:
        """Issue a card to everybody in the list; to nobody while anything in it is wrong.

        Raises:
            ProvisioningError: Every problem of the list; or nothing could be written.
        """
        terms = [self._terms(row, defaults, people.problems) for row in people.rows]
        for row in people.rows:
            if letters := press.missing(row.person.name + row.person.note):
                told = f"no font here prints {letters}: write it without the mark"
                people.problems.append(Problem(row.line, told))
            held = None if second else self.register.holding(row.person, self.now_s)
            if held:
                told = f"holds card {held.number} already (reprint, replace, or --second)"
                people.problems.append(Problem(row.line, told))
        people.refuse(press.source)
        pairs = zip(people.rows, terms, strict=True)

        def enter() -> list[Card]:
            return [
                self.register.add(self._new_id(), row.person, each, self.now_s)
                for row, each in pairs
            ]

        return self._print(enter, press)

    def reprint(self, cards: Sequence[Card], press: "Press") -> list[Card]:
        """Print the same codes again.

        Raises:
            ProvisioningError: A card must not be used any more; or nothing could be written.
        """
        for card in cards:
            self._refuse_ended(card)
            if card.terms.until_s <= self.now_s:
                raise ProvisioningError(f"card {card.number} has expired: cards extend")
        return self._print(lambda: list(cards), press)

    def replace(
        self, cards: Sequence[Card], why: str, last: date | None, press: "Press"
    ) -> list[Card]:
        """Revoke cards and print new ones for the same people, on the same terms.

        Raises:
            ProvisioningError: A card is revoked already, has expired and gets no new last day; or
                nothing could be written.
        """
        terms = [self._lasting(card, last) if last else card.terms for card in cards]
        for card, each in zip(cards, terms, strict=True):
            self._refuse_ended(card)
            if each.until_s <= self.now_s:
                raise ProvisioningError(f"card {card.number} has expired: say until when")

        def enter() -> list[Card]:
            new = [
                self.register.add(self._new_id(), card.person, each, self.now_s)
                for card, each in zip(cards, terms, strict=True)
            ]
            for card, its in zip(cards, new, strict=True):
                self.register.end(card, State.REPLACED, self.now_s, why, its.number)
            return new

        return self._print(enter, press)

    def extend(self, cards: Sequence[Card], last: date, press: "Press") -> list[Card]:
        """Print codes of the same cards that are valid for longer.

        Raises:
            ProvisioningError: A card is revoked, or would not last longer than it does; or nothing
                could be written.
        """
        for card in cards:
            self._refuse_ended(card)
            if self._lasting(card, last).until_s <= max(card.terms.until_s, self.now_s):
                shown = days.shown(days.last_day(card.terms.until_s))
                raise ProvisioningError(
                    f"card {card.number} is valid until {shown}: name a later day"
                )
        until_s = days.start_s(last + timedelta(days=1))
        return self._print(lambda: [self.register.extend(card, until_s) for card in cards], press)

    def ending(self, by: date) -> list[Card]:
        """Return the cards in use whose last day is `by` or earlier.

        Raises:
            ProvisioningError: There is none.
        """
        found = self.register.ending(days.start_s(by + timedelta(days=1)), self.now_s)
        if not found:
            raise ProvisioningError(f"no card that is in use ends by {days.shown(by)}")
        return found

    def revoke(self, cards: Iterable[Card], why: str) -> None:
        """Enter that cards must not be used any more; doors learn it from the list of revoked ones.

        Raises:
            ProvisioningError: One is revoked already; then none is.
        """
        with self.register.change():
            for card in cards:
                self._refuse_ended(card)
                self.register.end(card, State.REVOKED, self.now_s, why)

    def forget(self, cards: Iterable[Card]) -> None:
        """Blank whose cards these were; of cards that nobody can use any more only.

        Raises:
            ProvisioningError: One is in use; then none is blanked.
        """
        with self.register.change():
            for card in cards:
                if card.state is State.VALID and card.terms.until_s > self.now_s:
                    raise ProvisioningError(f"card {card.number} is in use: cards revoke first")
                self.register.forget(card)

    def _print(self, enter: Callable[[], list[Card]], press: "Press") -> list[Card]:
        """Enter the cards and print them: both or neither."""
        target = press.target.absolute()
        _refuse_present(target)
        issuer = press.issuer()
        draft = target.with_name(f"{target.name}.{self.random(4).hex()}.draft")
        number = self.register.begin_printing(target, draft, self.now_s)
        try:
            with self.register.change():
                cards = enter()
                codes = [text_of(card.card_id, card.terms, issuer) for card in cards]
                self.files.write_new(draft, press.draw(list(zip(cards, codes, strict=True))))
                self.register.issue_printing(number, cards)
        except BaseException as error:
            with contextlib.suppress(OSError, sqlite3.Error):
                self.files.remove(draft)
                self.register.end_printing(number, printed=False)
            if isinstance(error, OSError):
                told = f"{target}: cannot be written: {error.strerror}; nothing was changed"
                raise ProvisioningError(told) from None
            raise
        try:
            self.files.rename(draft, target)
        except OSError as error:
            told = f"{draft}: cannot get its name, {target.name}: {error.strerror}"
            raise ProvisioningError(f"{told}; the next command tries again") from None
        self.register.end_printing(number, printed=True)
        return cards

    def _terms(self, row: Row, defaults: Defaults, problems: list[Problem]) -> Terms:
        """Return what a row's card says; what cannot be is told as a problem."""
        first, last = row.first or defaults.first, row.last or defaults.last
        if last is None:
            problems.append(Problem(row.line, "valid until: say it here, or --valid-days, --until"))
            last = days.LAST
        until_s = days.start_s(last + timedelta(days=1))
        if until_s <= self.now_s:
            problems.append(Problem(row.line, "valid until: is over already"))
        elif last < first:
            problems.append(Problem(row.line, "valid until: before the card begins"))
        card_class = row.card_class or defaults.card_class
        return Terms(days.start_s(first), until_s, card_class, row.parity, row.quota)

    def _lasting(self, card: Card, last: date) -> Terms:
        return replace(card.terms, until_s=days.start_s(last + timedelta(days=1)))

    def _new_id(self) -> bytes:
        return self.random(CARD_ID_BYTES)

    def _refuse_ended(self, card: Card) -> None:
        if card.state is State.REPLACED:
            raise ProvisioningError(f"card {card.number} was replaced by {card.replaced_by}")
        if card.state is State.REVOKED:
            raise ProvisioningError(f"card {card.number} is revoked")


@dataclass(frozen=True, slots=True)
class Press:
    """Where a file for the printer goes, whose key signs, how it is drawn, whose list it is.

    The key is asked for last: a passphrase typed for nothing would be typed too often.
    """

    target: Path
    issuer: Callable[[], Issuer]
    draw: Draw
    missing: Callable[[str], str] = lambda _text: ""
    """Which letters of a text cannot be printed."""
    source: str = "the list"


def _refuse_present(target: Path) -> None:
    if target.exists():
        raise ProvisioningError(f"{target}: is there already: name another file, or remove it")
