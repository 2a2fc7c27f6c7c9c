"""The entries of the list `issuers`: whose signatures count, and for what.

A shard is a CBOR array of maps, a key in each; it is the first byte of the public key's SHA-256
that says in which shard a key stands. A key that no library can use is refused here, so that it is
found when it is listed and not when a card is held up.
"""

import hashlib
from collections.abc import Iterable, Mapping

import cbor2

from kiosk.door.credential import Validity
from kiosk.errors import ListError, PayloadError
from kiosk.payloads.parts import cbor, cose
from kiosk.payloads.parts.trust import Algorithm, IssuerKey

MAX_TEXT = 64
MAX_KID_BYTES = 32
MAX_PUBLIC_BYTES = 1024
MAX_KINDS = 8
LATEST_S = 1 << 40


def first_of(key: IssuerKey) -> int:
    """Return in which shard a key stands."""
    return hashlib.sha256(key.public).digest()[0]


def shard_of(keys: Iterable[IssuerKey]) -> bytes:
    """Return the shard of these keys, the same for whatever order they come in."""
    ordered = sorted(keys, key=lambda key: (key.kid, key.public))
    return cbor2.dumps([_fields(key) for key in ordered])


def _fields(key: IssuerKey) -> dict[str, object]:
    return {
        "kid": key.kid,
        "alg": int(key.algorithm),
        "public": key.public,
        "issuer": key.issuer,
        "kinds": sorted(key.kinds),
        "from": key.validity.not_before_s,
        "until": key.validity.expires_s,
    }


def keys_of(shard: bytes) -> tuple[IssuerKey, ...]:
    """Return the keys of a shard.

    Raises:
        ListError: It is laid out otherwise, or a key is of no use.
    """
    try:
        found = cbor.loads(shard)
    except PayloadError as error:
        raise ListError(f"issuers: {error}") from None
    if not isinstance(found, list) or not found:
        raise ListError("issuers: not a list of keys")
    return tuple(_key(each) for each in found)


def _key(fields: object) -> IssuerKey:
    if not isinstance(fields, dict):
        raise ListError("issuers: a key that is no map")
    algorithm, public = fields.get("alg"), _bytes(fields, "public", MAX_PUBLIC_BYTES)
    if type(algorithm) is not int or algorithm not in list(Algorithm):
        raise ListError("issuers: a key of an algorithm that is not known here")
    if cose.public_key(Algorithm(algorithm), public) is None:
        raise ListError("issuers: a key that is none of its algorithm")
    kinds = fields.get("kinds")
    if not isinstance(kinds, list) or not 1 <= len(kinds) <= MAX_KINDS:
        raise ListError("issuers: a key that may sign nothing")
    return IssuerKey(
        _bytes(fields, "kid", MAX_KID_BYTES),
        Algorithm(algorithm),
        public,
        _text(fields.get("issuer")),
        frozenset(_text(kind) for kind in kinds),
        Validity(_time(fields.get("from")), _time(fields.get("until"))),
    )


def _bytes(fields: Mapping[object, object], name: str, most: int) -> bytes:
    value = fields.get(name)
    if not isinstance(value, bytes) or not 1 <= len(value) <= most:
        raise ListError(f"issuers: {name}: not 1 to {most} bytes")
    return value


def _text(value: object) -> str:
    printable = isinstance(value, str) and value.isascii() and value.isprintable()
    if not isinstance(value, str) or not printable or not 1 <= len(value) <= MAX_TEXT:
        raise ListError(f"issuers: not a text of 1 to {MAX_TEXT} letters")
    return value


def _time(value: object) -> int | None:
    if value is None:
        return None
    if type(value) is not int or not 0 <= value < LATEST_S:
        raise ListError("issuers: a time that is none")
    return value
