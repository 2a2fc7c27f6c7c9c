"""What is written in the codes: four kinds, of nobody who exists."""

import random
import string
from dataclasses import dataclass, field
from typing import Literal

from kiosk.eye.people import person

_ALPHANUMERIC = string.digits + string.ascii_uppercase + " $%*+-./:"


@dataclass(frozen=True, slots=True)
class Content:
    """A payload and the error correction it is written with."""

    kind: str
    payload: bytes = field(repr=False)
    error: Literal["l", "m", "q"]


def content(rng: random.Random, kind: str | None = None) -> Content:
    """Return a payload of `kind`, or of any kind."""
    chosen = kind or rng.choice(KINDS)
    if chosen == "card":
        return Content(chosen, person(rng, rng.choice((7, 11))).encode(), "m")
    if chosen == "token":
        text = "".join(rng.choices(string.ascii_uppercase + string.digits, k=75))
        return Content(chosen, text.encode(), "m")
    if chosen == "url":
        way = "".join(rng.choices(string.ascii_letters + string.digits, k=rng.randint(8, 24)))
        return Content(chosen, f"https://diem-den.example.vn/c/{way}".encode(), "q")
    text = "HC1:" + "".join(rng.choices(_ALPHANUMERIC, k=rng.randint(700, 760)))
    return Content(chosen, text.encode(), "l")


KINDS = ("card", "token", "url", "certificate")
