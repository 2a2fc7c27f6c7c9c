"""Things with a code on them, seen flat from the front: cards, sheets, phones, and posters.

Luma only. A face is drawn at the resolution at which it will be seen, times three, and kept, since
a sequence shows the same one in every frame.
"""

import random
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import segno
import zxingcpp
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from benchmarks.scenes.dice import dice
from benchmarks.scenes.shot import Shot

_WHITE = 235
_WORDS = (
    *("CĂN CƯỚC", "Họ và tên", "Full name", "Ngày sinh", "Nơi thường trú", "Quê quán", "Số / No."),
    *("Xin chào", "KHAI BÁO Y TẾ", "Giờ mở cửa 8:00-21:00", "Không phận sự miễn vào", "Welcome"),
    *("PHÒNG KHÁM", "Tầng 2", "Vui lòng xếp hàng", "Đeo khẩu trang", "5K", "Lễ tân", "EXIT"),
)


@dataclass(frozen=True, slots=True)
class Face:
    """A picture and its outline (mode "L"), and where the code is in it, in pixels.

    `code_px` is the code's width; `module_px` that of one module of it.
    """

    picture: Image.Image
    outline: Image.Image
    centre: tuple[float, float]
    code_px: float
    module_px: float


@lru_cache(maxsize=4)
def face(
    drawn: bytes | tuple[str, str],
    shape: tuple[str, str],
    module_px: int,
    seed: int,
    streaks: float,
) -> Face:
    """Return the thing that shows `drawn`; `shape` is its prop and its error correction."""
    rng = dice("face", seed)
    code = _qr(drawn, shape[1]) if isinstance(drawn, bytes) else _other(*drawn)
    code = code.resize((code.width * module_px, code.height * module_px), Image.Resampling.NEAREST)
    return _framed(code, shape[0], module_px, rng, streaks)


def face_of(shot: Shot, module_px: int) -> Face | None:
    """Return what `shot` shows, its modules `module_px` wide; None for an empty hall."""
    if shot.content is None:
        return None
    return _inked(
        face(shot.content, (shot.prop, shot.error), module_px, shot.seed, shot.streaks), shot
    )


def code_modules(drawn: bytes, error: str) -> int:
    """Return how many modules wide the code for `drawn` is."""
    return len(_segno(drawn, error).matrix)


def _segno(drawn: bytes, error: str) -> segno.QRCode:
    # Alphanumeric where it can be, or else bytes as they are: UTF-8 without ECI.
    mode = None if drawn.isascii() else "byte"
    return segno.make_qr(drawn, mode=mode, error=error, boost_error=False)


def _qr(drawn: bytes, error: str) -> Image.Image:
    matrix = _segno(drawn, error).matrix
    rows = b"".join(bytes(0 if module else 255 for module in row) for row in matrix)
    return Image.frombytes("L", (len(matrix), len(matrix)), rows)


