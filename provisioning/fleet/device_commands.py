"""`kiosk-provision device`: enrol one kiosk, revoke one, show them."""

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from kiosk.enrolment.claim import claim_text
from provisioning.command_line import one_line_errors
from provisioning.errors import ProvisioningError
from provisioning.fleet import many, names
from provisioning.fleet.commands import group
from provisioning.fleet.fleet_file import Row
from provisioning.fleet.folder import FleetFolder, write
from provisioning.fleet.options import (
    DEFAULT_FOLDER,
    Folder,
    PassphraseFile,
    pin_of,
    registrar_of,
    server_of,
    shown,
)
from provisioning.fleet.roll import Device

device_app = group("One kiosk: enrol it, revoke it.")

Name = Annotated[str, typer.Argument(metavar="SITE/DEVICE", help="As in hk-042/door-1.")]


@device_app.command()
def enrol(
    name: Name,
    bench: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Make its key here, for copying; absent: a claim."),
    ] = None,
    label: Annotated[
        Path | None, typer.Option(metavar="PDF", help="A label, with the claim in a QR symbol.")
    ] = None,
    server: Annotated[str | None, typer.Option(help="Where to redeem it, if not as usual.")] = None,
    hours: Annotated[int | None, typer.Option(min=1, max=2160, help="How long it waits.")] = None,
    folder: Folder = DEFAULT_FOLDER,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Enrol a kiosk; what it had before is revoked as soon as it is enrolled anew."""
    with one_line_errors():
        row = Row(*names.split(name))
        fleet = FleetFolder(folder)
        if bench is not None:
            registrar = registrar_of(folder, passphrase_file)
            made = many.at_the_bench(registrar, bench)(row)
            where = bench / row.site / row.device
            typer.echo(f"{where}: {many.KEY} and {many.ROOT}, until {shown(made.until_s)}")
            typer.echo("copy both to the kiosk and remove them here")
        else:
            place = server_of(server, fleet)
            registrar = registrar_of(folder, passphrase_file)
            made = many.by_claim(registrar, place, pin_of(fleet), hours)(row)
            if made.code is None:
                raise AssertionError("a claim has a code")
            typer.echo(f"claim: {claim_text(made.code.claim)}")
            typer.echo(f"code: {made.code.text()}")
            typer.echo(f"{name}: once, until {shown(made.until_s)}; at the kiosk: kiosk enrol")
        if label is not None:
            from provisioning.fleet import labels  # noqa: PLC0415 - only who prints needs reportlab

            write(label, labels.pdf([made]))


@device_app.command()
def revoke(
    name: Name,
    why: Annotated[str, typer.Option(help="A few words for the roll.")] = "",
    folder: Folder = DEFAULT_FOLDER,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Revoke a kiosk with all its certificates and claims; enrolling it anew takes it back."""
    with one_line_errors():
        names.split(name)
        count = registrar_of(folder, passphrase_file).revoke(name, why)
        typer.echo(f"{name}: revoked, {count} certificates; refresh the broker")


@device_app.command("list")
def list_devices(
    site: Annotated[str | None, typer.Option(help="Only of this site.")] = None,
    folder: Folder = DEFAULT_FOLDER,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")] = False,
) -> None:
    """Show the kiosks, until when each is enrolled, and which certificate two devices share."""
    with one_line_errors():
        roll, now_s = FleetFolder(folder).roll(), int(time.time())
        try:
            devices = roll.devices(site)
        finally:
            roll.close()
        if site is not None and not devices:
            raise ProvisioningError(f"{site}: has no kiosk")
        for device in devices:
            fields = _fields(device, now_s)
            if as_json:
                typer.echo(json.dumps(fields, ensure_ascii=False))
            else:
                typer.echo("\t".join("" if v is None else str(v) for v in fields.values()))


def _fields(device: Device, now_s: int) -> dict[str, Any]:
    newest = device.newest
    return {
        "name": device.name,
        "state": _state(device, now_s),
        "until": None if newest is None else shown(newest.until_s),
        "claim_until": shown(device.claim_until_s) or None,
        "title": device.title,
    }


def _state(device: Device, now_s: int) -> str:
    newest = device.newest
    if device.revoked_s is not None:
        return "revoked"
    if newest is None or newest.revoked_s is not None:
        waits = device.claim_until_s is not None and device.claim_until_s > now_s
        return "claim waits" if waits else "not enrolled"
    if device.forked:
        return "two devices have its key"
    return "enrolled" if newest.until_s > now_s else "expired"
