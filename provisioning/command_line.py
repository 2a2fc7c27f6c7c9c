"""What every command of `kiosk-provision` does the same way."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from kiosk.errors import SettingsError
from provisioning.errors import ProvisioningError

PassphraseFile = Annotated[
    Path | None,
    typer.Option("--passphrase-file", metavar="FILE", help="Its passphrase; absent: asked for."),
]
"""Of the key that a command signs with."""

_MODES = {
    **dict.fromkeys(("reportlab", "fontpkg", "segno"), "cards"),
    **dict.fromkeys(("starlette", "structlog", "uvicorn"), "fleet"),
}
"""Which setup brings a library that a command needs."""


@contextlib.contextmanager
def one_line_errors() -> Iterator[None]:
    """Show what is wrong as lines on standard error, and end with exit code 1."""
    try:
        yield
    except (ProvisioningError, SettingsError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library not in _MODES:
            raise
        mode = _MODES[library]
        typer.echo(f"{library} is not installed: bash provisioning/setup.sh {mode}", err=True)
        raise typer.Exit(1) from None
