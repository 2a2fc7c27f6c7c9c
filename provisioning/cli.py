"""`kiosk-provision`: what an operator and a ward's clerk do, away from the door."""

import io
import sys

import typer

from provisioning.cards.commands import cards_app
from provisioning.first_boot import first_boot
from provisioning.keys_cli import keys_app
from provisioning.lists.commands import lists_app
from provisioning.poster.commands import poster

app = typer.Typer(
    name="kiosk-provision",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def _commands() -> None:
    """Cards, posters, lists and SD cards for the doors of a ward."""


app.add_typer(cards_app, name="cards")
app.add_typer(keys_app, name="keys")
app.add_typer(lists_app, name="lists")
app.command()(poster)
app.command("first-boot")(first_boot)


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that has no Vietnamese letters shows names with gaps, and no traceback.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    app()
