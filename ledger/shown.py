"""Lists for a terminal, and durations as an operator writes them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ledger.errors import SettingsError

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(text: str) -> float:
    """Return a duration in seconds.

    >>> seconds("24h"), seconds("90s")
    (86400.0, 90.0)

    Raises:
        SettingsError: It is no duration.
    """
    match = re.fullmatch(r"(\d{1,9})([smhd])", text.strip())
    if match is None:
        raise SettingsError(f"{text[:20]!r} is no duration; write 90s, 30m, 24h or 7d")
    return float(int(match[1]) * _UNITS_S[match[2]])


def table(lines: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return lines of text, with a head, in columns.

    >>> table([{"kiosk": "a/b", "online": None}])
    ['kiosk  online', 'a/b    -']
    """
    if not lines:
        return []
    rows = [[*lines[0]], *([cell(value) for value in line.values()] for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def cell(value: object) -> str:
    """Return a value as a person reads it.

    >>> cell(None), cell(True), cell(3)
    ('-', 'yes', '3')
    """
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def event_line(fields: Mapping[str, Any]) -> str:
    """Return one event on one line; what is not there is left out."""
    words = [str(fields["at"] or "time unknown"), str(fields["kiosk"]), str(fields["id"])]
    names = ("name", "verdict", "reason", "direction", "kind", "handle")
    words += [str(fields[name]) for name in names if fields.get(name) is not None]
    return "  ".join([*words, *(["expired"] if fields["expired"] else [])])
