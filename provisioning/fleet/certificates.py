"""What the operator signs: issuing keys, certificates of kiosks, services and servers, revocations.

P-256 and SHA-256 throughout. A certificate for a kiosk or a service proves who a client is and
never who a server is: with a stolen one nobody can play the broker.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from provisioning.errors import ProvisioningError

ROOT_DAYS, ISSUING_DAYS, SERVER_DAYS = 20 * 365, 5 * 365, 397
BEGUN_S = 3600
"""A certificate is good from an hour before it was made: clocks differ."""
LONGEST_NAME = 64
"""Characters of a common name (RFC 5280)."""

Public = ec.EllipticCurvePublicKey
Private = ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Signer:
    """A key that signs certificates, with its own; `number` counts issuing keys from 1."""

    key: Private = field(repr=False)
    certificate: x509.Certificate
    number: int = 0


def new_key() -> Private:
    """Return a new key."""
    return ec.generate_private_key(ec.SECP256R1())


def make_root(name: str, now_s: int) -> Signer:
    """Return a new root."""
    key = new_key()
    named = _named(f"{name} root")
    builder = _begun(named, named, key.public_key(), now_s, ROOT_DAYS)
    return Signer(key, _signing(builder, 1).sign(key, SHA256()))


def make_issuing(root: Signer, name: str, number: int, now_s: int) -> Signer:
    """Return the issuing key of this number, signed by the root."""
    key = new_key()
    subject, above = _named(f"{name} issuing {number}"), root.certificate.subject
    builder = _begun(subject, above, key.public_key(), now_s, ISSUING_DAYS)
    builder = _below(_signing(builder, 0), root)
    return Signer(key, builder.sign(root.key, SHA256()), number)


def client(signer: Signer, public: Public, name: str, now_s: int, days: int) -> x509.Certificate:
    """Return the certificate of a kiosk (`{site}/{device}`) or of a service."""
    builder = _leaf(signer, public, name, now_s, days)
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    return builder.add_extension(usage, critical=False).sign(signer.key, SHA256())


def server(signer: Signer, public: Public, names: Sequence[str], now_s: int) -> x509.Certificate:
    """Return the certificate of a server that is reached by these names or addresses.

    It begins with the key that signs it: a kiosk whose clock is weeks behind believes it too.
    """
    begins = signer.certificate.not_valid_before_utc
    builder = _leaf(signer, public, names[0][:LONGEST_NAME], now_s, SERVER_DAYS, begins)
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    others = x509.SubjectAlternativeName([_alternative(name) for name in names])
    builder = builder.add_extension(usage, critical=False).add_extension(others, critical=False)
    return builder.sign(signer.key, SHA256())


def revocations(
    signer: Signer, revoked: Iterable[tuple[int, int]], number: int, now_s: int
) -> x509.CertificateRevocationList:
    """Return the list of these revoked certificates (serial, when in Unix seconds).

    It is good until the issuing key ends: an old list on a broker is refused by nobody, while one
    that has run out would turn every kiosk away.
    """
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(signer.certificate.subject)
        .last_update(_moment(now_s - BEGUN_S))
        .next_update(signer.certificate.not_valid_after_utc)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(_above(signer), critical=False)
    )
    for serial, at_s in revoked:
        entry = x509.RevokedCertificateBuilder(serial, _moment(at_s))
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(signer.key, SHA256())


def _leaf(
    signer: Signer,
    public: Public,
    name: str,
    now_s: int,
    days: int,
    begins: datetime | None = None,
) -> x509.CertificateBuilder:
    above = signer.certificate
    left = above.not_valid_after_utc - _moment(now_s)
    if left <= timedelta(0):
        raise ProvisioningError("the issuing key has ended: make a new one with `ca issuing`")
    # Nothing outlives the key that signed it.
    days = min(left.days, days)
    builder = _begun(_named(name), above.subject, public, now_s, days, begins)
    builder = builder.add_extension(
        x509.BasicConstraints(ca=False, path_length=None), critical=True
    )
    return _below(builder.add_extension(_usage(signs=False), critical=True), signer)


def _begun(
    subject: x509.Name,
    issuer: x509.Name,
    public: Public,
    now_s: int,
    days: int,
    begins: datetime | None = None,
) -> x509.CertificateBuilder:
    identifier = x509.SubjectKeyIdentifier.from_public_key(public)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins or _moment(now_s - BEGUN_S))
        .not_valid_after(_moment(now_s) + timedelta(days=days))
        .add_extension(identifier, critical=False)
    )


def _signing(builder: x509.CertificateBuilder, below: int) -> x509.CertificateBuilder:
    limits = x509.BasicConstraints(ca=True, path_length=below)
    return builder.add_extension(limits, critical=True).add_extension(
        _usage(signs=True), critical=True
    )


def _below(builder: x509.CertificateBuilder, signer: Signer) -> x509.CertificateBuilder:
    return builder.add_extension(_above(signer), critical=False)


def _above(signer: Signer) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key())


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass
    try:
        return x509.DNSName(name)
    except ValueError:
        raise ProvisioningError(f"{name!r} is neither a host's name nor its address") from None


def _moment(unix_s: int) -> datetime:
    return datetime.fromtimestamp(unix_s, UTC)
