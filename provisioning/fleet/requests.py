"""What a device sends, looked at before anything is believed: requests, certificates, proofs."""

import hashlib
from typing import NoReturn

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kiosk.enrolment.keys import certificates_in
from kiosk.enrolment.wire import Refusal, proof_bytes
from kiosk.errors import EnrolmentError, EnrolmentRefused
from provisioning.fleet.certificates import Public


def refuse(refusal: Refusal, message: str) -> NoReturn:
    """Give no certificate.

    Raises:
        EnrolmentRefused: Always.
    """
    raise EnrolmentRefused(refusal, message)


def signing_request(pem: str) -> tuple[x509.CertificateSigningRequest, Public]:
    """Return a signing request and its key, whose owner has signed it.

    Raises:
        EnrolmentRefused: It is none, or for a key of another kind than P-256.
    """
    try:
        request = x509.load_pem_x509_csr(pem.encode())
        public = request.public_key()
        good = request.is_signature_valid
    except (ValueError, TypeError):
        refuse(Refusal.REQUEST, "this is no signing request")
    if (
        not good
        or not isinstance(public, ec.EllipticCurvePublicKey)
        or not isinstance(public.curve, ec.SECP256R1)
    ):
        refuse(Refusal.REQUEST, "this is no signing request of a P-256 key")
    return request, public


def certificate(pem: str) -> x509.Certificate:
    """Return the certificate that a device says it has.

    Raises:
        EnrolmentRefused: It is none.
    """
    try:
        return certificates_in(pem.encode())[0]
    except EnrolmentError:
        refuse(Refusal.REQUEST, "this is no certificate")


def check_proof(
    present: x509.Certificate, request: x509.CertificateSigningRequest, proof: str
) -> None:
    """Refuse who has not the key of the certificate that is to be followed.

    Raises:
        EnrolmentRefused: The proof was not made with it.
    """
    public = present.public_key()
    if not isinstance(public, ec.EllipticCurvePublicKey):
        refuse(Refusal.UNKNOWN, "this certificate is none of this fleet")
    try:
        public.verify(bytes.fromhex(proof), proof_bytes(present, request), ec.ECDSA(SHA256()))
    except InvalidSignature:
        refuse(Refusal.UNKNOWN, "the proof was not made with the key of this certificate")


def print_of(der: bytes) -> str:
    """Return by what the roll knows a certificate."""
    return hashlib.sha256(der).hexdigest()


def key_print_of(public: Public) -> str:
    """Return by what the roll knows a key."""
    return print_of(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
