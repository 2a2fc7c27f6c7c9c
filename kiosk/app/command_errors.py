"""How a command that looks at a kiosk's files says what is wrong, and with which exit code."""

import contextlib
from collections.abc import Iterator

import typer

from kiosk.app.config_problems import one_line
from kiosk.errors import EXIT_SETTINGS, KioskError, SettingsError

EXIT_TROUBLE = 1


@contextlib.contextmanager
def one_line_errors() -> Iterator[None]:
    """Show an error in one line, or settings in a line for each problem, and end."""
    try:
        yield
    except SettingsError as error:
        for line in str(error).splitlines():
            typer.echo(line, err=True)
        raise typer.Exit(EXIT_SETTINGS) from None
    except KioskError as error:
        typer.echo(one_line(str(error)), err=True)
        raise typer.Exit(EXIT_TROUBLE) from None
