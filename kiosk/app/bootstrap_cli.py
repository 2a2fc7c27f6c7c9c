"""`kiosk bootstrap-key`: the public key to which an operator seals this kiosk's Wi-Fi password."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from kiosk.app.command_errors import one_line_errors
from kiosk.app.onboarding_section import SECTION, Onboarding, opened
from kiosk.app.settings import DEFAULT_PATH, SECTIONS


def bootstrap_key(
    config: Annotated[Path, typer.Option("--config", help="The settings file.")] = DEFAULT_PATH,
) -> None:
    """Print the public part of this kiosk's bootstrap key, which is made when it is first asked.

    Nothing else need be set up yet.
    """
    from kiosk.onboarding import bootstrap  # noqa: PLC0415 - the eye must not import this

    with one_line_errors():
        path = _section(config, os.environ).bootstrap_key_file
        typer.echo(bootstrap.public_text(bootstrap.load_or_make(path).public_key()))


def _section(path: Path, environ: Mapping[str, str]) -> Onboarding:
    """Return `[onboarding]`; what else is wrong with the settings is said by others."""
    reading = opened(path, environ)
    reading.unread.update((name,) for name in SECTIONS if name != SECTION)
    reading.check((SECTION,), Onboarding)
    reading.finish()
    return reading.take((SECTION,), Onboarding)
