"""Frames that are cheap to read and real all the same: a whole camera's frame, a code, its noise.

The noise is that of a camera that smooths it, as the Pi's does: sharp noise on bare walls makes
every reader six times as dear and shows nothing more about its memory.
"""

import random

import segno
from PIL import Image, ImageFilter

from kiosk.eye.frame import Frame
from kiosk.eye.people import person

SIZE_PX = (640, 480)
_WALL_LUMA, _NOISE_LUMA, _MODULE_MOST_PX = 188, 6, 6


def frames(seed: int) -> list[Frame]:
    """Return frames with one code each, of several lengths."""
    rng = random.Random(seed)  # noqa: S311 - a picture, no secret
    texts = ("0", "Trần Thị Bình", person(rng), person(rng, 11), person(rng) * 3)
    return [frame_of(text) for text in texts]


def empty_frames(count: int) -> list[Frame]:
    """Return frames of the same place with nobody in it: only the noise differs."""
    return [_frame(_wall()) for _ in range(count)]


def frame_of(text: str) -> Frame:
    """Return a frame with `text` as a symbol in its middle."""
    code = segno.make(text.encode(), error="m", micro=False)
    rows = [bytes(0 if dark else 255 for dark in row) for row in code.matrix_iter(border=4)]
    symbol = Image.frombytes("L", (len(rows[0]), len(rows)), b"".join(rows))
    scale = min(_MODULE_MOST_PX, SIZE_PX[1] // symbol.height)
    symbol = symbol.resize((symbol.width * scale, symbol.height * scale), Image.Resampling.NEAREST)
    picture = _wall()
    corner = ((SIZE_PX[0] - symbol.width) // 2, (SIZE_PX[1] - symbol.height) // 2)
    picture.paste(symbol, corner)
    return _frame(picture)


def _wall() -> Image.Image:
    brighter = [min(255, luma + _WALL_LUMA - 128) for luma in range(256)]
    noise = Image.effect_noise(SIZE_PX, _NOISE_LUMA).point([max(0, luma) for luma in brighter])
    return noise.filter(ImageFilter.GaussianBlur(1))


def _frame(picture: Image.Image) -> Frame:
    return Frame(picture.tobytes(), *SIZE_PX, SIZE_PX[0], 1, 1)
