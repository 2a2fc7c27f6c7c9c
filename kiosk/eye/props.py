"""What stands before a door: the hall, and a printed card or a phone, drawn flat from the front.

Only `scenes` needs this: it places, tilts and lights what is drawn here. Luma only; no numpy.
"""

import math
import random
from dataclasses import dataclass
from typing import Literal

import segno
from PIL import Image, ImageDraw, ImageFilter

Look = Literal["paper", "phone", "phone-dark"]
Modules = list[bytearray]
_QUIET_MODULES = 4
_FINDER_MODULES = 9
"""A position pattern with its separator and the format bits beside it."""
_TIMING_LINE = 6
_WORN = 2
"""A module that is neither dark nor light any more."""


@dataclass(frozen=True, slots=True)
class Prop:
    """A thing with a QR code: picture and outline (mode "L"), and where its symbol is.

    `centre` is the symbol's centre and `symbol_px` its side in the picture; `rim` is the luma at
    the thing's edge, with which a picture may be continued.
    """

    picture: Image.Image
    outline: Image.Image
    centre: tuple[float, float]
    symbol_px: int
    rim: int


def prop(payload: bytes, look: Look, damage: float, symbol_px: float, seed: int) -> Prop:
    """Return the thing that shows `payload`, its symbol at least `symbol_px` wide.

    Raises:
        ValueError: The payload fits no symbol.
    """
    modules = _worn(symbol(payload), damage, seed)
    module_px = max(1, math.ceil(symbol_px / len(modules)))
    if look == "paper":
        return _paper(modules, module_px)
    return _phone(modules, module_px, dark_mode=look == "phone-dark")


def symbol(payload: bytes) -> Modules:
    """Return the modules of the QR code (1 dark, 0 light), level M, bytes as they are, no ECI.

    Always a full QR code: short texts would otherwise become Micro QR, which zbar cannot read.
    """
    code = segno.make_qr(payload, mode="byte", error="m", boost_error=False)
    return [bytearray(row) for row in code.matrix]


def _worn(modules: Modules, damage: float, seed: int) -> Modules:
    """Scratch away `damage` of the modules, but nothing that locates the symbol."""
    side = len(modules)
    far = side - _FINDER_MODULES + 1
    places = [
        (row, column)
        for row in range(side)
        for column in range(side)
        if _TIMING_LINE not in (row, column)
        and not (row < _FINDER_MODULES and (column < _FINDER_MODULES or column >= far))
        and not (row >= far and column < _FINDER_MODULES)
    ]
    # A scratch runs along a line near the middle and grows to both sides of it.
    angle = random.Random(seed).uniform(0.3, 1.2)  # noqa: S311 - a picture, no secret
    middle = (side - 1) / 2
    places.sort(
        key=lambda place: abs(
            (place[0] - middle) * math.cos(angle) - (place[1] - middle) * math.sin(angle)
        )
    )
    for row, column in places[: round(damage * len(places))]:
        modules[row][column] = _WORN
    return modules


def _face(modules: Modules, module_px: int, luma: tuple[int, int, int]) -> Image.Image:
    """Return the symbol with its quiet zone; `luma` is that of light, dark and worn modules."""
    side = len(modules)
    table = bytes(luma) + bytes(253)
    flat = Image.frombytes("L", (side, side), b"".join(row.translate(table) for row in modules))
    framed = Image.new("L", (side + 2 * _QUIET_MODULES, side + 2 * _QUIET_MODULES), luma[0])
    framed.paste(flat, (_QUIET_MODULES, _QUIET_MODULES))
    return framed.resize(
        (framed.width * module_px, framed.height * module_px), Image.Resampling.NEAREST
    )


