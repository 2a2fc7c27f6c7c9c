"""A table of kiosks that fills while they are enrolled; without a terminal, a line for each."""

from collections.abc import Iterator, Sequence

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from provisioning.fleet.fleet_file import Row
from provisioning.fleet.many import Made
from provisioning.fleet.options import shown

_WAITS = "waits"
SHOWN = 30
"""Rows: a table that is longer than a terminal does not move with what is written."""


def watched(rows: Sequence[Row], made: Iterator[Made]) -> list[Made]:
    """Return what was made, once all of it is."""
    console, done = Console(), list[Made]()
    if not console.is_terminal:
        for each in made:
            done.append(each)
            typer.echo(f"{each.row.name}\t{each.done}\tuntil {shown(each.until_s)}")
        return done
    with Live(table(rows, done), console=console, refresh_per_second=8) as live:
        for each in made:
            done.append(each)
            live.update(table(rows, done))
    return done


def table(rows: Sequence[Row], done: Sequence[Made]) -> Table:
    """Return what was made so far; while it fills, no more of it than a terminal shows."""
    filled = len(done) == len(rows)
    first = 0 if filled else max(0, min(len(done) - SHOWN // 2, len(rows) - SHOWN))
    last = len(rows) if filled else first + SHOWN
    drawn = Table(title=f"{len(done)} of {len(rows)} kiosks", title_justify="left")
    for heading in ("kiosk", "", "until"):
        drawn.add_column(heading)
    for number, row in enumerate(rows[first:last], first):
        if number < len(done):
            drawn.add_row(row.name, f"✓ {done[number].done}", shown(done[number].until_s))
        else:
            drawn.add_row(row.name, _WAITS, "")
    return drawn
