"""The nearest name to a misspelt one: most wrong settings are one letter away from right ones."""

import difflib
from collections.abc import Iterable

_ALIKE = 0.6
"""Share of letters in common from which a name is worth proposing."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name most like `name`, or None where nothing is alike.

    >>> nearest("hold_of_s", ("hold_off_s", "repeat_s"))
    'hold_off_s'
    >>> nearest("colour", ("hold_off_s", "repeat_s")) is None
    True
    """
    found = difflib.get_close_matches(name.lower(), list(known), n=1, cutoff=_ALIKE)
    return found[0] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a clause that proposes the nearest name, or nothing.

    >>> did_you_mean("ledd", ("led", "buzzer"))
    '; did you mean led?'
    """
    found = nearest(name, known)
    return "" if found is None else f"; did you mean {found}?"
