"""Chance that repeats: everything random in a scene comes from here, named by what it is for."""

import random


def dice(*parts: object) -> random.Random:
    """Return a source of chance; equal parts give equal chance, on every machine.

    >>> dice(1, "hall").random() == dice(1, "hall").random()
    True
    """
    return random.Random(":".join(map(str, parts)))  # noqa: S311 - a picture, no secret
