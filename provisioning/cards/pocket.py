"""The card form: ten cards of a bank card's size (ID-1) on an A4 page, with marks to cut along.

The symbol is 35 mm wide: 0.7 mm a module, with its quiet zone 40.7 mm.
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

CARD_WIDTH_MM, CARD_HEIGHT_MM = 85.6, 53.98
"""ID-1 of ISO/IEC 7810."""
COLUMNS, ROWS = 2, 5
SYMBOL_MM = 35.0
_LEFT_MM = (WIDTH_MM - COLUMNS * CARD_WIDTH_MM) / 2
_TOP_MM = (HEIGHT_MM - ROWS * CARD_HEIGHT_MM) / 2
PLACES = tuple(
    (_LEFT_MM + x * CARD_WIDTH_MM, _TOP_MM + y * CARD_HEIGHT_MM, CARD_WIDTH_MM, CARD_HEIGHT_MM)
    for y in range(ROWS)
    for x in range(COLUMNS)
)
"""Where cards are on a page: left, top, width, height."""
_MARK_MM, _GAP_MM = 5.0, 1.5
_EDGE_MM = 2.5
"""What a cut that is not quite straight may take."""
_QUIET_MM = (symbol.box_mm(SYMBOL_MM) - SYMBOL_MM) / 2
CODE = (_EDGE_MM / 2 + _QUIET_MM, _EDGE_MM / 2 + _QUIET_MM, SYMBOL_MM)
"""Where the symbol is on a card, without its quiet zone: left, top, side."""
_TITLE = Style(7, "bold")
_NAME = Style(11, "bold", leading=1.1)
_PLAIN = Style(7, leading=1.25)
_HINT = Style(6.2, leading=1.2)
_SMALL = Style(5.4, colour=GREY, leading=1.2)


def draw(page: Page, cards: Iterable[tuple[Card, str]], ward: Ward) -> None:
    """Draw the cards with their codes, ten a page."""
    for number, (card, code) in enumerate(cards):
        place = number % len(PLACES)
        if number and place == 0:
            page.next_page()
        if place == 0:
            _crop_marks(page)
        with page.moved(*PLACES[place][:2]):
            _card(page, card, code, ward)


def _crop_marks(page: Page) -> None:
    """Mark every cut in the margins, and every corner within by a small cross."""
    xs = [_LEFT_MM + column * CARD_WIDTH_MM for column in range(COLUMNS + 1)]
    ys = [_TOP_MM + row * CARD_HEIGHT_MM for row in range(ROWS + 1)]
    for x in xs:
        for edge, outwards in ((ys[0], -1), (ys[-1], 1)):
            page.stroke(
                [(x, edge + outwards * _GAP_MM), (x, edge + outwards * (_GAP_MM + _MARK_MM))]
            )
    for y in ys:
        for edge, outwards in ((xs[0], -1), (xs[-1], 1)):
            page.stroke(
                [(edge + outwards * _GAP_MM, y), (edge + outwards * (_GAP_MM + _MARK_MM), y)]
            )
    for x in xs[1:-1]:
        for y in ys[1:-1]:
            page.stroke([(x - 1, y), (x + 1, y)], colour=FAINT)
            page.stroke([(x, y - 1), (x, y + 1)], colour=FAINT)


def _card(page: Page, card: Card, code: str, ward: Ward) -> None:
    side = symbol.box_mm(SYMBOL_MM)
    symbol.draw(page, code, (_EDGE_MM / 2, _EDGE_MM / 2, side))
    left, top = side + 1.5, 2.2
    width_mm = CARD_WIDTH_MM - _EDGE_MM - left
    name = lines_of(card.person.name, width_mm, _NAME, 2, 8)
    texts = [
        Text(" · ".join(phrases.TITLE), _TITLE),
        Text(phrases.issuer_line(ward), _SMALL),
        Text(card.person.name, name, 0.8),
        Text(phrases.person_line(card), _PLAIN),
    ]
    for number, (heading, value) in enumerate(phrases.facts(card)):
        meaning = " · ".join(part for part in value if part)
        texts.append(Text(f"{heading[0]}: {meaning}", _PLAIN, 0 if number else 1.2))
    page.stack(texts, (left, top, width_mm, side - top))
    contact = f", {phrases.contact_of(ward)}" if ward.contact else ""
    vietnamese, english = phrases.POCKET
    hints = [
        Text(vietnamese.replace("{contact}", contact), _HINT),
        Text(english, _SMALL, 0.3),
    ]
    top = _EDGE_MM / 2 + side
    box = (_EDGE_MM, top, CARD_WIDTH_MM - 2 * _EDGE_MM, CARD_HEIGHT_MM - _EDGE_MM - top)
    page.stack(hints, box)
