"""Vaccine certificates that begin with `HC1:`, Vietnam's and those of the EU: verified, not kept.

Base45, then zlib, then a CWT in a COSE_Sign1. ES256 and PS256, because every Vietnamese certificate
is signed with the latter. The end is the one in the certificate, whatever a decree says of months.
Only the certificate's own number is kept; name, birth and vaccine are dropped here.

Source: the electronic health certificate of the EU (HCERT, claim -260) in its version 1, and
Decision 5772/QĐ-BYT of 2021, which adopts it.
"""

import zlib

from kiosk.door.credential import Assurance, Claims, Credential, Defect, Validity
from kiosk.errors import PayloadError
from kiosk.payloads.parts import base45, cbor, cose
from kiosk.payloads.parts.trust import NOBODY, Algorithm, Context, IssuerKey, NotGenuine

PREFIX = b"HC1:"
MOST_EXPANDED_BYTES = 16_384
"""A certificate has about 600 bytes; a bomb has thousands for each that it sends."""
ISSUER, EXPIRES, NOT_BEFORE, ISSUED, HEALTH = 1, 4, 5, 6, -260
MOST_ID_CHARACTERS = 80
_ALGORITHMS = frozenset({Algorithm.ES256, Algorithm.PS256})


def parse(raw: bytes, context: Context = NOBODY) -> Credential | None:
    """Return the credential of a vaccine certificate, or None when `raw` is none.

    Raises:
        NotGenuine: No trusted issuer signed it as it is now.
        PayloadError: It begins as one and is laid out otherwise. Nothing of it is told.

    >>> parse(b"HC2:6BFOXN") is None
    True
    >>> parse(b"HC1:a small letter")
    Traceback (most recent call last):
    kiosk.errors.PayloadError: base45: a character that it does not have
    """
    if not raw.startswith(PREFIX):
        return None
    expanded = _expand(base45.decode(raw.removeprefix(PREFIX)))
    envelope = cose.envelope(expanded, _ALGORITHMS)
    key = cose.signer(envelope, "certificate", context)
    claims = cbor.loads(envelope.payload)
    if not isinstance(claims, dict):
        raise PayloadError("claims: not a map")
    if ISSUER in claims and cose.text_of(claims, ISSUER, "issuer") != key.issuer:
        raise NotGenuine(Defect.UNTRUSTED_ISSUER, "issuer: not the one whose key signed")
    return Credential(
        "certificate",
        _number(claims),
        Assurance.SIGNED,
        _validity(claims, key),
        Claims(key.issuer),
    )


def _expand(packed: bytes) -> bytes:
    unpacking = zlib.decompressobj()
    try:
        expanded = unpacking.decompress(packed, MOST_EXPANDED_BYTES)
    except zlib.error:
        raise PayloadError("compression: not zlib") from None
    if not unpacking.eof or unpacking.unused_data:
        raise PayloadError("compression: cut off, too large, or more behind it")
    return expanded


def _validity(claims: dict[object, object], key: IssuerKey) -> Validity:
    start = NOT_BEFORE if NOT_BEFORE in claims else ISSUED
    from_s = cose.time_of(claims, start, "start")
    until_s = cose.time_of(claims, EXPIRES, "end")
    if from_s >= until_s:
        raise PayloadError("end: not after the start")
    return Validity(from_s, until_s).within(key.validity)


def _number(claims: dict[object, object]) -> str:
    """Return the number of the first vaccination: a certificate is of one."""
    match claims.get(HEALTH):
        case {1: {"v": [{"ci": str(number)}, *_]}}:
            pass
        case _:
            raise PayloadError("certificate: not of a vaccination")
    if not (number and number.isascii() and number.isprintable()):
        raise PayloadError("certificate number: no text")
    if len(number) > MOST_ID_CHARACTERS:
        raise PayloadError("certificate number: too long")
    return number
