"""`kiosk config check`, `kiosk config show` and `kiosk wiring`: the settings, for a technician.

Plain lines and exit codes: what is wrong goes to standard error, one line each, never a traceback.
"""

import os
from pathlib import Path
from typing import Annotated

import typer

from kiosk.app.config_problems import one_line
from kiosk.app.config_show import as_toml
from kiosk.app.identity_checks import left_out
from kiosk.app.onboarding_section import NotOnboarded
from kiosk.app.settings import DEFAULT_PATH, Loaded, load_settings
from kiosk.app.wiring_boards import BOARDS, Model, as_notes
from kiosk.app.wiring_drawing import as_svg
from kiosk.app.wiring_plan import as_table, rows_of
from kiosk.errors import EXIT_SETTINGS, SettingsError

EXIT_UNWRITABLE = os.EX_CANTCREAT

config_app = typer.Typer(
    help="Check and show the settings.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

ConfigFile = Annotated[
    Path, typer.Option("--config", metavar="FILE", help="The settings file to read.")
]


def load_or_exit(config: Path) -> Loaded:
    """Return the settings, or print each problem on its own line and exit with 78.

    Raises:
        typer.Exit: The settings cannot be used.
    """
    try:
        return load_settings(config, os.environ)
    except SettingsError as error:
        raise _ended(error) from None


def _ended(error: SettingsError) -> typer.Exit:
    for line in str(error).splitlines():
        typer.echo(line, err=True)
    return typer.Exit(EXIT_SETTINGS)


@config_app.command()
def check(config: ConfigFile = DEFAULT_PATH) -> None:
    """Say whether the settings can be used; if not, what to change, one line each."""
    try:
        loaded = load_settings(config, os.environ)
    except NotOnboarded:
        # Nothing is wrong: who installs it may start it, and it shows that it waits.
        typer.echo(f"{one_line(str(config))}: ok, and waits for an onboarding code")
        return
    except SettingsError as error:
        raise _ended(error) from None
    settings = loaded.settings
    typer.echo(f"{one_line(str(config))}: ok")
    without = {**loaded.eye.without, **left_out(settings.identity, settings.secrets.site_key)}
    for name, why in without.items():
        typer.echo(f"{one_line(str(config))}: works without {name}: {why}", err=True)


@config_app.command()
def show(
    config: ConfigFile = DEFAULT_PATH,
    *,
    origin: Annotated[
        bool, typer.Option("--origin", help="Say where each value comes from.")
    ] = False,
) -> None:
    """Print the effective settings as TOML; secrets are masked."""
    typer.echo(as_toml(load_or_exit(config), with_origin=origin), nl=False)


def wiring(
    config: ConfigFile = DEFAULT_PATH,
    svg: Annotated[
        Path | None, typer.Option("--svg", metavar="FILE", help="Write the drawing here.")
    ] = None,
    model: Annotated[
        Model | None, typer.Option("--model", help="Say what is special about this Raspberry Pi.")
    ] = None,
) -> None:
    """Print which wire goes to which pin, and draw it."""
    rows = rows_of(load_or_exit(config).settings)
    board = None if model is None else BOARDS[model]
    typer.echo(as_table(rows), nl=False)
    if board is not None:
        typer.echo(f"\n{as_notes(board)}", nl=False)
    if svg is None:
        return
    try:
        svg.write_text(as_svg(rows, board), encoding="utf-8")
    except OSError as error:
        why = f"{svg}: cannot be written: {error.strerror or 'unknown reason'}"
        typer.echo(one_line(why), err=True)
        raise typer.Exit(EXIT_UNWRITABLE) from None
