"""The settings: can they be used, and what does this kiosk do without?"""

import errno
import os
from collections.abc import Iterable, Mapping, Sequence

from kiosk.doctor import Diagnosis, Mark, Observation, fine

UNUSABLE = Diagnosis(
    "settings.unusable",
    Mark.FAULT,
    "the settings cannot be used",
    "change what the line says; then: kiosk config check",
)
NOT_ALLOWED = Diagnosis(
    "settings.not-allowed",
    Mark.FAULT,
    "you may not read the kiosk's keys",
    "run it as root: sudo kiosk doctor",
)
NOT_ONBOARDED = Diagnosis(
    "settings.not-onboarded",
    Mark.WARNING,
    "nobody has told this kiosk which door it is",
    "hold an onboarding code before its camera while it runs",
)
WITHOUT = Diagnosis(
    "settings.without",
    Mark.WARNING,
    "the kiosk works without something that it could have",
    "do what the line says, or leave it if it is meant",
)
_NO_ACCESS = os.strerror(errno.EACCES)


class SettingsCheck:
    """What reading them gave: `problems`, a line each; else `without`, by what is missing.

    Where it `waits` for an onboarding code, the one problem is that.
    """

    name = "settings"
    after: tuple[str, ...] = ()

    def __init__(
        self,
        name: str,
        problems: Sequence[str],
        without: Mapping[str, str],
        *,
        is_root: bool,
        waits: bool = False,
    ) -> None:
        self._file = name
        self._is_root = is_root
        self._problems = problems
        self._without = without
        self._waits = waits

    def __call__(self) -> Iterable[Observation]:
        """Tell what is wrong with them."""
        for problem in self._problems:
            if self._waits:
                yield NOT_ONBOARDED.found(problem)
                continue
            not_allowed = not self._is_root and _NO_ACCESS in problem
            yield (NOT_ALLOWED if not_allowed else UNUSABLE).found(problem)
        for name, why in self._without.items():
            yield WITHOUT.found(f"works without {name}: {why}")
        if not self._problems and not self._without:
            yield fine(self.name, f"{self._file}: ok")
