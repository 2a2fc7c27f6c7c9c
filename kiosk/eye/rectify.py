"""Taking a located symbol out of the picture and laying it flat: square, 4 px a module.

zxing-cpp often locates a symbol that it cannot read, because its sampling met a module between two
pixels. Resampling the symbol once, smoothly, onto its own grid is the cheapest second look.

Source: the four-point perspective map, e.g. Heckbert 1989, section 2.2.3; the figure of 4 px a
module and its gain are measured in the design's reference on several frames.
"""

import math

from PIL import Image

from kiosk.eye.decoders import Corners

MODULE_PX = 4
QUIET_MODULES = 4
_LIKELY_MODULES = 45
"""A citizen card's symbol; a symbol of another size is resampled a little finer or coarser."""
_MOST_PX = 720
_LEAST_PX = 21 * MODULE_PX


def rectified(picture: Image.Image, corners: Corners) -> Image.Image | None:
    """Return the symbol at `corners` as a flat square with a quiet zone; None where it is no quad.

    `corners`: top left, top right, bottom right, bottom left, in pixels of `picture`.
    """
    side_px = _side_px(corners)
    quiet_px = side_px * QUIET_MODULES // _LIKELY_MODULES
    terms = _perspective(corners, side_px, quiet_px)
    if terms is None:
        return None
    size = (side_px + 2 * quiet_px, side_px + 2 * quiet_px)
    return picture.transform(
        size, Image.Transform.PERSPECTIVE, terms, Image.Resampling.BICUBIC, fillcolor=255
    )


def _side_px(corners: Corners) -> int:
    """Return a side that gives modules of about `MODULE_PX`, and no fewer pixels than there are."""
    sides = [math.dist(a, b) for a, b in zip(corners, (*corners[1:], corners[0]), strict=True)]
    return max(_LEAST_PX, min(_MOST_PX, max(_LIKELY_MODULES * MODULE_PX, round(max(sides)))))


def _perspective(corners: Corners, side_px: int, quiet_px: int) -> tuple[float, ...] | None:
    """Return Pillow's eight terms from the flat square to the picture (a unit square's map)."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = corners
    dx1, dx2, dx3 = x1 - x2, x3 - x2, x0 - x1 + x2 - x3
    dy1, dy2, dy3 = y1 - y2, y3 - y2, y0 - y1 + y2 - y3
    area = dx1 * dy2 - dx2 * dy1
    if area == 0:
        return None
    g = (dx3 * dy2 - dx2 * dy3) / area
    h = (dx1 * dy3 - dx3 * dy1) / area
    a, b = x1 - x0 + g * x1, x3 - x0 + h * x3
    d, e = y1 - y0 + g * y1, y3 - y0 + h * y3
    # From pixels of the flat square (quiet zone included) to the unit square: (u - quiet) / side.
    s, q = 1 / side_px, quiet_px / side_px
    unit = 1 - q * (g + h)
    if abs(unit) < 1e-9:
        return None
    rows = (a * s, b * s, x0 - q * (a + b), d * s, e * s, y0 - q * (d + e), g * s, h * s)
    return tuple(term / unit for term in rows)
