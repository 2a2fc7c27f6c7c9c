"""Other ways to look at a picture that could not be read: each a small function on luma.

One of them is tried on each frame that yields nothing, in turn, so that a hard card meets all of
them within a few frames while a slow machine keeps its frame rate. Chosen by what each added on
measured corpora; `python -m benchmarks.eye` shows it again.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageFilter

from kiosk.eye.decoders import Corners, Symbol, Threshold
from kiosk.eye.look_settings import StrategyName

ENLARGE_MOST_PX = 1_500_000
"""Pictures above are not enlarged: their modules are not what is missing, and it would cost."""
_DARK = 4
"""Below so many grey levels it is noise that differs, not light."""
_LOGARITHMS = [
    round(255 * math.log1p(luma / _DARK) / math.log1p(255 / _DARK)) for luma in range(256)
]
"""Half the light is the same step everywhere: what a shadow multiplies, it only shifts."""
_BAND_PX = 80
"""Rows are compared over so many pixels: wider than modules, narrower than a phone."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A picture made from a frame: mode "L", `scale` times as large, cut out at `left`, `top`."""

    picture: Image.Image
    scale: float = 1.0
    left_px: int = 0
    top_px: int = 0
    threshold: Threshold = Threshold.LOCAL

    def in_frame(self, symbol: Symbol) -> Symbol:
        """Return a symbol found in this picture at its place in the frame."""
        if symbol.corners is None:
            return symbol
        first, second, third, fourth = (
            (round(x / self.scale) + self.left_px, round(y / self.scale) + self.top_px)
            for x, y in symbol.corners
        )
        corners: Corners = (first, second, third, fourth)
        return Symbol(symbol.payload, corners, symbol.decoder)


Strategy = Callable[[Image.Image], Variant]


def resized(picture: Image.Image, scale: float) -> Image.Image:
    """Return `picture` at `scale`: averaged when smaller, smoothly interpolated when larger."""
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    how = Image.Resampling.BICUBIC if scale > 1 else Image.Resampling.BOX
    return picture.resize(size, how)


def double(picture: Image.Image) -> Variant:
    """Modules of less than 2 px: twice as large."""
    scale = 2.0 if picture.width * picture.height <= ENLARGE_MOST_PX else 1.0
    return Variant(resized(picture, scale) if scale > 1 else picture, scale)


def double_one_threshold(picture: Image.Image) -> Variant:
    """Uneven modules in even light: twice as large, one threshold for the whole picture."""
    larger = double(picture)
    return Variant(larger.picture, larger.scale, threshold=Threshold.GLOBAL)


def one_threshold(picture: Image.Image) -> Variant:
    """Even light: one threshold, taken from the histogram."""
    return Variant(picture, threshold=Threshold.GLOBAL)


def middle_threshold(picture: Image.Image) -> Variant:
    """Screens and shadows: the middle of the scale as threshold."""
    return Variant(picture, threshold=Threshold.FIXED)


def half(picture: Image.Image) -> Variant:
    """Noise and moire on large modules: half as large."""
    return Variant(resized(picture, 0.5), 0.5)


def smooth(picture: Image.Image) -> Variant:
    """Halftone and module gaps: blurred."""
    return Variant(picture.filter(ImageFilter.GaussianBlur(2)))


def sharpen(picture: Image.Image) -> Variant:
    """Defocus: edges steepened."""
    return Variant(picture.filter(ImageFilter.UnsharpMask(2, 150, 0)))


def flatten(picture: Image.Image) -> Variant:
    """Shadow edges and gradients: what differs from its neighbourhood, nearly black and white."""
    calm = picture.filter(ImageFilter.GaussianBlur(1))
    around = calm.filter(ImageFilter.BoxBlur(24))
    steep = ImageChops.subtract(calm, around, scale=0.02, offset=128)
    return Variant(steep.filter(ImageFilter.GaussianBlur(0.7)))


def bands(picture: Image.Image) -> Variant:
    """Bands of a dimmed screen: each row against its own mean nearby, twice as large."""
    light = picture.point(_LOGARITHMS)
    columns = (max(1, picture.width // _BAND_PX), picture.height)
    means = light.resize(columns, Image.Resampling.BOX)
    means = means.resize(picture.size, Image.Resampling.BILINEAR)
    return double(ImageChops.subtract(light, means, scale=0.4, offset=128))


def double_flatten(picture: Image.Image) -> Variant:
    """Small modules in shadow or dim light: against their neighbourhood, twice as large."""
    light = picture.point(_LOGARITHMS)
    around = light.filter(ImageFilter.BoxBlur(10))
    larger = double(ImageChops.subtract(light, around, scale=0.3, offset=128))
    return Variant(larger.picture, larger.scale, threshold=Threshold.FIXED)


def double_sharpen(picture: Image.Image) -> Variant:
    """Small modules out of focus or smeared: edges steepened much, twice as large."""
    return double(picture.filter(ImageFilter.UnsharpMask(2, 200, 0)))


def invert(picture: Image.Image) -> Variant:
    """Phones in dark mode, for a decoder that reads dark on light only."""
    return Variant(ImageChops.invert(picture))


STRATEGIES: dict[StrategyName, Strategy] = {
    "double": double,
    "one-threshold": one_threshold,
    "bands": bands,
    "middle-threshold": middle_threshold,
    "smooth": smooth,
    "sharpen": sharpen,
    "half": half,
    "double-one-threshold": double_one_threshold,
    "double-flatten": double_flatten,
    "double-sharpen": double_sharpen,
    "flatten": flatten,
}
