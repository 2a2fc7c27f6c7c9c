"""QR pictures as frames, drawn by an encoder that shares nothing with the decoders."""

import random
from collections.abc import Iterator
from typing import Any

import segno

from kiosk.eye.frame import Frame

CARD = "001090000001||Trần Thị Bình|01011990|Nữ|Hoàn Kiếm, Hà Nội|15042021"
"""Nobody's card, laid out as the chip card of 2021."""

_FAMILIES = ("Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh", "Võ", "Đặng", "Bùi", "Đỗ", "Dương", "Lý")
_MIDDLES = ("Văn", "Thị", "Hữu", "Đức", "Ngọc", "Quốc", "Thanh", "Xuân", "Thùy", "Bảo")
_GIVEN = ("An", "Bình", "Dũng", "Hà", "Hiếu", "Lâm", "Mỹ", "Nghĩa", "Phúc", "Quý", "Sơn", "Tú", "Ý")
_PLACES = ("Hoàn Kiếm, Hà Nội", "Quận 3, TP Hồ Chí Minh", "Hải Châu, Đà Nẵng", "Huế", "Sóc Trăng")


def picture(
    content: str | bytes,
    *,
    scale_px: int = 3,
    border: int = 4,
    padding_px: int = 0,
    inverted: bool = False,
    **more: Any,
) -> Frame:
    """Return `content` as a frame; `padding_px` junk bytes stand behind each row's pixels.

    Text becomes UTF-8 in one byte segment without ECI, as the cards are, unless `more` (segno's own
    options) says otherwise.
    """
    raw = content.encode() if isinstance(content, str) and "encoding" not in more else content
    options = {"error": "m", "micro": False, "boost_error": False, "mask": 0, **more}
    code = segno.make(raw, **options)
    dark = 255 if inverted else 0
    rows = [
        bytes(dark if module else 255 - dark for module in row)
        for row in code.matrix_iter(scale=scale_px, border=border)
    ]
    return frame(rows, padding_px=padding_px)


def frame(rows: list[bytes], *, padding_px: int = 0) -> Frame:
    """Return rows of pixels as a frame."""
    junk = b"\x7b" * padding_px
    width_px = len(rows[0])
    return Frame(
        b"".join(row + junk for row in rows), width_px, len(rows), width_px + padding_px, 1, 1
    )


def rows_of(source: Frame) -> list[bytes]:
    """Return a frame's rows, without what stands behind them."""
    luma, stride_px = bytes(source.luma), source.stride_px
    starts = range(0, stride_px * source.height_px, stride_px)
    return [luma[start : start + source.width_px] for start in starts]


def beside(left: Frame, right: Frame) -> Frame:
    """Return one frame with both, on white."""
    height_px = max(left.height_px, right.height_px)
    both = [
        rows_of(one) + [b"\xff" * one.width_px] * (height_px - one.height_px)
        for one in (left, right)
    ]
    return frame([a + b for a, b in zip(*both, strict=True)])


def painted(source: Frame, part: float, luma: int = 255) -> Frame:
    """Return the frame with a square of one colour in its middle, `part` of its width across."""
    rows = rows_of(source)
    size_px = int(source.width_px * part)
    left, top = (source.width_px - size_px) // 2, (source.height_px - size_px) // 2
    for y in range(top, top + size_px):
        rows[y] = rows[y][:left] + bytes((luma,)) * size_px + rows[y][left + size_px :]
    return frame(rows)


def names(count: int, seed: int) -> Iterator[str]:
    """Give names of people who do not exist."""
    dice = random.Random(seed)
    for _ in range(count):
        yield f"{dice.choice(_FAMILIES)} {dice.choice(_MIDDLES)} {dice.choice(_GIVEN)}"


def cards(count: int, seed: int) -> Iterator[str]:
    """Give cards of people who do not exist: 7 or 11 fields."""
    dice = random.Random(seed)
    for number, name in enumerate(names(count, seed)):
        sex, century = dice.choice((("Nam", 0), ("Nữ", 1)))
        tail = dice.choice(("", "||||"))
        yield (
            f"001{century}90{number:06d}||{name}|01011990|{sex}|{dice.choice(_PLACES)}|15042021{tail}"
        )
