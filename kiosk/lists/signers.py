"""The operator's public keys: whose lists this kiosk takes."""

from collections.abc import Iterable
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from kiosk.errors import SettingsError
from kiosk.lists.signed import LIST_KIND, signing
from kiosk.payloads.parts.trust import Context

_FILE_BYTES = 4096
_HEX_DIGITS = 64
_FIX = "it must hold an Ed25519 public key, PEM or 64 hex digits: kiosk-provision lists key"


def signers_in(paths: Iterable[Path], kind: str = LIST_KIND) -> Context:
    """Return the context in which these files' keys sign lists, or another `kind`.

    Raises:
        SettingsError: A file holds no such key.
    """
    return signing([public_in(path) for path in paths], kind)


def public_in(path: Path) -> bytes:
    """Return the 32 bytes of the public key in a file.

    Raises:
        SettingsError: There is no such file, or it holds something else. Nothing of it is told.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(_FILE_BYTES).strip()
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}; {_FIX}") from error
    if b"PRIVATE KEY" in raw:
        raise SettingsError(f"{path}: holds a private key, which must not be here; {_FIX}")
    try:
        if len(raw) == _HEX_DIGITS:
            return bytes.fromhex(raw.decode("ascii"))
        public = load_pem_public_key(raw)
    except (ValueError, UnsupportedAlgorithm):
        raise SettingsError(f"{path}: holds no public key; {_FIX}") from None
    if not isinstance(public, Ed25519PublicKey):
        raise SettingsError(f"{path}: holds a key of another kind; {_FIX}")
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw)
