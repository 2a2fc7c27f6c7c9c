"""What stands in a card's QR code: the claims as a CWT, signed by the ward, as base45 text.

The numbers of the claims are those of `kiosk.payloads.card`, which reads the cards back. A name
cannot get in here: a card does not have one.
"""

import hashlib
from dataclasses import dataclass, field

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.door.credential import CardClass, DayParity, Quota
from kiosk.payloads import card as layout
from kiosk.payloads.parts import base45, cose
from kiosk.payloads.parts.trust import Algorithm

KID_BYTES = 4
_CLASS_NUMBERS = {card_class: number for number, card_class in layout.CLASSES.items()}
_PARITY_NUMBERS = {parity: number for number, parity in layout.PARITIES.items()}
_ALGORITHM, _KID = 1, 4
"""The two numbers of COSE's header that a card has."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What the ward allows with a card: from when until when (UTC, Unix seconds), and the rest."""

    from_s: int
    until_s: int
    card_class: CardClass = CardClass.RESIDENT
    parity: DayParity | None = None
    quota: Quota | None = None


@dataclass(frozen=True, slots=True)
class Issuer:
    """The ward that signs: its name in every card, and its key."""

    name: str
    private: Ed25519PrivateKey = field(repr=False)

    @property
    def public(self) -> bytes:
        """The 32 bytes of the public key."""
        return self.private.public_key().public_bytes_raw()

    @property
    def kid(self) -> bytes:
        """What a card calls the key: the beginning of the public key's digest."""
        return kid_of(self.public)


def kid_of(public: bytes) -> bytes:
    """Return the name of a public key.

    >>> kid_of(bytes(32)).hex()
    '66687aad'
    """
    return hashlib.sha256(public).digest()[:KID_BYTES]


def text_of(card_id: bytes, terms: Terms, issuer: Issuer) -> str:
    """Return the text of a card's QR code; the same card is the same text, whenever it is printed.

    >>> ward = Issuer("vn-00070", Ed25519PrivateKey.from_private_bytes(bytes(32)))
    >>> text_of(bytes(8), Terms(1_790_000_000, 1_800_000_000), ward)[:12]
    'DK1:RRQ+D9P6'
    """
    header = cbor2.dumps({_ALGORITHM: int(Algorithm.EDDSA), _KID: issuer.kid})
    payload = cbor2.dumps(_claims(card_id, terms, issuer.name))
    signed = cose.Envelope(Algorithm.EDDSA, issuer.kid, header, payload, b"").signed
    parts = [header, {}, payload, issuer.private.sign(signed)]
    envelope = cbor2.dumps(cbor2.CBORTag(cose.COSE_SIGN1, parts))
    return (layout.PREFIX + base45.encode(envelope)).decode("ascii")


def _claims(card_id: bytes, terms: Terms, issuer: str) -> dict[int, object]:
    limits: dict[int, object] = {layout.CLASS: _CLASS_NUMBERS[terms.card_class]}
    if terms.parity is not None:
        limits[layout.PARITY] = _PARITY_NUMBERS[terms.parity]
    if terms.quota is not None:
        limits[layout.QUOTA] = [terms.quota.visits, terms.quota.days]
    return {
        layout.ISSUER: issuer,
        layout.EXPIRES: terms.until_s,
        layout.NOT_BEFORE: terms.from_s,
        layout.CARD_ID: card_id,
        layout.LIMITS: limits,
    }
