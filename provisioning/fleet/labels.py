"""Labels for kiosks, 24 on an A4 sheet: which door it is, and a QR symbol.

One that is made with a claim holds it: it belongs to the bench and is thrown away afterwards. Any
other one names the kiosk and nothing else, and may stay on it.
"""

import time
from collections.abc import Sequence

from kiosk.enrolment.claim import claim_text
from provisioning.errors import ProvisioningError
from provisioning.fleet.many import Made
from provisioning.paper import fonts, symbol
from provisioning.paper.page import FAINT, GREY, Page, Style, Text

COLUMNS, ROWS = 3, 8
WIDTH_MM, HEIGHT_MM = 70.0, 37.125
_SYMBOL_MM = 27.0
_MARGIN_MM = 3.0
_TITLE = Style(7.5, colour=GREY)
_NAME = Style(11, "bold", leading=1.1)
_SMALL = Style(6.5)
_ENGLISH = Style(6, colour=GREY)
_HANOI_S = 7 * 3600


def pdf(made: Sequence[Made]) -> bytes:
    """Return the sheets; the same kiosks are the same bytes.

    Raises:
        ProvisioningError: A title has letters that cannot be printed.
    """
    page = Page("Nhãn máy quét · Kiosk labels")
    for number, each in enumerate(made):
        bad = fonts.missing(each.row.title)
        if bad:
            raise ProvisioningError(f"{each.row.name}: letters that cannot be printed: {bad}")
        place = number % (COLUMNS * ROWS)
        if number and place == 0:
            page.next_page()
        row, column = divmod(place, COLUMNS)
        with page.moved(column * WIDTH_MM, row * HEIGHT_MM):
            _label(page, each)
    return page.file()


def text_of(made: Made) -> str:
    """Return what a label's symbol says."""
    return f"DOOR-KIOSK:{made.row.name.upper()}" if made.code is None else made.code.text()


def _label(page: Page, made: Made) -> None:
    page.frame((0, 0, WIDTH_MM, HEIGHT_MM), width_mm=0.1, colour=FAINT)
    side = symbol.box_mm(_SYMBOL_MM)
    symbol.draw(page, text_of(made), (0.5, (HEIGHT_MM - side) / 2, side))
    left = side + 1.5
    texts = [
        Text("Máy quét cửa · Door kiosk", _ENGLISH),
        Text(made.row.site, _NAME, 0.5),
        Text(made.row.device, _NAME),
        *([Text(made.row.title, _TITLE, 0.5)] if made.row.title else []),
    ]
    if made.code is not None:
        until = time.strftime("%H:%M %d/%m/%Y", time.gmtime(made.until_s + _HANOI_S))
        texts += [
            Text(f"Mã ghi danh, dùng một lần, đến {until}", _SMALL, 0.8),
            Text("One-time enrolment claim, until then", _ENGLISH),
            Text(claim_text(made.code.claim).replace("-", " "), _SMALL, 0.5),
        ]
    page.stack(texts, (left, _MARGIN_MM, WIDTH_MM - left - _MARGIN_MM, HEIGHT_MM - 2 * _MARGIN_MM))
