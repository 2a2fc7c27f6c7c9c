"""What goes between a kiosk and the enrolment server: JSON over HTTPS, one request, one answer.

The kiosk knows the server by its certificate; the server knows the kiosk by a claim, or by a
signature with the key that it certified before. No client certificate is asked for in TLS, because
one that has expired would be refused there, and it must still be able to renew.
"""

import hashlib
from enum import StrEnum
from typing import Annotated, Literal

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from kiosk.door.event import TopicLevel

REDEEM, RENEW, ROOT, CRL = "/v1/redeem", "/v1/renew", "/v1/root", "/v1/crl"
MAX_REQUEST_BYTES = 16_384
MAX_ANSWER_BYTES = 65_536
_PROOF = b"door-kiosk renew 1\0"

_Pem = Annotated[str, StringConstraints(min_length=1, max_length=6000)]


class Refusal(StrEnum):
    """Why the server gives no certificate."""

    REQUEST = "request"
    """What was sent is no request of ours."""
    CLAIM = "claim"
    """No such claim, or a later one has taken its place."""
    EXPIRED = "expired"
    """The claim came too late."""
    REDEEMED = "redeemed"
    """The claim was redeemed, with another key."""
    ELSEWHERE = "elsewhere"
    """The claim is for another door than the settings say."""
    UNKNOWN = "unknown"
    """The certificate is none of this fleet, or too old."""
    REVOKED = "revoked"
    """The certificate was revoked."""
    FORKED = "forked"
    """Somebody else renewed the same certificate: two devices have one key."""
    EARLY = "early"
    """The certificate is good for long yet."""
    BUSY = "busy"
    """Too many requests; later."""


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Redeem(_Wire):
    """Asks for a first certificate."""

    version: Literal[1] = 1
    claim: str = Field(max_length=64, repr=False)
    request: _Pem = Field(description="The signing request (PKCS #10, PEM); its subject is empty.")
    site: TopicLevel | None = Field(default=None, description="Where the settings say we are.")
    device: TopicLevel | None = None


class Renew(_Wire):
    """Asks for the next certificate, for a new key; signed with the present one."""

    version: Literal[1] = 1
    certificate: _Pem = Field(description="The present one, expired or not (PEM).")
    request: _Pem
    proof: str = Field(
        pattern=r"^([0-9a-f]{2}){8,128}$",
        description="ECDSA with SHA-256 over `proof_bytes`, DER in hex.",
    )


class Enrolled(_Wire):
    """A certificate: the kiosk's own, then those up to the root's, and the root (PEM)."""

    version: Literal[1] = 1
    site: TopicLevel
    device: TopicLevel
    certificate: str = Field(max_length=MAX_ANSWER_BYTES)
    root: _Pem


class Refused(_Wire):
    """No certificate."""

    version: Literal[1] = 1
    refused: Refusal
    message: str = Field(max_length=300)


def proof_bytes(certificate: x509.Certificate, request: x509.CertificateSigningRequest) -> bytes:
    """Return what is signed to renew: which certificate goes on, and with which key.

    Said again by somebody else, it gets the same certificate once more, of no use without the key.
    """
    parts = certificate.public_bytes(Encoding.DER), request.public_bytes(Encoding.DER)
    return _PROOF + b"".join(hashlib.sha256(part).digest() for part in parts)
