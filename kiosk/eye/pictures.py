"""Picture files become luma, whatever they are; what is no picture is refused in one line.

Anybody may have made the file, so it is bounded before it is decoded, only plain raster formats
are tried (some of Pillow's other readers start programs), and whatever a reader raises is
`NotAPicture`. Used by the replay camera and by `kiosk decode`.
"""

import stat
import warnings
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from kiosk.errors import NotAPicture

MAX_FILE_PIXELS = 64_000_000
"""A header that promises more is a decompression bomb, or no picture for a door."""
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "PPM", "MPO", "AVIF")
_ORIENTATION_TAG = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def open_luma(path: Path, max_px: int) -> Image.Image:
    """Return the picture at `path` as 8-bit luma (mode "L"), upright, on white.

    Its longer side is at most `max_px`; smaller ones keep their size. Of an animation, the first
    frame. The file is closed again.

    Raises:
        NotAPicture: It is no regular file, cannot be read, is in no format that we try, is cut
            short, or promises more than `MAX_FILE_PIXELS`.
    """
    try:
        _refuse_special(path)
        # Pillow warns of sizes that are bounded here, and of odd metadata that is not used here.
        with warnings.catch_warnings(), path.open("rb") as stream:
            warnings.simplefilter("ignore")
            with Image.open(stream, formats=_formats()) as image:
                return _luma(image, path, max_px)
    except NotAPicture:
        raise
    except UnidentifiedImageError:
        raise NotAPicture(f"{path}: in no picture format that is read here") from None
    except OSError as error:
        raise NotAPicture(f"{path}: {_one_line(error.strerror or error)}") from error
    except Exception as error:  # Readers of broken files raise whatever comes.
        raise NotAPicture(f"{path}: broken ({_one_line(error)})") from error


def _refuse_special(path: Path) -> None:
    """Refuse what is no regular file: opening a pipe would wait for ever."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise NotAPicture(f"{path}: not a regular file")


def _formats() -> tuple[str, ...]:
    Image.init()
    # Some are compiled in or not; Pillow refuses to be asked for one that is not.
    return tuple(name for name in _FORMATS if name in Image.OPEN)


def _one_line(reason: object) -> str:
    words = str(reason).split() or [type(reason).__name__]
    return " ".join(words)[:200]


def _luma(image: Image.Image, path: Path, max_px: int) -> Image.Image:
    width, height = image.size
    if width * height > MAX_FILE_PIXELS:
        raise NotAPicture(f"{path}: {width} x {height} pixels, more than {MAX_FILE_PIXELS}")
    turn = _upright(image)
    if max(image.size) > max_px:
        # A JPEG can be decoded at a half, a quarter or an eighth of its size.
        image.draft("L", (max_px, max_px))
    picture = _grey(image)
    if max(picture.size) > max_px:
        scale = max_px / max(picture.size)
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        picture = picture.resize(size, Image.Resampling.BICUBIC)
    return picture if turn is None else picture.transpose(turn)


def _upright(image: Image.Image) -> Image.Transpose | None:
    """Return how to turn the picture upright; broken EXIF does not make it no picture."""
    try:
        return _UPRIGHT.get(image.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:  # noqa: BLE001 - readers of broken metadata raise whatever comes
        return None


def _grey(image: Image.Image) -> Image.Image:
    image.load()
    if image.mode == "L" and "transparency" not in image.info:
        return image.copy()
    if image.mode in ("I", "F") or image.mode.startswith("I;"):
        return _from_deep(image)
    if image.has_transparency_data:
        colour = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, colour).convert("L")
    if image.mode == "LAB":
        return image.getchannel("L")
    return image.convert("RGB").convert("L")


def _from_deep(image: Image.Image) -> Image.Image:
    """Return 16-bit, 32-bit or floating-point grey scaled to 8 bits; Pillow alone would clip it."""
    wide = image.convert("F")
    scale = 255 / _white(image.mode, wide)
    return wide.point(lambda value: value * scale + 0.5).convert("L")


def _white(mode: str, wide: Image.Image) -> float:
    """Return the value that is white: the mode's own, or the least usual one that holds all."""
    if mode.startswith("I;16"):
        return 65535
    usual = (1, 255, 65535) if mode == "F" else (255, 65535)
    extremes = wide.getextrema()
    highest = max(value for value in extremes if isinstance(value, float))
    return next((white for white in usual if highest <= white), highest)
