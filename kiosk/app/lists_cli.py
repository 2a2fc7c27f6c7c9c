"""`kiosk lists`: what lists this kiosk has, and new ones from a folder where there is no network.

A running kiosk notices within seconds what was installed beside it.
"""

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kiosk.app.command_errors import EXIT_TROUBLE, one_line_errors
from kiosk.app.config_problems import one_line
from kiosk.app.settings import DEFAULT_PATH, Settings, load_kiosk
from kiosk.errors import KioskError

if TYPE_CHECKING:
    # Only the commands import it: the eye runs from the same program and has no cryptography.
    from kiosk.lists.keeper import Keeper

_DAY_S = 86400

lists_app = typer.Typer(
    help="The operator's lists: trusted issuers, revoked cards, declared and barred people.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

ConfigFile = Annotated[
    Path, typer.Option("--config", metavar="FILE", help="The settings file to read.")
]


@lists_app.command()
def install(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Lists as `kiosk-provision lists` makes them.")
    ],
    config: ConfigFile = DEFAULT_PATH,
) -> None:
    """Take the lists in a folder that are newer than those in use; the same checks as always."""
    from kiosk.lists import files  # noqa: PLC0415 - the eye must not import this
    from kiosk.lists.form import ListName, site_of  # noqa: PLC0415 - see above

    with one_line_errors():
        settings, keeper = _loaded(config, mend=True)
        site, refused, found = settings.kiosk.site, 0, 0
        for name in ListName:
            try:
                found += files.read_manifest(folder, name, site_of(name, site)) is not None
                if files.install(keeper, folder, name, site):
                    held = keeper.lists[name].manifest
                    typer.echo(f"{name}: version {held.version}, {held.entries} entries")
            except KioskError as error:
                refused += 1
                typer.echo(one_line(f"{name}: refused: {error}"), err=True)
        if not found and not refused:
            typer.echo(one_line(f"{folder}: there is no list for {site}"), err=True)
        if refused or not found:
            raise typer.Exit(EXIT_TROUBLE)


@lists_app.command()
def status(
    config: ConfigFile = DEFAULT_PATH,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say which version of each list is on the disk, how old it is, and what is wrong with it."""
    with one_line_errors():
        _, keeper = _loaded(config, mend=False)
        told = _told(keeper)
        if as_json:
            typer.echo(json.dumps(told, indent=1))
            return
        for name, each in told.items():
            version, trouble = each["version"], each["trouble"]
            words = "none"
            if version is not None:
                days = each["age_s"] / _DAY_S
                words = f"version {version}, {each['entries']} entries, {days:.1f} days old"
            typer.echo(f"{name:10}{words}" + (f"; {trouble}" if trouble else ""))


def _loaded(config: Path, *, mend: bool) -> "tuple[Settings, Keeper]":
    from kiosk.app.lists_thread import keeper_of  # noqa: PLC0415 - see above

    settings = load_kiosk(config, os.environ)
    keeper = keeper_of(settings)
    keeper.load(mend=mend)
    return settings, keeper


def _told(keeper: "Keeper") -> dict[str, dict[str, Any]]:
    from kiosk.lists.form import NAMES  # noqa: PLC0415 - see above

    book = keeper.book()
    told: dict[str, dict[str, Any]] = {}
    for name in NAMES:
        held = book.versions.get(name)
        told[name] = {
            "version": held.version if held else None,
            "issued_s": held.issued_s if held else None,
            "age_s": max(0, round(time.time() - held.issued_s)) if held else None,
            "entries": held.entries if held else 0,
            "periods": list(held.periods) if held else [],
            "trouble": book.troubles.get(name),
        }
    return told
