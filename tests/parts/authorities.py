"""Tracing authorities that nobody trusts outside these tests, and what is sealed to them."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from kiosk.door.credential import Credential
from kiosk.door.event import CheckIn
from kiosk.identity.sealing import Sealer
from ledger.authority import Authority
from provisioning.key_file import encrypted

PASSPHRASE = "a long passphrase of tests"


@dataclass(frozen=True)
class Office:
    """An authority with its pair of keys."""

    private: X25519PrivateKey

    @property
    def public(self) -> bytes:
        """What kiosks have of it: 32 bytes."""
        return self.private.public_key().public_bytes_raw()

    @property
    def authority(self) -> Authority:
        """What opens."""
        return Authority(self.private)

    def file(self) -> bytes:
        """Return its private key as it is kept."""
        return encrypted(self.private, PASSPHRASE)

    def plain_file(self) -> bytes:
        """Return its private key as nobody should keep it."""
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def seal(self, said: CheckIn, credential: Credential, source: str) -> CheckIn:
        """Return the same check-in with the identity of `credential`."""
        sealed = Sealer(source, [self.public]).seal(credential, said.clock)
        return said.model_copy(update={"sealed": sealed})


def office(number: int = 1) -> Office:
    """Return the authority of this number."""
    return Office(X25519PrivateKey.from_private_bytes(bytes([number]) * 32))
