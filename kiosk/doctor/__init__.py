"""Checks of a kiosk, for a technician: each says what it saw, how that is, and the one fix.

A family of checks is one file with a class that keeps `Check`, and a `Diagnosis` for everything
that it can find. All that a check looks at (paths, clock, programs, sockets) is given to it, so a
fault is planted by giving it another one. Nothing here changes a kiosk or holds anything of a
person: what is said goes onto a screen and into a support bundle.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Mark(StrEnum):
    """How something is."""

    FINE = "fine"
    WARNING = "warning"
    FAULT = "fault"
    SKIPPED = "skipped"
    """Not examined, and why is said: neither fine nor wrong."""


SIGNS = {Mark.FINE: "✓", Mark.WARNING: "⚠", Mark.FAULT: "✗", Mark.SKIPPED: "·"}
ASCII_SIGNS = {Mark.FINE: "ok", Mark.WARNING: "!!", Mark.FAULT: "XX", Mark.SKIPPED: "--"}
"""For a line that carries no other letters."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One line of the report. `diagnosis` and `fix` are None where nothing is wrong."""

    check: str
    mark: Mark
    found: str
    diagnosis: str | None = None
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing that can be wrong, and the one fix for it; `name` is `check.what`."""

    name: str
    mark: Mark
    means: str
    fix: str

    def found(self, what: str, **places: object) -> Observation:
        """Return the observation of it; `places` fill the fix.

        >>> hot = Diagnosis("heat.hot", Mark.WARNING, "it is hot", "shade {where}")
        >>> hot.found("80 °C", where="the door").fix
        'shade the door'
        """
        check = self.name.partition(".")[0]
        fix = self.fix.format(**places)
        return Observation(check, self.mark, what, self.name, fix)


def fine(check: str, what: str) -> Observation:
    """Return that nothing is wrong."""
    return Observation(check, Mark.FINE, what)


def skipped(check: str, why: str) -> Observation:
    """Return that it was not examined."""
    return Observation(check, Mark.SKIPPED, why)


class Check(Protocol):
    """Looks at one thing. Contract: yields at least one observation; waits for nothing for ever.

    `after`: faults of other checks (the beginnings of their names) that explain whatever this one
    would find; with one of them it is not made.
    """

    name: str
    after: tuple[str, ...]

    def __call__(self) -> Iterable[Observation]:
        """Look, and tell."""
