"""Hostile pictures: sheets that anybody can print, made to keep a reader busy.

Tiled finder patterns promise a reader symbols that are not there; noise is a million edges; nested
squares are one finder pattern inside another.
"""

import random
from collections.abc import Callable, Sequence

import segno
from PIL import Image, ImageDraw

HD_PX = (1280, 720)
Size = tuple[int, int]


def tiled(size_px: Size, module_px: int, gap_px: int, jitter_px: int = 0) -> Image.Image:
    """Return finder patterns side by side; `jitter_px` puts them out of line."""
    pitch_px = 7 * module_px + gap_px
    finder = Image.new("L", (pitch_px, pitch_px), 255)
    pencil = ImageDraw.Draw(finder)
    for ring, luma in ((0, 0), (1, 255), (2, 0)):
        far = (7 - ring) * module_px - 1
        pencil.rectangle((ring * module_px, ring * module_px, far, far), fill=luma)
    rng = random.Random(1)  # noqa: S311 - a picture, no secret
    picture = Image.new("L", size_px, 255)
    for top in range(0, size_px[1], pitch_px):
        for left in range(0, size_px[0], pitch_px):
            at = (left + rng.randint(0, jitter_px), top + rng.randint(0, jitter_px))
            picture.paste(finder, at)
    return picture


def noise(size_px: Size) -> Image.Image:
    """Return black and white noise, a pixel each."""
    grey = Image.effect_noise(size_px, 90)
    return grey.point([255 if luma > 127 else 0 for luma in range(256)])


def nested(size_px: Size, step_px: int = 3) -> Image.Image:
    """Return squares in squares."""
    picture = Image.new("L", size_px, 255)
    pencil = ImageDraw.Draw(picture)
    for number, inset in enumerate(range(0, min(size_px) // 2, step_px)):
        box = (inset, inset, size_px[0] - 1 - inset, size_px[1] - 1 - inset)
        pencil.rectangle(box, fill=255 * (number % 2))
    return picture


SHEETS: dict[str, Callable[[Size], Image.Image]] = {
    "tiled 1 px": lambda size: tiled(size, 1, 1),
    "tiled 4 px": lambda size: tiled(size, 4, 4),
    "tiled 10 px": lambda size: tiled(size, 10, 40, 30),
    "tiled 16 px": lambda size: tiled(size, 16, 16),
    "noise": noise,
    "nested": nested,
}
"""What was dearest among those tried, and two that are cheap."""


def card_before(sheet: Image.Image, text: str, share: float = 0.55) -> Image.Image:
    """Return `sheet` with a card held before it: a symbol on white, `share` of the height."""
    code = segno.make(text.encode(), error="m", micro=False)
    rows = [bytes(0 if dark else 255 for dark in row) for row in code.matrix_iter(border=4)]
    symbol = Image.frombytes("L", (len(rows[0]), len(rows)), b"".join(rows))
    scale = max(1, round(share * sheet.height) // symbol.height)
    symbol = symbol.resize((symbol.width * scale, symbol.height * scale), Image.Resampling.NEAREST)
    picture = sheet.copy()
    at = ((sheet.width - symbol.width) // 2, (sheet.height - symbol.height) // 2)
    picture.paste(symbol, at)
    return picture


def p99(values: Sequence[float]) -> float:
    """Return the 99th percentile: the least value that 99 % do not exceed; 0 of nothing.

    >>> p99(range(1, 101)), p99([5.0]), p99([])
    (99, 5.0, 0.0)
    """
    ordered = sorted(values)
    return ordered[-(-99 * len(ordered) // 100) - 1] if ordered else 0.0
