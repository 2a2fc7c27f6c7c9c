"""Options and arguments that several commands about cards have, and what they mean."""

import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from provisioning.cards import cells, days
from provisioning.cards.words import printable, tidied
from provisioning.errors import ProvisioningError

LONGEST_WHY = 80
MOST_DAYS = 3660

FolderOption = Annotated[
    Path, typer.Option("--folder", metavar="DIR", help="The ward's folder: key and register.")
]
PassphraseFile = Annotated[
    Path | None,
    typer.Option("--passphrase-file", metavar="FILE", help="Its first line; absent: asked for."),
]
Pdf = Annotated[
    Path, typer.Option("--pdf", metavar="FILE", help="The file for the printer; a new one.")
]
Numbers = Annotated[
    list[int] | None, typer.Argument(metavar="NUMBER...", help="Cards, by the number on them.")
]
OneNumber = Annotated[
    list[int], typer.Argument(metavar="NUMBER...", help="Cards, by the number on them.")
]
Why = Annotated[str, typer.Option(metavar="TEXT", help="For the register: lost, moved away.")]
ValidDays = Annotated[
    int | None,
    typer.Option(
        "--valid-days", min=1, max=MOST_DAYS, help="So many days, the first one included."
    ),
]
From = Annotated[
    str | None,
    typer.Option("--from", metavar="DAY", help="The first day: 31/12/2026; absent: today."),
]
Until = Annotated[
    str | None, typer.Option("--until", metavar="DAY", help="The last day: 31/12/2026.")
]

Meaning = TypeVar("Meaning")


def read(option: str, text: str | None, cell: Callable[[str], Meaning]) -> Meaning | None:
    """Return what an option means, in the same words as a cell of the list.

    Raises:
        ProvisioningError: It means nothing.
    """
    if text is None:
        return None
    try:
        return cell(tidied(text))
    except cells.CellError as error:
        raise ProvisioningError(f"{option}: {error}") from None


def span(
    now_s: int, first: str | None, last: str | None, valid_days: int | None
) -> tuple[date, date | None]:
    """Return first and last day, as far as they were said.

    Raises:
        ProvisioningError: They contradict each other.
    """
    if last is not None and valid_days is not None:
        raise ProvisioningError("--until and --valid-days: give one of them")
    begin = read("--from", first, cells.day) or days.day_of(now_s)
    end = read("--until", last, cells.day)
    if valid_days is not None:
        end = begin + timedelta(days=valid_days - 1)
    return begin, end


def short(option: str, text: str, longest: int) -> str:
    """Return a text that is printed or kept.

    Raises:
        ProvisioningError: It is too long, or no plain text.
    """
    if len(text) > longest or not printable(text):
        raise ProvisioningError(f"{option}: plain text of at most {longest} characters")
    return tidied(text)


def counted(cards: int) -> str:
    """Return how many cards, in words.

    >>> counted(1), counted(2)
    ('1 card', '2 cards')
    """
    return "1 card" if cards == 1 else f"{cards} cards"


class Bar:
    """How far a long work has come, on standard error; silent where nobody looks."""

    WIDTH = 30

    def __init__(self, what: str) -> None:
        self._what = what
        self._shown = -1

    def __call__(self, done: int, of: int) -> None:
        """Show that `done` of `of` are done."""
        part = self.WIDTH * done // of
        if part == self._shown or not sys.stderr.isatty():
            return
        self._shown = part
        line = f"\r{self._what} [{'#' * part}{'.' * (self.WIDTH - part)}] {done} of {of}"
        sys.stderr.write(line + ("\n" if done == of else ""))
        sys.stderr.flush()
