"""`kiosk-provision ca|site|service`: who signs for the fleet, where its kiosks are, who else is."""

import time
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from kiosk.enrolment.claim import pin_text
from provisioning.command_line import one_line_errors
from provisioning.errors import ProvisioningError
from provisioning.fleet import many, names
from provisioning.fleet.folder import FleetFolder, Terms
from provisioning.fleet.options import (
    DEFAULT_FOLDER,
    Folder,
    PassphraseFile,
    RootPassphraseFile,
    pin_of,
    registrar_of,
    server_of,
    shown,
)
from provisioning.fleet.registrar import Registrar
from provisioning.passphrase import passphrase


def group(text: str) -> typer.Typer:
    """Return a group of commands."""
    return typer.Typer(
        help=text, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False
    )


ca_app = group("The fleet's root and its issuing keys: who signs certificates of kiosks.")
site_app = group("The sites that have kiosks.")
service_app = group("Who else connects to the broker: ledgers and operators.")


@ca_app.command("init")
def init(  # noqa: PLR0913, PLR0917 - a command has as many arguments as options
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new one.")] = DEFAULT_FOLDER,
    name: Annotated[str, typer.Option(help="What certificates call the fleet.")] = "Door Kiosk",
    server: Annotated[
        str | None, typer.Option(help="Where claims will be redeemed: https://HOST:PORT.")
    ] = None,
    device_days: Annotated[int, typer.Option(help="How long a certificate lasts.")] = 90,
    grace_days: Annotated[int, typer.Option(help="So long after its end it may renew.")] = 365,
    claim_hours: Annotated[int, typer.Option(help="How long a claim waits.")] = 24,
    passphrase_file: PassphraseFile = None,
    root_passphrase_file: RootPassphraseFile = None,
) -> None:
    """Make a fleet: a root key for the safe, an issuing key for every day, an empty roll."""
    with one_line_errors():
        fleet = FleetFolder(folder)
        values = {"name": name, "device_days": device_days, "grace_days": grace_days}
        try:
            terms = Terms.model_validate({**values, "claim_hours": claim_hours})
        except ValidationError as error:
            first = error.errors(include_input=False, include_context=False, include_url=False)[0]
            option = str(first["loc"][0]).replace("_", "-")
            raise ProvisioningError(f"--{option}: {first['msg']}") from None
        if server is not None:
            terms = terms.model_copy(update={"server": server_of(server, fleet)})
        root_phrase = passphrase(root_passphrase_file, "the root", new=True)
        phrase = passphrase(passphrase_file, "the issuing key", new=True)
        fleet.make(terms, root_phrase, phrase, int(time.time()))
        typer.echo(f"{fleet.root_key}: the root's key; move it, and a copy, into a safe")
        typer.echo(f"{fleet.root}: its certificate, ca_file of every kiosk; pin {_pin(fleet)}")


@ca_app.command("issuing")
def issuing(
    folder: Folder = DEFAULT_FOLDER,
    root_key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Absent: root.key in the folder.")
    ] = None,
    passphrase_file: PassphraseFile = None,
    root_passphrase_file: RootPassphraseFile = None,
) -> None:
    """Make one more issuing key, which signs from now on; needs the root's key."""
    with one_line_errors():
        fleet = FleetFolder(folder)
        fleet.terms()
        key = fleet.root_key if root_key is None else root_key
        root_phrase = passphrase(root_passphrase_file, str(key))
        phrase = passphrase(passphrase_file, f"the issuing key of {folder}")
        number = fleet.add_issuing(key, root_phrase, phrase, int(time.time()))
        _tell_revoked(fleet, phrase)
        typer.echo(f"{folder}: issuing key {number} signs from now on")


@ca_app.command("distrust")
def distrust(
    number: Annotated[int, typer.Argument(help="As `ca show` says.")],
    folder: Folder = DEFAULT_FOLDER,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Remove an issuing key that was lost: what it signed counts no more, and kiosks renew."""
    with one_line_errors():
        fleet = FleetFolder(folder)
        phrase = passphrase(passphrase_file, f"the issuing key of {folder}")
        fleet.signers(phrase)
        fleet.distrust(number)
        _tell_revoked(fleet, phrase)
        typer.echo(f"{folder}: issuing key {number} is gone; refresh the broker and restart it")


@ca_app.command("show")
def show(folder: Folder = DEFAULT_FOLDER) -> None:
    """Say who signs, until when, for how many, and the pin by which kiosks know the root."""
    with one_line_errors():
        fleet = FleetFolder(folder)
        terms, root = fleet.terms(), fleet.root_certificate()
        roll, now_s = fleet.roll(), int(time.time())
        typer.echo(f"{terms.name}: server {terms.server or 'not set'}")
        typer.echo(f"root: until {root.not_valid_after_utc:%Y-%m-%d}, pin {_pin(fleet)}")
        for number, held in fleet.issuing():
            until = f"{held.not_valid_after_utc:%Y-%m-%d}"
            typer.echo(f"issuing key {number}: until {until}, needed by {roll.need(number, now_s)}")
        roll.close()


@site_app.command("add")
def add_site(
    site: Annotated[str, typer.Argument(metavar="SITE", help="As in kiosk.site: hk-042.")],
    title: Annotated[str, typer.Option(help="What people call it; stands on labels.")] = "",
    folder: Folder = DEFAULT_FOLDER,
) -> None:
    """Add a site, or change its title."""
    with one_line_errors():
        names.check_site(site)
        roll = FleetFolder(folder).roll()
        try:
            new = roll.add_site(site, title, int(time.time()))
        finally:
            roll.close()
        typer.echo(f"{site}: " + ("added" if new else "was there already"))


@service_app.command("enrol")
def enrol_service(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Each worker has its own.")],
    role: Annotated[names.Role, typer.Option(help="What it may do.")],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Key, certificate and root.")],
    folder: Folder = DEFAULT_FOLDER,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Make the key and the certificate of a ledger's worker or an operator."""
    with one_line_errors():
        registrar = registrar_of(folder, passphrase_file)
        held = registrar.service(name, role)
        many.write_bench(out, held, registrar.root)
        typer.echo(f"{out}: {name}, {role}, until {shown(int(held.until_s))}; refresh the broker")


@service_app.command("list")
def list_services(folder: Folder = DEFAULT_FOLDER) -> None:
    """Show the services."""
    with one_line_errors():
        roll = FleetFolder(folder).roll()
        try:
            for service in roll.services():
                newest = roll.newest(service.name)
                until = shown(newest.until_s if newest else None)
                state = "revoked" if service.revoked_s is not None else f"until {until}"
                typer.echo(f"{service.name}\t{service.role}\t{state}")
        finally:
            roll.close()


@service_app.command("revoke")
def revoke_service(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    why: Annotated[str, typer.Option(help="A few words for the roll.")] = "",
    folder: Folder = DEFAULT_FOLDER,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Revoke a service."""
    with one_line_errors():
        names.check_service(name)
        count = registrar_of(folder, passphrase_file).revoke(name, why)
        typer.echo(f"{name}: revoked, {count} certificates; refresh the broker")


def _tell_revoked(fleet: FleetFolder, phrase: str) -> None:
    """Write the revocations of the issuing keys that there are now."""
    Registrar(fleet, fleet.signers(phrase), time.time).revocations.write()


def _pin(fleet: FleetFolder) -> str:
    return pin_text(pin_of(fleet))
