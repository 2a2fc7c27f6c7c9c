"""Cards as a file for the printer, in one of the forms that there are."""

from collections.abc import Callable, Iterator, Sequence

from provisioning.cards import pocket, sheet
from provisioning.cards.form import Form
from provisioning.cards.register import Card, Ward
from provisioning.paper.page import Page

Progress = Callable[[int, int], None]

_DRAW = {Form.SHEET: sheet.draw, Form.CARD: pocket.draw}
PLACES = {Form.SHEET: sheet.PLACES, Form.CARD: pocket.PLACES}
CODE = {Form.SHEET: sheet.CODE, Form.CARD: pocket.CODE}


def pdf(
    cards: Sequence[tuple[Card, str]], ward: Ward, form: Form, progress: Progress | None = None
) -> bytes:
    """Return the file; the same cards are the same bytes."""
    page = Page("Thẻ vào cửa · Door cards")
    _DRAW[form](page, _counted(cards, progress), ward)
    return page.file()


def _counted(
    cards: Sequence[tuple[Card, str]], progress: Progress | None
) -> Iterator[tuple[Card, str]]:
    for number, card in enumerate(cards, 1):
        yield card
        if progress is not None:
            progress(number, len(cards))
