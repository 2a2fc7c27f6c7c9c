"""Signed envelopes: COSE_Sign1, taken apart and verified against the keys that are trusted here.

An envelope that cannot be taken apart is malformed. One that can is judged by its signature before
anything in it is believed: no trusted key of that name is another refusal than a signature that
does not fit. Times are not judged here.

Source: COSE_Sign1 and its Sig_structure are those of RFC 9052, section 4; algorithms are those of
RFC 9053 (EdDSA, ES256) and RFC 8230 (PS256).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import cbor2
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from kiosk.door.credential import Defect
from kiosk.errors import PayloadError
from kiosk.payloads.parts import cbor
from kiosk.payloads.parts.trust import Algorithm, Context, IssuerKey, NotGenuine

COSE_SIGN1 = 18
"""The CBOR tag of a COSE_Sign1."""
_ALGORITHM, _CRITICAL, _KID = 1, 2, 4
_CURVE_BYTES = 32
_RSA_BITS = (2048, 4096)

PublicKey = Ed25519PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey


@dataclass(frozen=True, slots=True, repr=False)
class Envelope:
    """A COSE_Sign1 taken apart; nothing in it is proven yet."""

    algorithm: Algorithm
    kid: bytes
    protected: bytes
    payload: bytes
    signature: bytes

    @property
    def signed(self) -> bytes:
        """The bytes that the issuer signed."""
        return cbor2.dumps(["Signature1", self.protected, b"", self.payload])


def envelope(raw: bytes, algorithms: frozenset[Algorithm]) -> Envelope:
    """Return the tagged COSE_Sign1 that `raw` is, signed by one of `algorithms`.

    The key's name may stand in either header, the algorithm only where it is signed.

    Raises:
        PayloadError: It is none.
    """
    match cbor.loads(raw, tag=COSE_SIGN1):
        case [bytes(protected), dict(unprotected), bytes(payload), bytes(signature)]:
            pass
        case _:
            raise PayloadError("envelope: not the four parts of a signed message")
    header = cbor.loads(protected)
    if not isinstance(header, dict):
        raise PayloadError("header: not a map")
    if _CRITICAL in header or _CRITICAL in unprotected:
        raise PayloadError("header: asks for what is not known here")
    algorithm = header.get(_ALGORITHM)
    if type(algorithm) is not int or algorithm not in algorithms:
        raise PayloadError("header: another algorithm than this format has")
    kid = header.get(_KID, unprotected.get(_KID))
    if not isinstance(kid, bytes):
        raise PayloadError("header: no name of a key")
    return Envelope(Algorithm(algorithm), kid, protected, payload, signature)


def signer(found: Envelope, kind: str, context: Context) -> IssuerKey:
    """Return the trusted key that signed the envelope; every key of its name is tried.

    Raises:
        NotGenuine: No trusted key has that name, or none of those made the signature.
    """
    named = context.signers(kind, found.kid)
    if not named:
        raise NotGenuine(Defect.UNTRUSTED_ISSUER, "issuer: not one that is trusted here")
    for key in named:
        if key.algorithm is found.algorithm and verifies(key, found.signature, found.signed):
            return key
    raise NotGenuine(Defect.FORGED, "signature: does not match")


def verifies(key: IssuerKey, signature: bytes, message: bytes) -> bool:
    """Tell whether the holder of `key` signed `message`; false for a key of no use."""
    public = public_key(key.algorithm, key.public)
    try:
        match public:
            case Ed25519PublicKey():
                public.verify(signature, message)
            case ec.EllipticCurvePublicKey():
                if len(signature) != 2 * _CURVE_BYTES:
                    return False
                r, s = (int.from_bytes(half, "big") for half in _halves(signature))
                public.verify(encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))
            case rsa.RSAPublicKey():
                pss = padding.PSS(padding.MGF1(SHA256()), SHA256.digest_size)
                public.verify(signature, message, pss, SHA256())
            case None:
                return False
    except InvalidSignature:
        return False
    return True


def _halves(signature: bytes) -> tuple[bytes, bytes]:
    return signature[:_CURVE_BYTES], signature[_CURVE_BYTES:]


@lru_cache(maxsize=64)
def public_key(algorithm: Algorithm, public: bytes) -> PublicKey | None:
    """Return the key, or None where the bytes are no key of that algorithm.

    Whoever takes a key into a list asks this first.
    """
    try:
        if algorithm is Algorithm.EDDSA:
            return Ed25519PublicKey.from_public_bytes(public)
        loaded = load_der_public_key(public)
    except (ValueError, UnsupportedAlgorithm):
        return None
    low, high = _RSA_BITS
    match loaded:
        case ec.EllipticCurvePublicKey(curve=ec.SECP256R1()) if algorithm is Algorithm.ES256:
            return loaded
        case rsa.RSAPublicKey() if algorithm is Algorithm.PS256 and low <= loaded.key_size <= high:
            return loaded
    return None


def text_of(claims: Mapping[object, object], key: int, what: str) -> str:
    """Return a claim that is printable ASCII text.

    Raises:
        PayloadError: It is missing or something else.
    """
    text = claims.get(key)
    if not isinstance(text, str) or not text or not (text.isascii() and text.isprintable()):
        raise PayloadError(f"{what}: no text")
    return text


def time_of(claims: Mapping[object, object], key: int, what: str) -> int:
    """Return a claim that is a time: UTC in whole Unix seconds.

    Raises:
        PayloadError: It is missing or something else.
    """
    time_s = claims.get(key)
    if type(time_s) is not int or not 0 <= time_s < 1 << 40:
        raise PayloadError(f"{what}: no time")
    return time_s
