"""What every command of `kiosk-provision` does the same way."""

import contextlib
from collections.abc import Iterator

import typer

from kiosk.errors import SettingsError
from provisioning.errors import ProvisioningError

_PRINTING = ("reportlab", "fontpkg", "segno")


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
        if library not in _PRINTING:
            raise
        typer.echo(f"{library} is not installed: bash provisioning/setup.sh cards", err=True)
        raise typer.Exit(1) from None
