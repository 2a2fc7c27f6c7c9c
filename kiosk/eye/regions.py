"""Parts of a frame that are worth a look of their own."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from PIL import Image

from kiosk.eye.decoders import Corners, Symbol
from kiosk.eye.gate import Box
from kiosk.eye.rectify import rectified
from kiosk.eye.strategies import Variant, resized

NEAR = 0.35
"""Part of a code's size that a hand moves it between two frames, at most."""


def flat(picture: Image.Image, located: Iterable[Symbol]) -> Iterator[Variant]:
    """Yield each located symbol laid flat."""
    for symbol in located:
        square = symbol.corners and rectified(picture, symbol.corners)
        if square:
            yield _Flat(square, corners=symbol.corners)


def nearer(picture: Image.Image, located: Iterable[Symbol]) -> Iterator[Variant]:
    """Yield the neighbourhood of each located symbol, twice as large."""
    for symbol in located:
        near = around(picture, [symbol])
        yield Variant(resized(near.picture, 2.0), 2.0, near.left_px, near.top_px)


@dataclass(frozen=True, slots=True)
class _Flat(Variant):
    """A rectified symbol: whatever is read in it stands where the symbol was located."""

    corners: Corners | None = None

    def in_frame(self, symbol: Symbol) -> Symbol:
        """Return the symbol at the corners where it was located."""
        return Symbol(symbol.payload, self.corners, symbol.decoder)


def around(picture: Image.Image, symbols: Iterable[Symbol]) -> Variant:
    """Return the neighbourhood of `symbols`: as far as a hand moves them between two frames."""
    box = box_of(symbols)
    if box is None:
        return Variant(picture)
    return cut(picture, box, round(NEAR * max(box[2] - box[0], box[3] - box[1])))


def cut(picture: Image.Image, box: Box, margin_px: int) -> Variant:
    """Return the part of `picture` in `box` and `margin_px` around it; all of it where none is."""
    left, top = max(0, box[0] - margin_px), max(0, box[1] - margin_px)
    right = min(picture.width, box[2] + margin_px)
    bottom = min(picture.height, box[3] + margin_px)
    if right - left < 2 or bottom - top < 2:
        return Variant(picture)
    return Variant(picture.crop((left, top, right, bottom)), 1.0, left, top)


def box_of(symbols: Iterable[Symbol]) -> Box | None:
    """Return the box around the corners of `symbols`; None where none has a position."""
    points = [point for s in symbols if s.corners is not None for point in s.corners]
    if not points:
        return None
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return (min(xs), min(ys), max(xs), max(ys))


def part_of(box: Box, picture: Image.Image) -> float:
    """Return how much of `picture` a box covers, 0 to 1."""
    return (box[2] - box[0]) * (box[3] - box[1]) / (picture.width * picture.height)
