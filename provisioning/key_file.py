"""Private keys on disk: an encrypted PEM that only its owner may read, and that openssl opens too.

The file is worth what its passphrase is worth, so guessing one is made dear: scrypt, where the
library's own encryption would take two thousand rounds of a fast hash.

Source: PBES2 is RFC 8018, scrypt in it RFC 7914, the PEM label RFC 7468.
"""

import base64
import contextlib
import hashlib
import os
import secrets
import textwrap
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from provisioning.errors import ProvisioningError

SHORTEST_PASSPHRASE = 12
"""Characters."""
LONGEST_FILE_BYTES = 64_000
_COST, _BLOCK, _PARALLEL = 1 << 14, 8, 5
"""What OWASP asks of scrypt; openssl opens nothing that needs more memory than these 16 MB."""
_PBES2 = bytes.fromhex("06092a864886f70d01050d")
_SCRYPT = bytes.fromhex("06092b06010401da47040b")
_AES_256_CBC = bytes.fromhex("060960864801650304012a")

Random = Callable[[int], bytes]
Private = Ed25519PrivateKey | X25519PrivateKey | EllipticCurvePrivateKey


def write(path: Path, key: Private, passphrase: str, random: Random = secrets.token_bytes) -> None:
    """Write `key` to a new file, encrypted; all of it or nothing.

    Raises:
        ProvisioningError: The passphrase is too short, or the file is there or cannot be written.
    """
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise ProvisioningError(
            f"the passphrase is too short: take at least {SHORTEST_PASSPHRASE} characters"
        )
    try:
        write_new(path, encrypted(key, passphrase, random))
    except FileExistsError:
        raise ProvisioningError(f"{path}: is there already; a key is never overwritten") from None
    except OSError as error:
        raise ProvisioningError(f"{path}: cannot be written: {error.strerror}") from None


def write_new(path: Path, raw: bytes) -> None:
    """Write a file that must not be there yet, for its owner only, down to the disk.

    Raises:
        OSError: It could not be written; then there is none.
    """
    # Opened with its mode: between a write and a chmod anybody could read it.
    target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(target, "wb") as out:
            out.write(raw)
            out.flush()
            os.fsync(out.fileno())
    except BaseException:
        with contextlib.suppress(OSError):
            path.unlink()
        raise


def read(path: Path, passphrase: str) -> Ed25519PrivateKey:
    """Return the key in a file.

    Raises:
        ProvisioningError: There is no such file, it is no such key, or the passphrase is wrong.
    """
    key = _opened(path, passphrase)
    if not isinstance(key, Ed25519PrivateKey):
        raise ProvisioningError(f"{path}: holds a key of another kind than Ed25519")
    return key


def read_curve(path: Path, passphrase: str) -> EllipticCurvePrivateKey:
    """Return the key in a file with which certificates are signed.

    Raises:
        ProvisioningError: There is no such file, it is no such key, or the passphrase is wrong.
    """
    key = _opened(path, passphrase)
    if not isinstance(key, EllipticCurvePrivateKey):
        raise ProvisioningError(f"{path}: holds a key of another kind than P-256")
    return key


def _opened(path: Path, passphrase: str) -> object:
    try:
        with path.open("rb") as stream:
            raw = stream.read(LONGEST_FILE_BYTES)
    except OSError as error:
        raise ProvisioningError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        return load_pem_private_key(raw, passphrase.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # A wrong passphrase and a damaged file look alike: both decrypt to no key.
        raise ProvisioningError(f"{path}: wrong passphrase, or no key file of ours") from None


def encrypted(key: Private, passphrase: str, random: Random = secrets.token_bytes) -> bytes:
    """Return the PEM file of `key`.

    >>> pem = encrypted(Ed25519PrivateKey.generate(), "correct horse battery")
    >>> pem.splitlines()[0]
    b'-----BEGIN ENCRYPTED PRIVATE KEY-----'
    """
    plain = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    salt, start = random(16), random(16)
    secret = hashlib.scrypt(
        passphrase.encode(), salt=salt, n=_COST, r=_BLOCK, p=_PARALLEL, dklen=32
    )
    fill = 16 - len(plain) % 16
    cipher = Cipher(AES256(secret), CBC(start)).encryptor()
    closed = cipher.update(plain + bytes([fill]) * fill) + cipher.finalize()
    costs = b"".join(_der(0x02, _integer(cost)) for cost in (_COST, _BLOCK, _PARALLEL))
    kdf = _der(0x30, _SCRYPT + _der(0x30, _der(0x04, salt) + costs))
    scheme = _der(0x30, _AES_256_CBC + _der(0x04, start))
    how = _der(0x30, _PBES2 + _der(0x30, kdf + scheme))
    lines = textwrap.wrap(base64.b64encode(_der(0x30, how + _der(0x04, closed))).decode(), 64)
    label = "ENCRYPTED PRIVATE KEY"
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()


def _der(tag: int, content: bytes) -> bytes:
    """Return one DER item of up to 65,535 bytes."""
    length = len(content)
    if length < 0x80:
        head = bytes([length])
    elif length < 0x100:
        head = bytes([0x81, length])
    else:
        head = bytes([0x82]) + length.to_bytes(2, "big")
    return bytes([tag]) + head + content


def _integer(value: int) -> bytes:
    # One bit more than the number has: the first bit is the sign.
    return value.to_bytes(value.bit_length() // 8 + 1, "big")
