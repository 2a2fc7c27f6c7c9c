"""The motion gate: an empty door costs almost nothing, and tells where something changed.

A small picture of the frame is compared with a slowly learnt background. The background learns only
while nothing is looked for, so that a card held still does not fade into it.
"""

from dataclasses import dataclass

from PIL import Image, ImageChops

GRID_PX = 40
"""The gate compares pictures of about this width: cells of 16 px in a frame of 640."""
_SAMPLES = 4
"""Pixels taken of each cell in each direction: a tenth of the cost of taking all, and the mean of
16 calms a night's noise enough."""
_CHANGE_LUMA = 9
"""A mean change of so many grey levels in one cell is more than noise and flicker."""
_LEARN = 0.04
"""Part of the difference that the background takes over a frame: half of it in 17 frames."""
_LEAST_CELLS = 3

Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Change:
    """Where the frame differs from the background: a box in pixels of the frame."""

    box: Box


class Gate:
    """Learns what the door looks like when nobody is there; used by the eye's one thread."""

    def __init__(self) -> None:
        self._background: Image.Image | None = None

    def changed(self, picture: Image.Image, *, learn: bool) -> Change | None:
        """Return where `picture` changed; `learn` the background from it where it did not."""
        factor = max(1, picture.width // GRID_PX)
        small = _small(picture, factor)
        background = self._background
        if background is None or background.size != small.size:
            self._background = small
            return Change((0, 0, picture.width, picture.height))
        difference = ImageChops.difference(small, background)
        mask = difference.point(_MASK)
        if learn:
            self._background = Image.blend(background, small, _LEARN)
        box = mask.getbbox()
        if box is None or mask.histogram()[255] < _LEAST_CELLS:
            return None
        left, top, right, bottom = (side * factor for side in box)
        return Change((left, top, min(right, picture.width), min(bottom, picture.height)))


def _small(picture: Image.Image, factor: int) -> Image.Image:
    cells = (max(1, picture.width // factor), max(1, picture.height // factor))
    if factor <= _SAMPLES:
        return picture.reduce(factor)
    samples = (cells[0] * _SAMPLES, cells[1] * _SAMPLES)
    return picture.resize(samples, Image.Resampling.NEAREST).reduce(_SAMPLES)


_MASK = [255 if luma >= _CHANGE_LUMA else 0 for luma in range(256)]
