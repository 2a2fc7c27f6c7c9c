"""Synthetic people and the way they come to a door: nobody here exists.

Names are put together at random. Citizen numbers begin with province 099, which has never been
assigned (they end at 096), so that no number made here can be anybody's.
"""

import binascii
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from kiosk.eye.scenes import EMPTY, Scene, SceneCode

_NOBODYS_PROVINCE = "099"
_FAMILY = (
    *("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Phan", "Vũ", "Võ", "Đặng", "Bùi", "Đỗ", "Hồ"),
    *("Ngô", "Dương", "Lý", "Đinh", "Trịnh", "Mạc"),
)
_MIDDLE = (
    ("Văn", "Đức", "Minh", "Quốc", "Hữu", "Công", "Xuân", "Thế"),
    ("Thị", "Ngọc", "Thu", "Thanh", "Phương", "Mỹ", "Kim", "Thúy"),
)
_GIVEN = (
    ("An", "Bình", "Cường", "Dũng", "Hùng", "Khoa", "Long", "Phúc", "Quân", "Sơn", "Tuấn", "Việt"),
    ("Ánh", "Bích", "Chi", "Dung", "Hạnh", "Hương", "Lan", "Linh", "Nga", "Oanh", "Thảo", "Yến"),
)
_SEXES = ("Nam", "Nữ")
_STREETS = ("Hàng Bạc", "Lê Lợi", "Trần Phú", "Nguyễn Huệ", "Hai Bà Trưng", "Điện Biên Phủ")
_PLACES = (
    *("Hoàn Kiếm, Hà Nội", "Bãi Cháy, Hạ Long, Quảng Ninh", "Hải Châu, Đà Nẵng"),
    *("Phường 12, Quận 10, TP. Hồ Chí Minh", "Ninh Kiều, Cần Thơ", "Ngũ Hành Sơn, Đà Nẵng"),
)
_FIELDS = (7, 11)
_REMEMBERED = 20
"""So many of those who came lately may come again."""


@dataclass(frozen=True, slots=True)
class Visit:
    """What stands before the door, and for how long."""

    scene: Scene
    lasts_s: float


def person(rng: random.Random, fields: int = 7) -> str:
    """Return the text of a made-up person's ID card: 7 fields, or the 11 of the 2024 layout.

    >>> person(random.Random(1)).count("|"), person(random.Random(1), fields=11)[-4:]
    (6, '||||')
    """
    if fields not in _FIELDS:
        raise ValueError(f"{fields} fields: an ID card has 7 or 11")
    sex = rng.randrange(2)
    born = _day(rng, date(1935, 1, 1), date(2010, 12, 31))
    since = date(2021, 1, 4) if fields == 7 else date(2024, 7, 1)
    issued = _day(rng, since, date(2025, 6, 30))
    century_and_sex = 2 * (born.year // 100 - 19) + sex
    number = f"{_NOBODYS_PROVINCE}{century_and_sex}{born:%y}{rng.randrange(10**6):06}"
    former = f"{rng.randrange(10**9):09}" if fields == 7 and rng.random() < 0.3 else ""
    name = f"{rng.choice(_FAMILY)} {rng.choice(_MIDDLE[sex])} {rng.choice(_GIVEN[sex])}"
    address = f"Số {rng.randint(1, 300)} {rng.choice(_STREETS)}, {rng.choice(_PLACES)}"
    seven = (number, former, name, f"{born:%d%m%Y}", _SEXES[sex], address, f"{issued:%d%m%Y}")
    return "|".join(seven) + "|" * (fields - 7)


def visits(seed: int) -> Iterator[Visit]:
    """Yield, for ever, pauses and people in turn; some come again, some make a mistake."""
    rng = random.Random(seed)  # noqa: S311 - a picture, no secret
    seen: list[str] = []
    while True:
        yield Visit(EMPTY, rng.uniform(1.5, 4.0))
        text = _held_up(rng, seen)
        look = rng.choice(("paper", "paper", "paper", "phone", "phone", "phone-dark"))
        code = SceneCode(
            text=text,
            look=look,
            x=rng.uniform(0.4, 0.6),
            y=rng.uniform(0.4, 0.55),
            size=rng.uniform(0.42, 0.6),
            tilt_deg=rng.uniform(-25, 25),
            turn_deg=rng.uniform(-20, 20),
            damage=0.5 if rng.random() < 0.05 else 0,
        )
        scene = Scene(
            codes=(code,),
            blur_px=rng.uniform(0, 0.7),
            noise=rng.uniform(1, 6),
            light=rng.uniform(0.4, 1),
            shadow=rng.choice((0, 0, 0.3, 0.6)),
            tremor_px=rng.uniform(0.3, 1.5),
        )
        yield Visit(scene, rng.uniform(2.0, 3.5))


def _held_up(rng: random.Random, seen: list[str]) -> str:
    chance = rng.random()
    if chance < 0.08:
        return _payment(rng)
    if chance < 0.15:
        return f"https://quan-pho.example.vn/menu?ban={rng.randint(1, 20)}"
    if seen and chance < 0.4:
        return rng.choice(seen)
    text = person(rng, rng.choice(_FIELDS))
    seen.append(text)
    del seen[:-_REMEMBERED]
    return text


def _payment(rng: random.Random) -> str:
    """Return a VietQR code to an account that does not exist, with its true checksum.

    Source: EMVCo merchant-presented QR: tag, length, value; CRC-16/CCITT-FALSE over all of it.
    """
    account = _tag("00", "999999") + _tag("01", f"{rng.randrange(10**10):010}")
    merchant = _tag("00", "A000000727") + _tag("01", account) + _tag("02", "QRIBFTTA")
    head = _tag("00", "01") + _tag("01", "11") + _tag("38", merchant)
    text = head + _tag("53", "704") + _tag("58", "VN") + "6304"
    return f"{text}{binascii.crc_hqx(text.encode(), 0xFFFF):04X}"


def _tag(number: str, value: str) -> str:
    return f"{number}{len(value):02}{value}"


def _day(rng: random.Random, first: date, last: date) -> date:
    return first + timedelta(days=rng.randrange((last - first).days + 1))
