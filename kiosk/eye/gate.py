"""The motion gate: an empty door costs almost nothing, and tells where something changed.

A small picture of the frame is compared with a slowly learnt background. The background learns only
while nothing is looked for, so that a card held still does not fade into it.
"""

from dataclasses import dataclass

from PIL import Image, ImageChops

SMALL_PX = 80
"""The gate looks at pictures of about this width."""
_CHANGE_LUMA = 9
"""A mean change of so many grey levels in one small pixel is more than noise and flicker."""
_LEARN = 0.04
"""Part of the difference that the background takes over a frame: half of it in 17 frames."""
_LEAST_PIXELS = 6

Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Change:
    """Where the frame differs from the background: a box in pixels of the frame."""

    box: Box


class Gate:
    """Learns what the door looks like when nobody is there; used by the eye's one thread."""

    def __init__(self) -> None:
        self._background: Image.Image | None = None
        self._factor = 1

    def changed(self, picture: Image.Image, *, learn: bool) -> Change | None:
        """Return where `picture` changed; `learn` the background from it where it did not."""
        factor = max(1, picture.width // SMALL_PX)
        small = picture.reduce(factor)
        background = self._background
        if background is None or background.size != small.size:
            self._background, self._factor = small, factor
            return Change((0, 0, picture.width, picture.height))
        difference = ImageChops.difference(small, background)
        mask = difference.point(_MASK)
        if learn:
            self._background = Image.blend(background, small, _LEARN)
        box = mask.getbbox()
        if box is None or mask.histogram()[255] < _LEAST_PIXELS:
            return None
        left, top, right, bottom = (side * factor for side in box)
        return Change((left, top, min(right, picture.width), min(bottom, picture.height)))


_MASK = [255 if luma >= _CHANGE_LUMA else 0 for luma in range(256)]
