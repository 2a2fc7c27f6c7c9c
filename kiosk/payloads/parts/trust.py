"""Whose signatures count here, and what is said of a card whose signature does not.

This file imports no cryptography: the eye imports the package of the formats, and must stay without
keys. Where the keys come from is not known here either; whoever keeps the list fills a `Context`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from kiosk.door.credential import Defect, Validity
from kiosk.errors import PayloadError


class Algorithm(IntEnum):
    """How an issuer signs, by the number that COSE gives it (RFC 9053, RFC 8230)."""

    EDDSA = -8
    """Ed25519 (RFC 8032)."""
    ES256 = -7
    """ECDSA on P-256 with SHA-256."""
    PS256 = -37
    """RSASSA-PSS with SHA-256 and a salt of 32 bytes: what Vietnam's vaccine certificates use."""


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """One issuer's public key, and what it may sign.

    `public` is 32 raw bytes for EdDSA, and a DER SubjectPublicKeyInfo for the others. `kinds` are
    formats by file name: a key for vaccine certificates signs no card. A credential is valid no
    longer than its key, so a key replaced must overlap the new one by a card's life.
    """

    kid: bytes
    algorithm: Algorithm
    public: bytes = field(repr=False)
    issuer: str
    kinds: frozenset[str]
    validity: Validity = field(default_factory=Validity)


@dataclass(frozen=True, slots=True)
class Context:
    """What a parser may know besides the bytes: the issuers that are trusted, and no clock."""

    keys: Mapping[tuple[str, bytes], tuple[IssuerKey, ...]] = field(
        default_factory=dict, repr=False
    )

    def signers(self, kind: str, kid: bytes) -> tuple[IssuerKey, ...]:
        """Return every key that is called `kid` and may sign `kind`; a short name is not unique."""
        return self.keys.get((kind, kid), ())


NOBODY = Context()
"""Trusts no issuer: every signed card is refused, every other card is read."""


def trusting(keys: Iterable[IssuerKey]) -> Context:
    """Return the context in which these keys count.

    >>> key = IssuerKey(b"ward", Algorithm.EDDSA, bytes(32), "vn-00070", frozenset({"card"}))
    >>> trusting([key]).signers("card", b"ward") == (key,)
    True
    >>> trusting([key]).signers("certificate", b"ward")
    ()
    """
    found: dict[tuple[str, bytes], tuple[IssuerKey, ...]] = {}
    for key in keys:
        for kind in key.kinds:
            found[kind, key.kid] = (*found.get((kind, key.kid), ()), key)
    return Context(found)


class NotGenuine(PayloadError):  # noqa: N818 - names a state of the world, as the taxonomy does
    """A signed card that no trusted issuer made as it is now; `defect` says which of the two."""

    def __init__(self, defect: Defect, told: str) -> None:
        super().__init__(told)
        self.defect = defect