def _other(kind: str, text: str) -> Image.Image:
    """Return another kind of code, one pixel a module, without its quiet zone."""
    made = zxingcpp.create_barcode(text, zxingcpp.barcode_format_from_str(kind))
    drawn: Any = made.to_image(scale=1, add_quiet_zones=False)
    height, width = drawn.shape
    picture = Image.frombuffer("L", (width, height), bytes(drawn), "raw", "L", 0, 1)
    if height < width / 3:
        picture = picture.resize((width, max(height, width // 3)), Image.Resampling.NEAREST)
    return picture


def _framed(
    code: Image.Image, prop: str, module_px: int, rng: random.Random, streaks: float
) -> Face:
    """Return the code with what is around it: a card's print, or a phone's body and screen."""
    width, height = code.size
    side, quiet = max(width, height), 4 * module_px
    around = {"card": (1.5, 0.4), "sheet": (0.5, 1.1)}.get(prop, (0.25, 1.2))
    size = (
        round(width + 2 * quiet + around[0] * side),
        round(height + 2 * quiet + around[1] * side),
    )
    picture, outline = Image.new("L", size, _WHITE), Image.new("L", size, 0)
    ImageDraw.Draw(outline).rounded_rectangle((0, 0, *size), radius=side // 12, fill=255)
    left = {"card": size[0] - width - 2 * quiet}.get(prop, (size[0] - width) // 2)
    top = (size[1] - height) // 2
    _print(picture, rng, (left - quiet, top - quiet, left + width + quiet, top + height + quiet))
    if prop.startswith("phone"):
        pen = ImageDraw.Draw(picture)
        pen.rounded_rectangle((0, 0, *size), radius=side // 12, outline=20, width=side // 18)
    picture.paste(code, (left, top))
    if streaks > 0:
        picture = _laminated(picture, (left, top, left + width, top + height), rng, streaks)
    return Face(picture, outline, (left + width / 2, top + height / 2), width, module_px)


def _inked(flat: Face, shot: Shot) -> Face:
    """Return the face with its ink as dark as the shot says, inverted on a dark phone.

    What covers the quiet zone is drawn here too.
    """
    picture = flat.picture
    if shot.quiet_modules < 4:
        picture = picture.copy()
        _crowd(picture, flat, shot)
    dark = round(_WHITE * (1 - shot.contrast))
    low, high = (_WHITE, dark) if shot.prop == "phone-dark" else (dark, _WHITE)
    table = [round(low + (high - low) * min(1.0, value / _WHITE)) for value in range(256)]
    return Face(picture.point(table), flat.outline, flat.centre, flat.code_px, flat.module_px)


def _crowd(picture: Image.Image, flat: Face, shot: Shot) -> None:
    """Let print come nearer to the code than the quiet zone allows."""
    near = shot.quiet_modules * flat.module_px
    reach = 4 * flat.module_px
    half = flat.code_px / 2
    x, y = flat.centre
    pen = ImageDraw.Draw(picture)
    for side in range(4):
        outer, inner = half + reach, half + near
        box = (
            (x - outer, y - outer, x + outer, y - inner),
            (x - outer, y + inner, x + outer, y + outer),
            (x - outer, y - outer, x - inner, y + outer),
            (x + inner, y - outer, x + outer, y + outer),
        )[side]
        if box[2] > box[0] and box[3] > box[1]:
            pen.rectangle(box, fill=(30, 90, 60, 120)[(side + shot.seed) % 4])


def _laminated(
    picture: Image.Image, code: tuple[int, int, int, int], rng: random.Random, streaks: float
) -> Image.Image:
    """Return the face under a creased foil: bright lines and patches that move with the card."""
    light = Image.new("L", picture.size, 0)
    pen = ImageDraw.Draw(light)
    side = code[2] - code[0]
    for _ in range(round(2 + 12 * streaks)):
        x, y = rng.uniform(code[0], code[2]), rng.uniform(code[1], code[3])
        dx, dy = rng.gauss(0, 0.5) * side, rng.gauss(0, 0.5) * side
        brightness = round(rng.uniform(0.4, 1.0) * 255 * min(1.0, 0.3 + streaks))
        thick = max(1, round(side * rng.uniform(0.005, 0.012 + 0.05 * streaks)))
        pen.line((x - dx, y - dy, x + dx, y + dy), fill=brightness, width=thick)
    light = light.filter(ImageFilter.GaussianBlur(max(1.0, side / 120)))
    return Image.composite(Image.new("L", picture.size, 250), picture, light)


def _print(picture: Image.Image, rng: random.Random, hole: tuple[int, int, int, int]) -> None:
    """Fill the face with print, and leave `hole` white."""
    width, height = picture.size
    write(picture, rng, (0, 0, width, height), max(8, height // 16))
    pen = ImageDraw.Draw(picture)
    if hole[0] > width // 4:
        portrait = (width // 20, height // 5, hole[0] * 2 // 3, height * 4 // 5)
        pen.rectangle(portrait, fill=rng.randint(110, 190))
        pen.ellipse((*portrait[:2], portrait[2], portrait[3] * 3 // 4), fill=rng.randint(60, 170))
    pen.rectangle(hole, fill=_WHITE)


def write(
    picture: Image.Image, rng: random.Random, box: tuple[int, int, int, int], size_px: int
) -> None:
    """Write lines of words into `box`."""
    pen = ImageDraw.Draw(picture)
    y = box[1] + size_px
    while y + size_px < box[3]:
        font = ImageFont.load_default(round(size_px * rng.uniform(0.6, 1.2)))
        words = " ".join(rng.choices(_WORDS, k=3))
        fits = max(1, round((box[2] - box[0]) / (size_px * 0.55)) - 2)
        pen.text((box[0] + size_px, y), _plain(words)[:fits], fill=rng.randint(15, 90), font=font)
        y += round(size_px * rng.uniform(1.3, 2.6))


def _plain(text: str) -> str:
    """Return the text without marks: the font that Pillow brings has not all of them."""
    bare = unicodedata.normalize("NFD", text.replace("Đ", "D").replace("đ", "d"))
    return "".join(letter for letter in bare if letter.isascii())
