"""The sheet form: two large cards on an A4 page, cut across the middle, for whoever sees badly.

The symbol is 64 mm wide, well above the 5 x 5 cm that personal codes had to have.
"""

from collections.abc import Iterable

from provisioning.cards import phrases
from provisioning.cards.register import Card, Ward
from provisioning.paper import symbol
from provisioning.paper.page import (
    FAINT,
    GREY,
    HEIGHT_MM,
    WIDTH_MM,
    Page,
    Style,
    Text,
    lines_of,
)

SYMBOL_MM = 64.0
HALF_MM = HEIGHT_MM / 2
PLACES = tuple((0.0, number * HALF_MM, WIDTH_MM, HALF_MM) for number in range(2))
"""Where cards are on a page: left, top, width, height."""
_MARGIN_MM = 12.0
CODE = (_MARGIN_MM, 25 + (symbol.box_mm(SYMBOL_MM) - SYMBOL_MM) / 2, SYMBOL_MM)
"""Where the symbol is on a card, without its quiet zone: left, top, side."""
_COLUMN_MM, _VALUE_MM = 94.0, 134.0
_HINTS_MM, _BOTTOM_MM = 103.0, 143.0
_TITLE = Style(20, "bold")
_NAME = Style(22, "bold", leading=1.15)
_PERSON = Style(11)
_VALUE = Style(12, "bold")
_SMALL = Style(8.5, colour=GREY)
_HINT = Style(9.5)
_HINT_ENGLISH = Style(8, colour=GREY)


def draw(page: Page, cards: Iterable[tuple[Card, str]], ward: Ward) -> None:
    """Draw the cards with their codes, two a page."""
    for number, (card, code) in enumerate(cards):
        place = number % len(PLACES)
        if number and place == 0:
            page.next_page()
        if place == 0:
            page.stroke([(0, HALF_MM), (WIDTH_MM, HALF_MM)], 0.15, FAINT, dash_mm=2)
        with page.moved(*PLACES[place][:2]):
            _card(page, card, code, ward)


def _card(page: Page, card: Card, code: str, ward: Ward) -> None:
    page.line(_MARGIN_MM, 19, phrases.TITLE[0], _TITLE)
    page.line(_MARGIN_MM, 24, phrases.TITLE[1], _SMALL)
    side = symbol.box_mm(SYMBOL_MM)
    quiet = (side - SYMBOL_MM) / 2
    symbol.draw(page, code, (CODE[0] - quiet, CODE[1] - quiet, side))
    width_mm = WIDTH_MM - _MARGIN_MM - _COLUMN_MM
    name = lines_of(card.person.name, width_mm, _NAME, 2, 14)
    about = [
        Text(phrases.issuer_line(ward), _SMALL),
        Text(card.person.name, name, 2),
        Text(phrases.person_line(card), _PERSON, 0.5),
    ]
    y = page.stack(about, (_COLUMN_MM, 13, width_mm, 33)) + 4
    for heading, value in phrases.facts(card):
        page.line(_COLUMN_MM, y + 4, heading[0], _HINT)
        page.line(_COLUMN_MM, y + 7.6, heading[1], _HINT_ENGLISH)
        page.line(_VALUE_MM, y + 4, value[0], _VALUE)
        page.line(_VALUE_MM, y + 7.6, value[1], _HINT_ENGLISH)
        y += 9
    _hints(page, ward)


def _hints(page: Page, ward: Ward) -> None:
    lost = f"{phrases.LOST[0]} {phrases.contact_of(ward)}", phrases.LOST[1]
    width_mm = (WIDTH_MM - 3 * _MARGIN_MM) / 2
    columns = (phrases.HOLD, phrases.CARE, phrases.NAMELESS), (lost, phrases.COPY)
    for number, hints in enumerate(columns):
        texts = [
            text
            for vietnamese, english in hints
            for text in (Text(vietnamese, _HINT, 1.5), Text(english, _HINT_ENGLISH))
        ]
        left = _MARGIN_MM + number * (width_mm + _MARGIN_MM)
        page.stack(texts, (left, _HINTS_MM, width_mm, _BOTTOM_MM - _HINTS_MM))
