"""Be Vietnam Pro, which has every Vietnamese letter, as it comes from its package."""

import unicodedata
from collections.abc import Mapping
from functools import cache
from typing import Literal

import fontpkg
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

FAMILY = "Be Vietnam Pro"
Weight = Literal["regular", "bold"]
_WEIGHTS: dict[Weight, int] = {"regular": 400, "bold": 700}


@cache
def name_of(weight: Weight) -> str:
    """Return what a weight is called on a page; it is registered now and not before."""
    name = f"BeVietnamPro-{weight}"
    pdfmetrics.registerFont(TTFont(name, fontpkg.path(FAMILY, weight=_WEIGHTS[weight])))
    return name


def width_pt(text: str, weight: Weight, size_pt: float) -> float:
    """Return how wide a text is in points."""
    return float(pdfmetrics.stringWidth(text, name_of(weight), size_pt))


def missing(text: str) -> str:
    """Return the characters that cannot be printed, each once.

    The font has every letter of Vietnamese and not all of Ê Đê or Ba Na; a mark that is no part of
    its letter would stand beside it.

    >>> missing("Nguyễn Thị Bưởi"), missing("Y Blŭk Êban")
    ('', 'ŭ')
    """
    glyphs = _glyphs()
    return "".join(
        dict.fromkeys(
            letter for letter in text if ord(letter) not in glyphs or unicodedata.combining(letter)
        )
    )


def _glyphs() -> Mapping[int, int]:
    found: Mapping[int, int] = pdfmetrics.getFont(name_of("regular")).face.charToGlyph
    return found
