"""The key with which an operator signs: lists for all kiosks, or commands to one."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kiosk.lists.signed import kid_of
from provisioning import key_file
from provisioning.errors import ProvisioningError
from provisioning.passphrase import passphrase


def make(path: Path, passphrase_file: Path | None) -> tuple[Path, str]:
    """Make a new key, and beside it the public one; return that file, and what the key is called.

    Raises:
        ProvisioningError: One of them is there already, or cannot be written.
    """
    public_path = path.with_name(f"{path.name}.pub")
    if public_path.exists():
        raise ProvisioningError(f"{public_path}: is there already; nothing was made")
    key = Ed25519PrivateKey.generate()
    key_file.write(path, key, passphrase(passphrase_file, str(path), new=True))
    public = key.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    try:
        public_path.write_bytes(pem)
    except OSError as error:
        raise ProvisioningError(f"{public_path}: {error.strerror}") from None
    return public_path, kid_of(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).hex()


def opened(path: Path, passphrase_file: Path | None) -> Ed25519PrivateKey:
    """Return the key in a file.

    Raises:
        ProvisioningError: It cannot be read, or the passphrase is wrong.
    """
    return key_file.read(path, passphrase(passphrase_file, str(path)))
