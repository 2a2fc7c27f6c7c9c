"""`kiosk-provision keys`: a root, a venue's key file, a person's handle, the authority's keys.

A person is read from standard input, never from the command line, where everybody on the machine
could see it and the shell would remember it.
"""

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from kiosk.identity.periods import LONGEST_PERIOD_DAYS, period_at
from kiosk.payloads import MAX_PAYLOAD_BYTES
from provisioning import keys
from provisioning.command_line import one_line_errors
from provisioning.errors import ProvisioningError
from provisioning.passphrase import passphrase

keys_app = typer.Typer(
    help="Make the keys of venues and of the tracing authority; compute handles.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

NewFile = Annotated[Path, typer.Argument(metavar="FILE", help="A file that is not there yet.")]
RootFile = Annotated[Path, typer.Argument(metavar="ROOT", help="The file that `root` made.")]
Passphrase = Annotated[
    Path | None,
    typer.Option("--passphrase-file", metavar="FILE", help="Its first line; absent: ask for it."),
]
Days = Annotated[
    int,
    typer.Option(min=1, max=LONGEST_PERIOD_DAYS, help="Days a period lasts; never changed later."),
]
Generation = Annotated[
    int,
    typer.Option(
        min=1,
        max=keys.LAST_GENERATION,
        help="1 more than before when a kiosk of the venue was stolen; write down which.",
    ),
]


@keys_app.command()
def root(file: NewFile, passphrase_file: Passphrase = None) -> None:
    """Make the root, from which the keys of all venues follow. Keep it, and a copy, offline."""
    with one_line_errors():
        keys.make_root(file, passphrase(passphrase_file, str(file), new=True))
        typer.echo(f"{file}: made; without it no handle can be computed, and with it every one")


@keys_app.command()
def kiosk(
    root_file: RootFile,
    file: NewFile,
    site: Annotated[str, typer.Option(help="The venue, as in kiosk.site.")],
    days: Days = 14,
    period: Annotated[
        int | None, typer.Option(min=0, help="Of this period; absent: of the present one.")
    ] = None,
    generation: Generation = 1,
    passphrase_file: Passphrase = None,
) -> None:
    """Write the key file for the kiosks of a venue; copy it there and remove it here."""
    with one_line_errors():
        number = keys.period_now(days) if period is None else period
        secret = passphrase(passphrase_file, str(root_file))
        keys.write_site_key(root_file, secret, keys.terms_of(site, days), number, file, generation)
        typer.echo(f"{file}: the key of {site} from period {number} on, generation {generation}")


@keys_app.command()
def handle(
    root_file: RootFile,
    site: Annotated[list[str], typer.Option(help="A venue; may be given again.")],
    days: Days = 14,
    since: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="From the period of this day on.")
    ] = None,
    generation: Generation = 1,
    passphrase_file: Passphrase = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")] = False,
) -> None:
    """Compute the handles of a person: a card's text, or `KIND ID`, on standard input."""
    with one_line_errors():
        last = keys.period_now(days)
        first = last if since is None else _period_of(since, days)
        person = keys.person_in(sys.stdin.buffer.read(MAX_PAYLOAD_BYTES + 2))
        secret = passphrase(passphrase_file, str(root_file))
        sites = [keys.terms_of(each, days) for each in site]
        periods = [*range(first, last + 1)]
        for each in keys.handles(root_file, secret, person, sites, periods, generation):
            fields = asdict(each)
            typer.echo(json.dumps(fields) if as_json else "\t".join(map(str, fields.values())))


@keys_app.command()
def authority(file: NewFile, passphrase_file: Passphrase = None) -> None:
    """Make the tracing authority's keys: FILE, encrypted, and FILE.pub for the kiosks."""
    with one_line_errors():
        key_id = keys.make_authority(file, passphrase(passphrase_file, str(file), new=True))
        typer.echo(f"{file}: key {key_id}; kiosks get {file}{keys.PUBLIC_END} and nothing else")


def _period_of(day: str, days: int) -> int:
    try:
        moment = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise ProvisioningError("--since is no day; write it as 2026-01-31") from None
    return period_at(moment.timestamp(), days)
