"""An operator whom nobody trusts outside these tests, and lists that it made."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kiosk.lists.drain import DrainRate, payload_of
from kiosk.lists.form import OF_A_SITE, ListName
from kiosk.lists.keeper import Keeper, Terms
from kiosk.lists.manifest import Manifest
from kiosk.lists.signed import signing
from kiosk.lists.store import Store
from kiosk.payloads.parts.trust import Context, IssuerKey
from provisioning.lists.making import Made, made, sharded, sharded_issuers, signed

SITE = "hk-042"
ISSUED_S = 1_790_000_000
MAX_ENTRIES = 1000


def operator(seed: int = 7) -> Ed25519PrivateKey:
    """Return an operator's key."""
    return Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)


def public_of(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def pem_of(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def trusted(*keys: Ed25519PrivateKey) -> Context:
    """Return the context in which these operators sign lists."""
    return signing(public_of(key) for key in keys or (operator(),))


def entries(count: int, step: int = 1, size: int = 8) -> list[bytes]:
    """Return so many entries, spread evenly over the shards."""
    return [
        (n * step * (2**64 // (count * step))).to_bytes(8, "big").ljust(size, b"\1")
        for n in range(count)
    ]


def a_list(
    name: ListName = ListName.REVOKED,
    version: int = 1,
    held: Iterable[bytes] = (),
    key: Ed25519PrivateKey | None = None,
    **changed: Any,
) -> Made:
    """Return a list of whole entries; `changed` replaces what the manifest says of site or time."""
    return _made(name, version, sharded(held), key, changed)


def issuers(*keys: IssuerKey, version: int = 1) -> Made:
    """Return the list of these issuers."""
    return _made(ListName.ISSUERS, version, sharded_issuers(keys), None, {})


def a_rate(
    drain_hz: float | None = 2.5, version: int = 1, key: Ed25519PrivateKey | None = None
) -> bytes:
    """Return a signed drain rate."""
    return signed(payload_of(DrainRate(version, ISSUED_S, drain_hz)), key or operator())


def _made(
    name: ListName,
    version: int,
    shards: Mapping[int, bytes],
    key: Ed25519PrivateKey | None,
    changed: Mapping[str, Any],
) -> Made:
    site = SITE if name in OF_A_SITE else None
    manifest = replace(Manifest(name, version, ISSUED_S, 0, {}, site), **changed)
    return made(manifest, shards, key or operator())


def keeper_in(folder: Path, signers: Context | None = None, site: str = SITE) -> Keeper:
    """Return a keeper that has loaded what lies in the folder."""
    terms = Terms(trusted() if signers is None else signers, site, MAX_ENTRIES)
    keeper = Keeper(Store(folder, site), terms)
    keeper.load()
    return keeper
