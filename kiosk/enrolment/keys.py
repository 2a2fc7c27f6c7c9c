"""The kiosk's key for the broker, the requests made with it, and the certificates for it.

P-256, because brokers, their libraries and small processors all know it.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from kiosk.enrolment.wire import Enrolled, proof_bytes
from kiosk.errors import EnrolmentError

Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Held:
    """A key with its certificate; `chain` begins with the kiosk's own."""

    key: Key = field(repr=False)
    chain: tuple[x509.Certificate, ...]

    @property
    def name(self) -> str:
        """Who it is for: `{site}/{device}`."""
        return name_in(self.chain[0])

    @property
    def from_s(self) -> float:
        """When it began, UTC in Unix seconds."""
        return self.chain[0].not_valid_before_utc.timestamp()

    @property
    def until_s(self) -> float:
        """When it ends."""
        return self.chain[0].not_valid_after_utc.timestamp()

    def pem(self) -> bytes:
        """Return key and certificates as they stand in one file."""
        return key_pem(self.key) + b"".join(c.public_bytes(Encoding.PEM) for c in self.chain)


def new_key() -> Key:
    """Return a new key."""
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: Key) -> bytes:
    """Return a key as it stands in a file of the kiosk's own."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def request_for(key: Key) -> x509.CertificateSigningRequest:
    """Return a signing request. Its subject is empty: who we are, the other side knows."""
    return x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, SHA256())


def request_pem(request: x509.CertificateSigningRequest) -> str:
    """Return a request as it is sent."""
    return request.public_bytes(Encoding.PEM).decode()


def certificate_pem(certificate: x509.Certificate) -> str:
    """Return a certificate as it is sent."""
    return certificate.public_bytes(Encoding.PEM).decode()


def proof(held: Held, request: x509.CertificateSigningRequest) -> str:
    """Return the proof that the key of a certificate asks for the next one."""
    return held.key.sign(proof_bytes(held.chain[0], request), ec.ECDSA(SHA256())).hex()


def key_in(raw: bytes) -> Key:
    """Return the key in a file.

    Raises:
        EnrolmentError: It holds none, or one of another kind.
    """
    try:
        key = load_pem_private_key(raw, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise EnrolmentError("it holds no private key in PEM") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise EnrolmentError("it holds a key of another kind than P-256")
    return key


def held_in(raw: bytes) -> Held:
    """Return the key and its certificates in a file.

    Raises:
        EnrolmentError: There is no key, no certificate, or not the key's certificate.
    """
    key = key_in(raw)
    return Held(key, _fitting(key, certificates_in(raw)))


def held_of(key: Key, answer: Enrolled, roots: Sequence[x509.Certificate]) -> Held:
    """Return what the server answered, if it is the key's and leads to one of the roots.

    Raises:
        EnrolmentError: It is not: whoever answered, it was not our enrolment server.
    """
    chain = _fitting(key, certificates_in(answer.certificate.encode()))
    if name_in(chain[0]) != f"{answer.site}/{answer.device}":
        raise EnrolmentError("the certificate that came is for another door than the answer says")
    if not any(_leads([*chain, root]) for root in roots):
        raise EnrolmentError("the certificate that came does not lead to the root that we trust")
    return Held(key, chain)


def certificates_in(raw: bytes) -> tuple[x509.Certificate, ...]:
    """Return all certificates in a file, in their order.

    Raises:
        EnrolmentError: It holds none.
    """
    try:
        return tuple(x509.load_pem_x509_certificates(raw))
    except ValueError:
        raise EnrolmentError("it holds no certificate in PEM") from None


def name_in(certificate: x509.Certificate) -> str:
    """Return whose certificate it is: its common name, which is its user name at the broker."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def _leads(chain: Sequence[x509.Certificate]) -> bool:
    """Tell whether each is signed by the one after it, which may sign."""
    try:
        for each, above in itertools.pairwise(chain):
            each.verify_directly_issued_by(above)
            if not above.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
                return False
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return True


def _fitting(key: Key, chain: tuple[x509.Certificate, ...]) -> tuple[x509.Certificate, ...]:
    def raw(public: object) -> bytes:
        if not isinstance(public, ec.EllipticCurvePublicKey):
            return b""
        return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    if raw(chain[0].public_key()) != raw(key.public_key()):
        raise EnrolmentError("the certificate is not that of the key beside it")
    return chain
