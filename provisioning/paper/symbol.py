"""A QR symbol as vectors: every module is exact at any resolution."""

from collections.abc import Sequence

import segno

from provisioning.paper.page import WHITE, Page

QUIET_MODULES = 4
_MASK = 3
"""One mask for all: what is signed looks random already, and judging eight masks takes five times
as long as drawing."""
VERSION = 8
"""The largest that a card may need; all have it, so that all look alike."""
MODULES = 17 + 4 * VERSION


def modules(text: str) -> list[bytes]:
    """Return the rows of the symbol, 1 for dark: version 8 at level M, or Q where that fits.

    Raises:
        segno.DataOverflowError: The text does not fit, which none of our cards does.
    """
    code = segno.make_qr(text, version=VERSION, error="m", mode="alphanumeric", mask=_MASK)
    return [bytes(row) for row in code.matrix]


def draw(page: Page, text: str, box: tuple[float, float, float]) -> None:
    """Draw the symbol into `box` (left, top and side in mm, quiet zone included)."""
    draw_modules(page, modules(text), box)


def draw_modules(page: Page, rows: Sequence[bytes], box: tuple[float, float, float]) -> None:
    """Draw a symbol of any size, whose rows have 1 for dark, into `box`."""
    left, top, side = box
    module = side / (len(rows) + 2 * QUIET_MODULES)
    quiet = QUIET_MODULES * module
    page.rectangle((left, top, side, side), WHITE)
    runs = ((start, y, length) for y, row in enumerate(rows) for start, length in _runs(row))
    page.modules(left + quiet, top + quiet, module, runs)


def box_mm(symbol_mm: float) -> float:
    """Return the side of a symbol with its quiet zone."""
    return symbol_mm * (MODULES + 2 * QUIET_MODULES) / MODULES


def _runs(row: bytes) -> list[tuple[int, int]]:
    """Return where dark modules begin and how many they are.

    >>> _runs(bytes((1, 1, 0, 1)))
    [(0, 2), (3, 1)]
    """
    runs, start = [], 0
    while (start := row.find(1, start)) >= 0:
        end = row.find(0, start)
        end = len(row) if end < 0 else end
        runs.append((start, end - start))
        start = end
    return runs
