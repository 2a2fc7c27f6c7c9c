"""Entries become shards, and shards a signed manifest. Nothing here reads a clock or a file."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kiosk.errors import ListError
from kiosk.lists import issuers, shards
from kiosk.lists.form import MAX_SHARD_BYTES
from kiosk.lists.manifest import Manifest, payload_of
from kiosk.lists.signed import kid_of
from kiosk.payloads.parts.cose import COSE_SIGN1
from kiosk.payloads.parts.trust import Algorithm, IssuerKey
from provisioning.errors import ProvisioningError

_ALGORITHM, _KID = 1, 4


@dataclass(frozen=True, slots=True)
class Made:
    """A list as it is published: the signed manifest, what it says, and its shards."""

    manifest: Manifest
    raw: bytes = field(repr=False)
    shards: Mapping[int, bytes] = field(repr=False)


def sharded(entries: Iterable[bytes]) -> dict[int, bytes]:
    r"""Return the shards of whole entries, each without the byte that names its shard.

    >>> sharded([bytes.fromhex("0102"), bytes.fromhex("0101"), bytes.fromhex("ff00")])
    {1: b'\x01\x02', 255: b'\x00'}
    """
    found: dict[int, list[bytes]] = defaultdict(list)
    for entry in entries:
        found[entry[0]].append(entry[1:])
    return {first: b"".join(sorted(found[first])) for first in sorted(found)}


def sharded_issuers(keys: Iterable[IssuerKey]) -> dict[int, bytes]:
    """Return the shards of issuers' keys.

    Raises:
        ProvisioningError: So many keys fall into one shard that no kiosk would read it.
    """
    found: dict[int, list[IssuerKey]] = defaultdict(list)
    for key in keys:
        found[issuers.first_of(key)].append(key)
    made = {first: issuers.shard_of(found[first]) for first in sorted(found)}
    try:
        for shard in made.values():
            issuers.keys_of(shard)
    except ListError as error:
        raise ProvisioningError(str(error)) from None
    return made


def made(manifest: Manifest, held: Mapping[int, bytes], key: Ed25519PrivateKey) -> Made:
    """Return a list of these shards, signed; what `manifest` says of shards is filled in.

    Raises:
        ProvisioningError: It is larger than any kiosk takes.
    """
    largest = max(map(len, held.values()), default=0)
    if largest > MAX_SHARD_BYTES:
        raise ProvisioningError(
            f"a shard has {largest} bytes and may have {MAX_SHARD_BYTES}: too many entries"
        )
    digests = {first: shards.digest(body) for first, body in held.items()}
    whole = replace(manifest, shards=digests, entries=shards.count(manifest.name, held))
    return Made(whole, signed(payload_of(whole), key), dict(held))


def signed(payload: bytes, key: Ed25519PrivateKey) -> bytes:
    """Return a COSE_Sign1 of `payload` under an operator's key."""
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    header = cbor2.dumps({_ALGORITHM: int(Algorithm.EDDSA), _KID: kid_of(public)})
    signature = key.sign(cbor2.dumps(["Signature1", header, b"", payload]))
    return cbor2.dumps(cbor2.CBORTag(COSE_SIGN1, [header, {}, payload, signature]))


def next_version(before: int | None, now_s: int) -> int:
    """Return the version of what is signed next: above the last one, never below the time.

    Counted from the time, an operator whose folder is lost does not begin at 1 again, which every
    kiosk would refuse.

    >>> next_version(None, 1_790_000_000)
    1790000000
    >>> next_version(1_790_000_005, 1_790_000_000)
    1790000006
    """
    return now_s if before is None else max(before + 1, now_s)
