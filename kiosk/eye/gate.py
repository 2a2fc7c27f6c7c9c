"""The motion gate: an empty door costs almost nothing, and tells where something changed.

A small picture of the frame is compared with a slowly learnt background. The background learns only
while nothing is looked for, so that a card held still does not fade into it.
"""

from dataclasses import dataclass

from PIL import Image, ImageChops, ImageFilter

GRID_PX = 40
"""The gate compares pictures of about this width: cells of 16 px in a frame of 640."""
_CHANGE_LUMA = 9
"""A mean change of so many grey levels in one cell is more than flicker."""
_CHANGE_NOISE = 5
"""And of so many times what half of the cells differ by is more than noise."""
_LEARN = 0.04
"""Part of the difference that the background takes over a frame: half of it in 17 frames."""
_LEARN_SLOWLY = 0.003
"""The same while something is there: a card held up must not fade, a chair put down must."""
_FIRST_FRAMES = 8
"""The first frames are averaged, so that the background starts calmer than any one of them."""
_LEAST_CELLS = 3

Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Change:
    """Where the frame differs from the background: a box in pixels of the frame."""

    box: Box


class Gate:
    """Learns what the door looks like when nobody is there; used by the thread that looks."""

    def __init__(self) -> None:
        self._background: Image.Image | None = None
        self._learnt = 0
        self._box: Box | None = None

    def changed(self, picture: Image.Image, *, learn: bool) -> Change | None:
        """Return where `picture` changed; `learn` the background from it where it did not."""
        factor = max(1, picture.width // GRID_PX)
        small = picture.reduce(factor)
        background = self._background
        if background is None or background.size != small.size:
            self._background, self._learnt = small, 1
            return Change((0, 0, picture.width, picture.height))
        difference = ImageChops.difference(small, background)
        limit = max(_CHANGE_LUMA, _CHANGE_NOISE * _median(difference))
        # Single cells are noise: a card covers several.
        mask = difference.point(_MASKS[min(limit, 255)]).filter(ImageFilter.MedianFilter(3))
        cells = mask.getbbox() if mask.histogram()[255] >= _LEAST_CELLS else None
        if learn:
            self._learn(background, small, quiet=cells is None)
        if cells is None:
            self._box = None
            return None
        left, top, right, bottom = (side * factor for side in cells)
        box = (left, top, min(right, picture.width), min(bottom, picture.height))
        # In the dark a card shows in parts: what changed lately belongs together.
        self._box = box if self._box is None else _union(self._box, box)
        return Change(self._box)

    def _learn(self, background: Image.Image, small: Image.Image, *, quiet: bool) -> None:
        self._learnt += 1
        part = _LEARN if quiet else _LEARN_SLOWLY
        if self._learnt <= _FIRST_FRAMES:
            part = 1 / self._learnt
        self._background = Image.blend(background, small, part)


def _union(one: Box, other: Box) -> Box:
    return (
        min(one[0], other[0]),
        min(one[1], other[1]),
        max(one[2], other[2]),
        max(one[3], other[3]),
    )


def _median(picture: Image.Image) -> int:
    half = picture.width * picture.height // 2
    seen = 0
    for level, count in enumerate(picture.histogram()):
        seen += count
        if seen > half:
            return level
    return 255


_MASKS = [[255 if luma >= limit else 0 for luma in range(256)] for limit in range(256)]
