"""What an operator signs: manifests and the drain rate, and what of them is believed here.

It comes over a broker that is not trusted: its size is looked at before anything is taken apart,
and what it is a word about stands inside (`name`), so that one can never pass for another.

Source: COSE_Sign1 (RFC 9052) with Ed25519 around a CBOR map; an operator's key is called by the
first 8 bytes of the SHA-256 of its 32 public bytes.
"""

import hashlib
from collections.abc import Iterable, Mapping

from kiosk.errors import ListError, PayloadError
from kiosk.payloads.parts import cbor, cose
from kiosk.payloads.parts.trust import Algorithm, Context, IssuerKey, NotGenuine, trusting

FORM = 1
"""The major version of these forms; fields that a reader does not know are ignored."""
LARGEST = 2**53
"""Of versions and seconds: every program that reads one can hold it."""
KID_BYTES = 8
LIST_KIND = "list"
_ALGORITHMS = frozenset({Algorithm.EDDSA})

Fields = Mapping[object, object]


class Untrusted(ListError):  # noqa: N818 - names a state of the world, as the taxonomy does
    """Whoever signed it is no operator of this kiosk."""


def kid_of(public: bytes) -> bytes:
    """Return what an operator's key is called."""
    return hashlib.sha256(public).digest()[:KID_BYTES]


def signing(publics: Iterable[bytes], kind: str = LIST_KIND) -> Context:
    """Return the context in which these Ed25519 keys, 32 bytes each, sign lists, or that `kind`."""
    kinds = frozenset({kind})
    return trusting(
        IssuerKey(kid_of(public), Algorithm.EDDSA, public, "operator", kinds) for public in publics
    )


def verified(what: str, raw: bytes, most: int, signers: Context) -> Fields:
    """Return the fields that an operator signed; `what` begins the line of a refusal.

    Raises:
        Untrusted: They are signed by somebody who is no operator.
        ListError: More than `most` bytes, a signature that does not match, or not such a form.
    """
    envelope = _envelope(what, raw, most)
    if not signers.signers(LIST_KIND, envelope.kid):
        raise Untrusted(f"{what}: signed with a key that lists.signers does not name")
    try:
        cose.signer(envelope, LIST_KIND, signers)
    except NotGenuine:
        raise ListError(f"{what}: the signature does not match") from None
    return _fields(what, envelope.payload)


def unverified(what: str, raw: bytes, most: int) -> Fields:
    """Return the fields, whoever signed them: for whoever makes the next version.

    Raises:
        ListError: More than `most` bytes, or not such a form.
    """
    return _fields(what, _envelope(what, raw, most).payload)


def number(what: str, fields: Fields, key: str, *, least: int) -> int:
    """Return the number at `key`.

    Raises:
        ListError: There is none, or it is below `least` or above `LARGEST`.
    """
    found = fields.get(key)
    if type(found) is not int or not least <= found <= LARGEST:
        raise ListError(f"{what}: {key}: not a number from {least} to {LARGEST}")
    return found


def _envelope(what: str, raw: bytes, most: int) -> cose.Envelope:
    if len(raw) > most:
        raise ListError(f"{what}: {len(raw)} bytes, at most {most} are read")
    try:
        return cose.envelope(raw, _ALGORITHMS)
    except PayloadError as error:
        raise ListError(f"{what}: {error}") from None


def _fields(what: str, payload: bytes) -> Fields:
    try:
        fields = cbor.loads(payload)
    except PayloadError as error:
        raise ListError(f"{what}: {error}") from None
    if not isinstance(fields, dict) or fields.get("form") != FORM:
        raise ListError(f"{what}: of a form that this version does not know")
    return fields
