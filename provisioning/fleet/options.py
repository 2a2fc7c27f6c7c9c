"""What the commands about a fleet share: its folder, its passphrases, its registrar."""

import hashlib
import time
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.serialization import Encoding

from kiosk.enrolment.claim import checked_server
from kiosk.errors import EnrolmentError
from provisioning.errors import ProvisioningError
from provisioning.fleet.folder import FleetFolder
from provisioning.fleet.registrar import Registrar
from provisioning.passphrase import passphrase

Folder = Annotated[
    Path, typer.Option("--folder", metavar="FOLDER", help="The fleet's, made by `ca init`.")
]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file", metavar="FILE", help="Of the issuing key; absent: asked for."
    ),
]
RootPassphraseFile = Annotated[
    Path | None,
    typer.Option("--root-passphrase-file", metavar="FILE", help="Of the root; absent: asked for."),
]
DEFAULT_FOLDER = Path("fleet")


def registrar_of(folder: Path, passphrase_file: Path | None) -> Registrar:
    """Open a fleet's issuing keys.

    Raises:
        ProvisioningError: There is no fleet, or the passphrase is wrong.
    """
    fleet = FleetFolder(folder)
    fleet.terms()
    phrase = passphrase(passphrase_file, f"the issuing key of {folder}")
    return Registrar(fleet, fleet.signers(phrase), time.time)


def pin_of(fleet: FleetFolder) -> bytes:
    """Return by what a kiosk knows the root's certificate."""
    return hashlib.sha256(fleet.root_certificate().public_bytes(Encoding.DER)).digest()


def server_of(given: str | None, fleet: FleetFolder) -> str:
    """Return where claims are redeemed.

    Raises:
        ProvisioningError: Nobody has said where, or it is no address.
    """
    url = given or fleet.terms().server
    if url is None:
        raise ProvisioningError("where are claims redeemed? --server https://HOST:PORT")
    try:
        return checked_server(url)
    except EnrolmentError as error:
        raise ProvisioningError(str(error)) from None


def shown(at_s: int | None) -> str:
    """Return a moment as people read it."""
    return "" if at_s is None else time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(at_s))
