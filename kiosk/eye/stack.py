"""The aligned stack: up to eight frames of one changed region, laid over each other and averaged.

A card too dim, too noisy or too glaring for any single frame becomes readable when the hand's
tremor is taken out and the noise averages away. Run only while something unread is in view.

Source: method and parameters are measured in the design's reference on several frames (alignment
of high-passed pictures, coarse to fine, against the running mean; which looks after how many
frames; start anew after eight).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageFilter, ImageStat

from kiosk.eye.decoders import Threshold
from kiosk.eye.gate import Box
from kiosk.eye.strategies import Variant, resized

DEPTH = 8
LEAST_PX = 60
MARGIN_PX = 24
_FINE_PX = 224
_COARSE_STEPS = 4
_HIGH_PASS = 8

Shift = tuple[int, int]


@dataclass(slots=True)
class Stack:
    """The running mean of one region; used by the thread that looks."""

    _box: Box | None = None
    _mean: Image.Image | None = None
    _count: int = 0

    def reset(self) -> None:
        """Forget everything: what was looked for was read, or is gone."""
        self._box, self._mean, self._count = None, None, 0

    def add(self, picture: Image.Image, changed: Box) -> Iterator[Variant]:
        """Lay one more frame over the others; yield what is now worth a look, best first.

        `changed`: where something unread is, in pixels of `picture`.
        """
        box = self._region(picture, changed)
        if box is None:
            return
        region = picture.crop(box)
        if self._mean is None:
            self._mean, self._count = region, 1
            return
        shift = _align(region, self._mean)
        if shift is None:
            # It moved further than a tremor: what was gathered shows something else.
            self._mean, self._count = region, 1
            return
        self._count += 1
        moved = ImageChops.offset(region, *shift)
        self._mean = Image.blend(self._mean, moved, 1 / self._count)
        yield from _looks(self._mean, self._count, box)
        if self._count >= DEPTH:
            self.reset()

    def _region(self, picture: Image.Image, changed: Box) -> Box | None:
        left, top, right, bottom = changed
        if min(right - left, bottom - top) < LEAST_PX:
            self.reset()
            return None
        if self._box is not None and _holds(self._box, changed):
            return self._box
        self.reset()
        self._box = (
            max(0, left - MARGIN_PX),
            max(0, top - MARGIN_PX),
            min(picture.width, right + MARGIN_PX),
            min(picture.height, bottom + MARGIN_PX),
        )
        return self._box


def _holds(box: Box, changed: Box) -> bool:
    """Tell whether the region still fits: most of the change lies within it."""
    slack = MARGIN_PX
    return (
        changed[0] >= box[0] - slack
        and changed[1] >= box[1] - slack
        and changed[2] <= box[2] + slack
        and changed[3] <= box[3] + slack
    )


def _looks(mean: Image.Image, count: int, box: Box) -> Iterator[Variant]:
    left, top = box[:2]
    if count in (2, 4, 6, 8):
        yield Variant(mean, 1.0, left, top)
    if count in (4, 8):
        larger = resized(mean, 2.0)
        yield Variant(larger, 2.0, left, top)
        yield Variant(larger.filter(ImageFilter.UnsharpMask(3, 200, 0)), 2.0, left, top)
    if count == 6:
        yield Variant(mean, 1.0, left, top, Threshold.GLOBAL)
        yield Variant(mean.filter(ImageFilter.UnsharpMask(2, 150, 0)), 1.0, left, top)


def _align(region: Image.Image, mean: Image.Image) -> Shift | None:
    """Return the shift that lays `region` over `mean`; None where it is more than a tremor."""
    moving, still = _high_pass(region), _high_pass(mean)
    x, y = _best(moving.reduce(4), still.reduce(4), (0, 0), _COARSE_STEPS)
    if max(abs(x), abs(y)) >= _COARSE_STEPS:
        return None
    x, y = _best(moving.reduce(2), still.reduce(2), (2 * x, 2 * y), 1)
    centre = _central(region.size)
    return _best(moving.crop(centre), still.crop(centre), (2 * x, 2 * y), 1)


def _high_pass(picture: Image.Image) -> Image.Image:
    around = picture.filter(ImageFilter.BoxBlur(_HIGH_PASS))
    return ImageChops.subtract(picture, around, scale=1, offset=128)


def _central(size: tuple[int, int]) -> Box:
    width, height = min(size[0], _FINE_PX), min(size[1], _FINE_PX)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return (left, top, left + width, top + height)


def _best(moving: Image.Image, still: Image.Image, start: Shift, reach: int) -> Shift:
    """Return the shift around `start` with the least difference, over the part both have."""
    shifts = (
        (start[0] + dx, start[1] + dy)
        for dy in range(-reach, reach + 1)
        for dx in range(-reach, reach + 1)
    )
    return min(shifts, key=lambda shift: _difference(moving, still, shift))


def _difference(moving: Image.Image, still: Image.Image, shift: Shift) -> float:
    dx, dy = shift
    width, height = still.size
    there = (max(0, dx), max(0, dy), min(width, width + dx), min(height, height + dy))
    if there[2] - there[0] < 4 or there[3] - there[1] < 4:
        return float("inf")
    here = (there[0] - dx, there[1] - dy, there[2] - dx, there[3] - dy)
    difference = ImageChops.difference(moving.crop(here), still.crop(there))
    return float(ImageStat.Stat(difference).mean[0])
