"""The table of everything that `kiosk doctor` can find, from the checks themselves."""

import re
from importlib import import_module

from kiosk.doctor import SIGNS, Diagnosis
from kiosk.doctor.indicators import PINS_REMEDY

PAGE = "docs/howto/examine-a-kiosk.md"
BEGIN = "<!-- begin: diagnoses, written by python -m docs.generate -->"
END = "<!-- end: diagnoses -->"
FAMILIES = (
    "settings",
    "versions",
    "services",
    "account",
    "power",
    "disk",
    "clock",
    "outbox",
    "keys",
    "network",
    "broker",
    "lists",
    "camera",
    "eye",
    "indicators",
    "button",
    "examination",
)
"""The files of checks, in the order of a report."""


def diagnoses() -> list[Diagnosis]:
    """Return everything that the doctor can find, in the order of a report."""
    found: dict[str, Diagnosis] = {}
    for family in FAMILIES:
        values = list(vars(import_module(f"kiosk.doctor.{family}")).values())
        values += [each for value in values if isinstance(value, dict) for each in value.values()]
        found |= {each.name: each for each in values if isinstance(each, Diagnosis)}
    return list(found.values())


def text(page: str) -> str:
    """Return the page with the table between its markers written anew."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{PAGE}: put the two lines there: {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{_table()}\n{END}{after}"


def _table() -> str:
    lines = ["| | Diagnosis | What is wrong | Fix |", "|---|---|---|---|"]
    for each in diagnoses():
        cells = (SIGNS[each.mark], f"`{each.name}`", each.means, _cell(each.fix))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(fix: str) -> str:
    r"""Return a fix as a cell of a table shows it; what a report fills in stands in capitals.

    >>> _cell("nc -vz {host} {port} | tail")
    'nc -vz HOST PORT \\| tail'
    """
    fix = re.sub(r"\{(\w+)\}", lambda place: place[1].upper(), fix.replace("{remedy}", PINS_REMEDY))
    return fix.replace("|", "\\|").replace("<", "&lt;")
