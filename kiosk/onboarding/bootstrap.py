"""The kiosk's bootstrap key: made here, so that a Wi-Fi password can be sealed to this kiosk alone.

It opens nothing but the password in an onboarding code for this kiosk. The private part never
leaves; the public part is printed with a check of its own, because people copy it into a table.
"""

import base64
import binascii
import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from kiosk.durable import make_durable
from kiosk.errors import OnboardingError

_KEY_BYTES = 32
_CHECK_BYTES = 3
"""With the key they are 280 bits: 56 letters, and no fill."""
_CHECK = b"door-kiosk bootstrap key 1\0"
_LETTERS = 56
_GROUP = 7
_LARGEST_BYTES = 4096
_READ_AS = str.maketrans({"0": "O", "1": "I", "8": "B", "-": None, " ": None})
"""Digits that its letters do not have, and the letters they are taken for."""


def load_or_make(path: Path) -> X25519PrivateKey:
    """Return this kiosk's bootstrap key; made once, on the disk before anybody hears of it.

    Two that begin at the same time get the same key.

    Raises:
        OnboardingError: The file cannot be read or written, or holds something else.
    """
    try:
        raw = _read(path)
        if raw is None:
            _make(path)
            raw = _read(path)
    except OSError as error:
        raise OnboardingError(f"{path}: cannot be used: {error.strerror}") from error
    return _key_in(path, raw or b"")


def public_text(public: X25519PublicKey) -> str:
    """Return a public key as people copy it: eight groups of seven letters and digits.

    >>> public_text(X25519PublicKey.from_public_bytes(bytes(31) + b"!"))
    'AAAAAAA-AAAAAAA-AAAAAAA-AAAAAAA-AAAAAAA-AAAAAAA-AAAAAAA-AQ5DSNC'
    """
    raw = public.public_bytes_raw()
    letters = base64.b32encode(raw + _check_of(raw)).decode("ascii")
    return "-".join(letters[at : at + _GROUP] for at in range(0, _LETTERS, _GROUP))


def read_public(text: str) -> X25519PublicKey:
    """Return the public key that somebody copied, however the letters look.

    Raises:
        OnboardingError: It is none, or a letter of it is wrong.
    """
    letters = text.upper().translate(_READ_AS)
    try:
        raw = base64.b32decode(letters)
    except (binascii.Error, ValueError):
        raw = b""
    public, check = raw[:_KEY_BYTES], raw[_KEY_BYTES:]
    if len(letters) != _LETTERS or check != _check_of(public):
        raise OnboardingError(
            f"no bootstrap key: it has {_LETTERS} letters and digits, as `kiosk bootstrap-key`"
            " prints it"
        )
    return X25519PublicKey.from_public_bytes(public)


def _check_of(public: bytes) -> bytes:
    return hashlib.sha256(_CHECK + public).digest()[:_CHECK_BYTES]


def _read(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST_BYTES)
    except FileNotFoundError:
        return None


def _key_in(path: Path, raw: bytes) -> X25519PrivateKey:
    try:
        key = load_pem_private_key(raw, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, X25519PrivateKey):
        raise OnboardingError(
            f"{path}: holds no bootstrap key; remove it, and a new one is made: the operator must"
            " hear of it"
        )
    return key


def _make(path: Path) -> None:
    """Write a new key, for its owner only; a key that came meanwhile stays."""
    pem = X25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    # A name of its own: the command and the kiosk may begin at the same time.
    target, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    draft = Path(name)
    try:
        with os.fdopen(target, "wb") as out:
            _give(target, path.parent)
            out.write(pem)
            out.flush()
            os.fsync(target)
        # A link, not a rename: whoever came first has told its key already.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        draft.unlink(missing_ok=True)
    make_durable(path.parent)


def _give(target: int, folder: Path) -> None:
    """Let what root has made belong to whoever owns the folder: the kiosk reads it."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.chown(target, owner.st_uid, owner.st_gid)
