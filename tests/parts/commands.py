"""An operator who commands kiosks, and commands as one may sign or forge them."""

from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.commands.form import KIND, Command, CommandName, payload_of
from kiosk.commands.judging import Terms
from kiosk.lists.signed import kid_of, signing
from kiosk.uplink import Commanded
from provisioning.lists.making import signed
from tests.parts.check_ins import SOURCE
from tests.parts.lists import operator, public_of

NONCE = bytes(range(16))
COMMAND = Command(CommandName.IDENTIFY, SOURCE, NONCE, 1, 60)


def commander(seed: int = 21) -> Ed25519PrivateKey:
    """Return the key of somebody who commands kiosks."""
    return operator(seed)


def issuer_of(key: Ed25519PrivateKey) -> str:
    """Return what a key is called in status and log."""
    return kid_of(public_of(key)).hex()


def terms(*keys: Ed25519PrivateKey, nonce: bytes = NONCE, source: str = SOURCE) -> Terms:
    """Return the terms of a kiosk that these may command; without any, `commander` may."""
    publics = [public_of(key) for key in keys or (commander(),)]
    return Terms(source, nonce, signing(publics, KIND))


def a_command(key: Ed25519PrivateKey | None = None, **changed: Any) -> bytes:
    """Return a signed command; `changed` replaces what it says."""
    return signed(payload_of(replace(COMMAND, **changed)), key or commander())


def message(body: bytes, name: str = "identify", *, retained: bool = False) -> Commanded:
    """Return what an uplink hands on of a message."""
    return Commanded(name, body[:1025], len(body), retained)
