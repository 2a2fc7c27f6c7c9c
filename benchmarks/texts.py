"""Texts as Vietnamese cards, badges and posters hold them, and symbols that hold them unchanged.

Nobody here exists: people come from `kiosk.eye.people`.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import segno

from kiosk.eye.frame import Frame
from kiosk.eye.people import person

QUIET_MODULES = 4
_SCALES_PX = (2, 3, 4, 5)
_LEVELS = ("l", "m", "q")
_NAME, _ADDRESS = 2, 5


@dataclass(frozen=True, slots=True)
class Payload:
    """One symbol's content: what kind it is of, its bytes, and whether it declares UTF-8."""

    kind: str
    raw: bytes = field(repr=False)
    eci: bool = False


def payloads(seed: int, count: int) -> Iterator[Payload]:
    """Yield `count` made-up payloads: every kind, three of four without a declared charset."""
    rng = random.Random(seed)  # noqa: S311 - a picture, no secret
    for number in range(count):
        kind, text = _text(rng, number)
        yield Payload(kind, text.encode(), eci=number // len(_KINDS) % 4 == 3)


_KINDS = ("card 7", "card 11", "name", "word", "address")


def _text(rng: random.Random, number: int) -> tuple[str, str]:
    kind = _KINDS[number % len(_KINDS)]
    if kind == "card 7":
        return kind, person(rng, 7)
    fields = person(rng, 11)
    if kind == "card 11":
        return kind, fields
    if kind == "address":
        return kind, fields.split("|")[_ADDRESS]
    name = fields.split("|")[_NAME]
    return kind, name if kind == "name" else rng.choice(name.split())


def symbol(payload: Payload, rng: random.Random) -> Frame:
    """Return the payload as a plain symbol with its quiet zone, black on white, some px a module.

    The bytes go into one byte segment as they are; with `eci`, after a designator of UTF-8.
    """
    if payload.eci:
        code = segno.make(
            payload.raw.decode(), error=rng.choice(_LEVELS), micro=False, encoding="utf-8", eci=True
        )
    else:
        code = segno.make(payload.raw, error=rng.choice(_LEVELS), micro=False)
    scale_px = rng.choice(_SCALES_PX)
    rows = [
        bytes(0 if dark else 255 for dark in row)
        for row in code.matrix_iter(scale=scale_px, border=QUIET_MODULES)
    ]
    return Frame(b"".join(rows), len(rows[0]), len(rows), len(rows[0]), 1, 1)