def _paper(modules: Modules, module_px: int) -> Prop:
    """A printed card: the symbol, lines of print below it, a thumb over the lower edge."""
    face = _face(modules, module_px, (226, 26, 176))
    side = face.width
    width, height = round(1.12 * side), round(1.62 * side)
    picture, outline = Image.new("L", (width, height), 232), Image.new("L", (width, height), 0)
    pen, cutter = ImageDraw.Draw(picture), ImageDraw.Draw(outline)
    bottom = round(1.45 * side)
    cutter.rounded_rectangle((2, 2, width - 3, bottom), radius=side // 20, fill=255)
    left, top = (width - side) // 2, round(0.05 * side)
    picture.paste(face, (left, top))
    for line, part in enumerate((0.62, 0.8, 0.45)):
        y = top + side + line * round(0.09 * side)
        pen.rectangle((left + side // 14, y, left + part * side, y + side // 28), fill=96)
    thumb = (round(0.66 * width), round(1.25 * side), round(0.94 * width), round(1.9 * side))
    pen.ellipse(thumb, fill=150, outline=112, width=max(1, module_px // 2))
    cutter.ellipse(thumb, fill=255)
    centre = (left + side / 2, top + side / 2)
    return Prop(picture, outline, centre, len(modules) * module_px, rim=232)


def _phone(modules: Modules, module_px: int, *, dark_mode: bool) -> Prop:
    """A telephone: dark body, glowing screen, the symbol in its upper half."""
    luma = (20, 214, 90) if dark_mode else (250, 14, 150)
    page, ink = luma[0], luma[1]
    face = _face(modules, module_px, luma)
    side = face.width
    bezel = max(2, side // 24)
    width, height = side + 2 * bezel, round(1.95 * side)
    picture, outline = Image.new("L", (width, height), 24), Image.new("L", (width, height), 0)
    pen, cutter = ImageDraw.Draw(picture), ImageDraw.Draw(outline)
    cutter.rounded_rectangle((1, 1, width - 2, height - 2), radius=side // 9, fill=255)
    screen = (bezel, bezel, width - bezel, height - bezel)
    pen.rounded_rectangle(screen, radius=side // 12, fill=page)
    for part in (0.2, 0.74):
        pen.rectangle((part * width, 0.07 * side, (part + 0.08) * width, 0.1 * side), fill=ink)
    top = round(0.36 * side)
    picture.paste(face, (bezel, top))
    pen.rectangle((0.24 * width, 0.24 * side, 0.76 * width, 0.29 * side), fill=(page + ink) // 2)
    button = (0.16 * width, top + 1.1 * side, 0.84 * width, top + 1.25 * side)
    pen.rounded_rectangle(button, radius=side // 20, fill=(2 * page + ink) // 3)
    centre = (width / 2, top + side / 2)
    return Prop(picture, outline, centre, len(modules) * module_px, rim=24)


def hall(size_px: tuple[int, int], seed: int, *, people: bool) -> Image.Image:
    """Return an entrance hall: a wall in uneven light, a door, the floor, and who stands there."""
    width, height = size_px
    rng = random.Random(seed)  # noqa: S311 - a picture, no secret
    wall = Image.linear_gradient("L").rotate(90).resize(size_px)
    picture = wall.point([round(118 + 62 * value / 255) for value in range(256)])
    pen = ImageDraw.Draw(picture)
    left = round(width * rng.uniform(0.06, 0.16))
    frame = (left, round(height * 0.06), left + round(width * 0.36), height)
    pen.rectangle(frame, fill=104, outline=70, width=max(2, width // 160))
    for part in (0.14, 0.52):
        pen.rectangle(
            (frame[0] + width // 20, height * part, frame[2] - width // 20, height * (part + 0.3)),
            outline=84,
            width=max(1, width // 320),
        )
    knob = (frame[2] - width // 26, round(height * 0.55))
    pen.ellipse((*knob, knob[0] + width // 50, knob[1] + width // 50), fill=206)
    floor = round(height * 0.92)
    pen.rectangle((0, floor, width, height), fill=78)
    pen.line((0, floor, width, floor), fill=52, width=max(1, height // 200))
    if people:
        pen.ellipse((0.36 * width, -0.1 * height, 0.64 * width, 0.42 * height), fill=140)
        pen.ellipse((0.18 * width, 0.38 * height, 0.82 * width, 1.7 * height), fill=62)
    # A lens focused on a card shows the hall behind it soft.
    return picture.filter(ImageFilter.GaussianBlur(height / 240))
