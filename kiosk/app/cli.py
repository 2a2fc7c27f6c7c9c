"""The command `kiosk`: every command takes `--config FILE` and says what went wrong in one line."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from kiosk import __version__
from kiosk.app import services, settings
from kiosk.app.bootstrap_cli import bootstrap_key
from kiosk.app.config_cli import config_app, wiring
from kiosk.app.doctor_cli import doctor, support_bundle
from kiosk.app.enrol_cli import enrol
from kiosk.app.lists_cli import lists_app
from kiosk.app.outbox_cli import outbox_app
from kiosk.app.rules_cli import rules_app

app = typer.Typer(
    name="kiosk",
    help="A kiosk for a door: it scans the QR card a person holds up.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
)
app.add_typer(config_app, name="config")
app.add_typer(outbox_app, name="outbox")
app.add_typer(rules_app, name="rules")
app.add_typer(lists_app, name="lists")
app.command("wiring")(wiring)
app.command("enrol")(enrol)
app.command("bootstrap-key")(bootstrap_key)
app.command("doctor")(doctor)
app.command("support-bundle")(support_bundle)

Config = Annotated[Path, typer.Option("--config", help="The settings file.", show_default=True)]


@app.command()
def run(config: Config = settings.DEFAULT_PATH) -> None:
    """Run the door until SIGTERM."""
    raise typer.Exit(services.run(config))


@app.command()
def eye(
    config: Config = settings.DEFAULT_PATH,
    socket: Annotated[
        Path | None, typer.Option(help="Where the kiosk listens; else `eye.socket`.")
    ] = None,
    *,
    child: Annotated[bool, typer.Option(hidden=True)] = False,
    stats: Annotated[
        bool, typer.Option("--stats", help="Tell at the end what each way of looking has read.")
    ] = False,
) -> None:
    """Run the eye alone: camera and decoders, in a process that holds nothing else."""
    raise typer.Exit(services.eye(config, socket, child=child, stats=stats))


@app.command()
def decode(
    pictures: Annotated[list[Path], typer.Argument(help="Picture files.")],
    config: Annotated[
        Path | None, typer.Option("--config", help="Use the decoders of this settings file.")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="With --json: print the bytes too, in base64.")
    ] = False,
) -> None:
    """Tell what the eye reads in a picture file, or why it is no picture (exit code 1)."""
    from kiosk.app import decode as decoding  # noqa: PLC0415 - loads the decoders
    from kiosk.eye.look import Look  # noqa: PLC0415

    look = Look(decoding.decoders(config, os.environ), decoding.PATIENT)
    found = [decoding.decode_file(path, look) for path in pictures]
    if as_json:
        typer.echo(json.dumps([decoding.as_json(f, reveal=reveal) for f in found], indent=1))
    else:
        for line in (line for f in found for line in decoding.as_lines(f)):
            typer.echo(line)
    raise typer.Exit(int(any(f.error is not None for f in found)))


@app.command()
def off(config: Config = settings.DEFAULT_PATH) -> None:
    """Turn everything off and lock the door: for after a crash that could not do it."""
    from kiosk.app.wiring import build_indicators, pin_factory  # noqa: PLC0415

    loaded = settings.load_run(config, os.environ)
    pins = pin_factory(loaded.gpio.pins)
    for indicator in build_indicators(loaded, pins):
        indicator.close()
    # Nothing of the chip is held any more: `python -m kiosk` drives the pins once again.
    pins.close()


def _version(value: bool) -> None:  # noqa: FBT001 - typer's callback
    if value:
        typer.echo(f"kiosk {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)] = False,
) -> None:
    pass


def main() -> None:
    """Run the command; an error of ours is lines on standard error, never a traceback."""
    with services.errors_in_lines():
        app()
