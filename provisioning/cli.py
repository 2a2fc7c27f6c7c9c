"""`kiosk-provision`: what an operator and a ward's clerk do, away from the door."""

import io
import sys

import typer

from provisioning.cards.commands import cards_app
from provisioning.commanding.commands import command_app
from provisioning.first_boot import first_boot
from provisioning.fleet.broker_commands import broker_app
from provisioning.fleet.commands import ca_app, service_app, site_app
from provisioning.fleet.device_commands import device_app
from provisioning.fleet.fleet_commands import fleet_app
from provisioning.fleet.serve_command import serve
from provisioning.keys_cli import keys_app
from provisioning.lists.commands import lists_app
from provisioning.onboarding.commands import onboarding_app
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
    """Cards, posters and lists for the doors of a ward; the fleet of kiosks and their broker."""


app.add_typer(cards_app, name="cards")
app.add_typer(command_app, name="command")
app.add_typer(keys_app, name="keys")
app.add_typer(lists_app, name="lists")
app.add_typer(ca_app, name="ca")
app.add_typer(site_app, name="site")
app.add_typer(device_app, name="device")
app.add_typer(service_app, name="service")
app.add_typer(fleet_app, name="fleet")
app.add_typer(broker_app, name="broker")
app.add_typer(onboarding_app, name="onboarding")
app.command()(serve)
app.command()(poster)
app.command("first-boot")(first_boot)


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that has no Vietnamese letters shows names with gaps, and no traceback.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    app()
