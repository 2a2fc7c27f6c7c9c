"""`kiosk-provision fleet enrol`: all kiosks of a fleet file in one run, with a table that fills."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from provisioning.command_line import one_line_errors
from provisioning.errors import ProvisioningError
from provisioning.fleet import fleet_file, many
from provisioning.fleet.commands import group
from provisioning.fleet.folder import FleetFolder, write
from provisioning.fleet.many import Done, Made
from provisioning.fleet.options import (
    DEFAULT_FOLDER,
    Folder,
    PassphraseFile,
    pin_of,
    registrar_of,
    server_of,
)

fleet_app = group("Many kiosks at once.")


@fleet_app.command("enrol")
def enrol(  # noqa: PLR0913 - a command has as many arguments as options
    file: Annotated[Path, typer.Argument(metavar="CSV", help="Columns site, device, title.")],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where keys or claims are written.")],
    labels: Annotated[
        Path | None, typer.Option(metavar="PDF", help="Labels with QR symbols, 24 a page.")
    ] = None,
    server: Annotated[str | None, typer.Option(help="Where to redeem, if not as usual.")] = None,
    hours: Annotated[
        int | None, typer.Option(min=1, max=2160, help="How long claims wait.")
    ] = None,
    folder: Folder = DEFAULT_FOLDER,
    passphrase_file: PassphraseFile = None,
    *,
    bench: Annotated[
        bool, typer.Option("--bench", help="Make keys here, for copying; else claims.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Also those that are enrolled already.")
    ] = False,
) -> None:
    """Enrol the kiosks of a fleet file; those that are enrolled already are left alone."""
    from provisioning.fleet.progress import watched  # noqa: PLC0415 - rich is slow to load

    with one_line_errors():
        rows, fleet = fleet_file.read(file), FleetFolder(folder)
        place = None if bench else server_of(server, fleet)
        claims = out / many.CLAIMS
        if not bench and claims.exists():
            raise ProvisioningError(f"{claims}: is there already: name another folder")
        registrar = registrar_of(folder, passphrase_file)
        make = many.at_the_bench(registrar, out)
        if place is not None:
            make = many.by_claim(registrar, place, pin_of(fleet), hours)
        begun_s = time.monotonic()
        made = watched(rows, many.enrol(registrar, rows, make, int(time.time()), again=again))
        if place is not None:
            many.write_claims(claims, made)
        if labels is not None:
            from provisioning.fleet.labels import pdf  # noqa: PLC0415 - only who prints needs it

            write(labels, pdf([each for each in made if each.done in {Done.ENROLLED, Done.CLAIM}]))
        _sum_up(made, out, time.monotonic() - begun_s)


def _sum_up(made: Sequence[Made], out: Path, took_s: float) -> None:
    counts = {done: sum(each.done is done for each in made) for done in Done}
    words = ", ".join(f"{count} {done}" for done, count in counts.items() if count)
    typer.echo(f"{words}; {took_s:.1f} s")
    if counts[Done.ENROLLED]:
        typer.echo(f"{out}: SITE/DEVICE/{many.KEY}, to be copied to each kiosk and removed here")
    if counts[Done.CLAIM]:
        typer.echo(f"{out / many.CLAIMS}: the claims; whoever reads them can enrol")
