"""Runs the checks one after the other; one that breaks is a fault of its own and hides no other."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from kiosk.doctor import ASCII_SIGNS, SIGNS, Check, Diagnosis, Mark, Observation, skipped

EXIT_FINE = 0
EXIT_FAULT = 1
EXIT_WARNING = 3
"""2 is what every command ends with that was typed wrong."""

BROKEN = Diagnosis(
    "doctor.broken",
    Mark.FAULT,
    "the check itself failed",
    "send a support bundle: kiosk support-bundle FILE.tar.gz",
)
_NAME_COLUMNS = 12


def examine(checks: Iterable[Check]) -> Iterator[Observation]:
    """Yield what each check sees, as it sees it; never raises but for a technician's Ctrl-C."""
    faults: list[str] = []
    for check in checks:
        reason = next((name for name in faults if name.startswith(check.after)), None)
        if reason is not None:
            yield skipped(check.name, f"not tried: see {reason.partition('.')[0]} above")
            continue
        try:
            for each in check():
                yield each
                if each.mark is Mark.FAULT and each.diagnosis is not None:
                    faults.append(each.diagnosis)
        except Exception as error:  # noqa: BLE001 - a broken check is told like any other fault
            yield failed(check.name, error)


def failed(name: str, error: Exception) -> Observation:
    """Return that a check itself failed; what the error says could hold what it was about."""
    what = f"the check {name} failed: {type(error).__name__}"
    return Observation(name, BROKEN.mark, what, BROKEN.name, BROKEN.fix)


def exit_code(observations: Sequence[Observation]) -> int:
    """Return 1 where anything is a fault, else 3 where anything is a warning, else 0."""
    marks = {each.mark for each in observations}
    if Mark.FAULT in marks:
        return EXIT_FAULT
    return EXIT_WARNING if Mark.WARNING in marks else EXIT_FINE


def as_lines(observation: Observation, *, ascii_only: bool = False) -> list[str]:
    """Return the observation as a line, and its fix as another.

    >>> as_lines(Observation("clock", Mark.FINE, "12:00 UTC"))
    ['✓ clock        12:00 UTC']
    """
    sign = (ASCII_SIGNS if ascii_only else SIGNS)[observation.mark]
    lines = [f"{sign} {observation.check:{_NAME_COLUMNS}} {observation.found}"]
    if observation.fix is not None:
        lines.append(f"{' ' * len(sign)} fix: {observation.fix}")
    return [_plain(line, ascii_only=ascii_only) for line in lines]


def summary(observations: Sequence[Observation], *, ascii_only: bool = False) -> str:
    """Return the last line: how many of each.

    >>> summary([Observation("clock", Mark.FINE, "")])
    '0 ✗  0 ⚠  1 ✓  0 ·'
    """
    count = Counter(each.mark for each in observations)
    signs = ASCII_SIGNS if ascii_only else SIGNS
    order = (Mark.FAULT, Mark.WARNING, Mark.FINE, Mark.SKIPPED)
    return "  ".join(f"{count[mark]} {signs[mark]}" for mark in order)


def _plain(line: str, *, ascii_only: bool) -> str:
    """Return a line without what would move a terminal's cursor, or that it cannot show."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
    return shown.encode("ascii", "replace").decode() if ascii_only else shown
