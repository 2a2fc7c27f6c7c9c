"""Issuers that nobody trusts outside these tests, and what they sign: cards and certificates.

What is built here is built without the product's own code where that is what is under test: the
structures by cbor2, the signatures by cryptography. Nobody in it exists.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kiosk.door.credential import Validity
from kiosk.payloads.parts import base45
from kiosk.payloads.parts.trust import Algorithm, Context, IssuerKey, trusting

Private = Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
CARD_ID = bytes.fromhex("0123456789abcdef")
FROM_S, UNTIL_S = 1_790_000_000, 1_800_000_000
LIMITS: dict[Any, Any] = {1: 1, 2: 1, 3: [5, 15]}
CARD: dict[Any, Any] = {1: "vn-00070", 4: UNTIL_S, 5: FROM_S, 7: CARD_ID, -65537: LIMITS}
"""Every claim that a card can have."""
VACCINATION = {
    "ci": "URN:UVCI:01:XX:099090000017#1",
    "co": "XX",
    "dn": 2,
    "dt": "2021-11-12",
    "is": "An Issuer of Tests",
    "ma": "ORG-100030215",
    "mp": "EU/1/20/1528",
    "sd": 2,
    "tg": "840539006",
    "vp": "1119349007",
}
PERSON = {"fn": "Nguyễn", "gn": "Văn An", "fnt": "NGUYEN", "gnt": "VAN<AN"}
HEALTH: dict[str, Any] = {"v": [VACCINATION], "dob": "1990-01-01", "nam": PERSON, "ver": "1.3.0"}


@dataclass(frozen=True)
class Issuer:
    """Somebody with a private key, and what it may sign."""

    name: str
    kid: bytes
    algorithm: Algorithm
    private: Private
    kind: str

    def key(self, validity: Validity | None = None) -> IssuerKey:
        """Return what a list of trusted issuers says of it."""
        public = self.private.public_key()
        if self.algorithm is Algorithm.EDDSA:
            raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        else:
            raw = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        kinds = frozenset({self.kind})
        return IssuerKey(self.kid, self.algorithm, raw, self.name, kinds, validity or Validity())

    def sign(self, message: bytes) -> bytes:
        """Return the signature as COSE has it."""
        match self.private:
            case Ed25519PrivateKey():
                return self.private.sign(message)
            case ec.EllipticCurvePrivateKey():
                r, s = decode_dss_signature(self.private.sign(message, ec.ECDSA(SHA256())))
                return r.to_bytes(32, "big") + s.to_bytes(32, "big")
            case rsa.RSAPrivateKey():
                pss = padding.PSS(padding.MGF1(SHA256()), 32)
                return self.private.sign(message, pss, SHA256())


def ward(name: str = "vn-00070", kid: bytes = b"k070", seed: int = 1) -> Issuer:
    """Return a ward that issues cards."""
    private = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
    return Issuer(name, kid, Algorithm.EDDSA, private, "card")


def union(kid: bytes = b"union--8", secret: int = 4711) -> Issuer:
    """Return a country that signs certificates with ES256."""
    private = ec.derive_private_key(secret, ec.SECP256R1())
    return Issuer("XX", kid, Algorithm.ES256, private, "certificate")


@cache
def nation() -> Issuer:
    """Return a country that signs certificates with PS256, as Vietnam does."""
    private = rsa.generate_private_key(65537, 2048)
    return Issuer("YY", b"nation-8", Algorithm.PS256, private, "certificate")


def trust(*issuers: Issuer) -> Context:
    """Return a context that trusts these issuers, without limit of time."""
    return trusting(issuer.key() for issuer in issuers)


def sign1(
    issuer: Issuer,
    payload: bytes,
    *,
    protected: Mapping[Any, Any] | bytes | None = None,
    unprotected: Mapping[Any, Any] | None = None,
) -> bytes:
    """Return a COSE_Sign1 of `payload`; headers are the usual ones where none are given."""
    if protected is None:
        protected = {1: int(issuer.algorithm), 4: issuer.kid}
    header = protected if isinstance(protected, bytes) else cbor2.dumps(dict(protected))
    signature = issuer.sign(cbor2.dumps(["Signature1", header, b"", payload]))
    parts = [header, dict(unprotected or {}), payload, signature]
    return cbor2.dumps(cbor2.CBORTag(18, parts))


def card_text(envelope: bytes) -> bytes:
    """Return what stands in a card's QR code."""
    return b"DK1:" + base45.encode(envelope)


def card(issuer: Issuer | None = None, **changed: Any) -> bytes:
    """Return a card with every claim set; `c4=None` leaves claim 4 out, `c4=1` replaces it."""
    claims = CARD | {int(name[1:]): value for name, value in changed.items() if name[0] == "c"}
    if "limits" in changed:
        claims[-65537] = changed["limits"]
    kept = {number: value for number, value in claims.items() if value is not None}
    return card_text(sign1(issuer or ward(), cbor2.dumps(kept)))


def certificate_claims(issuer: Issuer, **changed: Any) -> dict[Any, Any]:
    """Return a certificate's claims; `health` replaces the part about the vaccination."""
    claims: dict[Any, Any] = {1: issuer.name, 4: UNTIL_S, 6: FROM_S, -260: {1: HEALTH}}
    claims |= {int(name[1:]): value for name, value in changed.items() if name[0] == "c"}
    if "health" in changed:
        claims[-260] = changed["health"]
    return {number: value for number, value in claims.items() if value is not None}


def certificate_text(envelope: bytes) -> bytes:
    """Return what stands in a certificate's QR code."""
    return b"HC1:" + base45.encode(zlib.compress(envelope))


def certificate(issuer: Issuer, **changed: Any) -> bytes:
    """Return a vaccine certificate."""
    return certificate_text(sign1(issuer, cbor2.dumps(certificate_claims(issuer, **changed))))
