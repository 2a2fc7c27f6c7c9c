"""Printed cards as something to hold up: rasterised from the PDF, cut out, photocopied.

What is cut out is the whole card with its text, as the printer's 150 dots an inch show it.
"""

import io
import random
from collections.abc import Iterator

import pypdfium2
from PIL import Image, ImageChops, ImageFilter

from benchmarks.scenes.faces import Face
from provisioning.cards.form import Form
from provisioning.cards.printing import CODE, PLACES
from provisioning.paper.symbol import MODULES

DPI = 150
_MM = DPI / 25.4
_WHITE = 235
"""What paper is in a scene; see `benchmarks.scenes.faces`."""


def pages(pdf: bytes, dpi: int = DPI) -> Iterator[Image.Image]:
    """Yield the pages of a PDF, mode "L"."""
    document = pypdfium2.PdfDocument(io.BytesIO(pdf))
    try:
        for page in document:
            yield page.render(scale=dpi / 72, grayscale=True).to_pil().convert("L")
            page.close()
    finally:
        document.close()


def cut_out(pdf: bytes, form: Form, count: int) -> list[Image.Image]:
    """Return the first `count` cards of a PDF, each cut out of its page."""
    cards: list[Image.Image] = []
    for page in pages(pdf):
        for left, top, width, height in PLACES[form]:
            box = (left * _MM, top * _MM, (left + width) * _MM, (top + height) * _MM)
            cards.append(page.crop(tuple(round(edge) for edge in box)))
            if len(cards) == count:
                return cards
    return cards


def photocopied(card: Image.Image, rng: random.Random, generations: int = 2) -> Image.Image:
    """Return what a bad office copier makes of a card, and again of the copy.

    Each time it is laid down crooked, its edges blur, toner is uneven, and tones are lost.
    """
    for _ in range(generations):
        card = card.rotate(rng.uniform(-1.5, 1.5), Image.Resampling.BICUBIC, fillcolor=255)
        card = card.filter(ImageFilter.GaussianBlur(rng.uniform(0.8, 1.2)))
        grain = Image.frombytes("L", card.size, rng.randbytes(card.width * card.height))
        grain = grain.filter(ImageFilter.GaussianBlur(0.7)).point([v // 3 for v in range(256)])
        card = ImageChops.add(card, grain, scale=1, offset=-42)
        low, high = rng.randint(85, 105), rng.randint(150, 170)
        curve = [round(255 * min(1.0, max(0.0, (v - low) / (high - low)))) for v in range(256)]
        card = card.point(curve)
    return card


def face_of_card(card: Image.Image, form: Form, contrast: float) -> Face:
    """Return a card as the scenes hold it up; `contrast` is that of the ink."""
    x, y, side = (length * _MM for length in CODE[form])
    dark = _WHITE * (1 - contrast)
    inked = card.point([round(dark + (_WHITE - dark) * value / 255) for value in range(256)])
    outline = Image.new("L", card.size, 255)
    return Face(inked, outline, (x + side / 2, y + side / 2), side, side / MODULES)
