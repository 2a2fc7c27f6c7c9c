"""Our own card, which a ward prints for whoever has no other: signed, and without a name.

`DK1:` and base45 of a CWT in a COSE_Sign1, signed with Ed25519 under a key of the ward. Every
character is one of a QR code's alphanumeric mode, and one symbol of version 8 at level M at most
holds it with every claim set. The card says that the ward issued it; a copy of it says so too.

Claims: 1 the issuing ward, 4 and 5 until and from when, 7 the card's random number, and under a
number for private use what the ward allows: 1 class, 2 day parity, 3 quota (visits, days).

Source: CWT is RFC 8392, COSE_Sign1 RFC 9052, EdDSA RFC 8032 and 9053, base45 RFC 9285.
"""

import re

from kiosk.door.credential import (
    Assurance,
    CardClass,
    Claims,
    Credential,
    DayParity,
    Defect,
    Quota,
    Validity,
)
from kiosk.errors import PayloadError
from kiosk.payloads.parts import base45, cbor, cose
from kiosk.payloads.parts.trust import NOBODY, Algorithm, Context, NotGenuine

PREFIX = b"DK1:"
MOST_CHARACTERS = 221
"""What a QR code of version 8 at level M holds in alphanumeric mode."""
ISSUER, EXPIRES, NOT_BEFORE, CARD_ID = 1, 4, 5, 7
LIMITS = -65537
"""The claim that is ours: the first number that RFC 8392 leaves to private use."""
CLASS, PARITY, QUOTA = 1, 2, 3
CARD_ID_BYTES = 8
CLASSES = {1: CardClass.RESIDENT, 2: CardClass.STAFF, 3: CardClass.MINOR, 4: CardClass.ESCORT}
PARITIES = {0: DayParity.EVEN, 1: DayParity.ODD}
MOST_OF_QUOTA = 99
"""Visits, and days: more is no quota."""
_ISSUER = re.compile(r"[0-9a-z-]{1,16}")
_ALGORITHMS = frozenset({Algorithm.EDDSA})


def parse(raw: bytes, context: Context = NOBODY) -> Credential | None:
    """Return the credential on one of our cards, or None when `raw` is no such card.

    Raises:
        NotGenuine: No trusted ward signed it as it is now.
        PayloadError: It begins as one and is laid out otherwise. Nothing of the card is told.

    >>> parse(b"DK2:6BFOXN") is None
    True
    >>> parse(b"DK1:a small letter")
    Traceback (most recent call last):
    kiosk.errors.PayloadError: base45: a character that it does not have
    """
    if not raw.startswith(PREFIX):
        return None
    if len(raw) > MOST_CHARACTERS:
        raise PayloadError("length: more than one of our cards holds")
    envelope = cose.envelope(base45.decode(raw.removeprefix(PREFIX)), _ALGORITHMS)
    key = cose.signer(envelope, "card", context)
    claims = cbor.loads(envelope.payload)
    if not isinstance(claims, dict):
        raise PayloadError("claims: not a map")
    issuer = cose.text_of(claims, ISSUER, "issuer")
    if issuer != key.issuer:
        # A ward that is trusted signs for itself only.
        raise NotGenuine(Defect.UNTRUSTED_ISSUER, "issuer: not the one whose key signed")
    if not _ISSUER.fullmatch(issuer):
        raise PayloadError("issuer: not 1 to 16 small letters, digits and hyphens")
    number = claims.get(CARD_ID)
    if not isinstance(number, bytes) or len(number) != CARD_ID_BYTES:
        raise PayloadError(f"card number: not {CARD_ID_BYTES} bytes")
    return Credential(
        "card",
        number.hex(),
        Assurance.SIGNED,
        _validity(claims).within(key.validity),
        _limits(issuer, claims.get(LIMITS)),
    )


def _validity(claims: dict[object, object]) -> Validity:
    from_s = cose.time_of(claims, NOT_BEFORE, "start")
    until_s = cose.time_of(claims, EXPIRES, "end")
    if from_s >= until_s:
        raise PayloadError("end: not after the start")
    return Validity(from_s, until_s)


def _limits(issuer: str, limits: object) -> Claims:
    """Return what the ward allows; what it limits in a way unknown here is refused, not waived."""
    if not isinstance(limits, dict) or not set(limits) <= {CLASS, PARITY, QUOTA}:
        raise PayloadError("limits: one that this version does not know")
    card_class, parity = _number(limits.get(CLASS)), limits.get(PARITY)
    if card_class not in CLASSES:
        raise PayloadError("class: one that this version does not know")
    if parity is not None and _number(parity) not in PARITIES:
        raise PayloadError("day parity: neither even nor odd")
    return Claims(
        issuer,
        CLASSES[card_class],
        None if parity is None else PARITIES[_number(parity)],
        _quota(limits.get(QUOTA)),
    )


def _quota(quota: object) -> Quota | None:
    if quota is None:
        return None
    match quota:
        case [visits, days]:
            numbers = _number(visits), _number(days)
            if all(1 <= number <= MOST_OF_QUOTA for number in numbers):
                return Quota(*numbers)
    raise PayloadError(f"quota: not two numbers from 1 to {MOST_OF_QUOTA}")


def _number(value: object) -> int:
    """Return a whole number, or -1 for what is none: in Python a `true` is a number too."""
    return value if type(value) is int else -1
