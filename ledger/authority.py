"""The tracing authority's half of a sealed identity: it alone can open one.

Its private key is an encrypted PEM file, made by `kiosk-provision keys authority` and best kept
away from the ledger. What a box holds is said to whoever asked, and to nobody and nothing else.

Source: HPKE, base mode, single shot: RFC 9180; the suite is that of version 1 of
`kiosk.door.sealed`.
"""

from pathlib import Path

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from kiosk.door.sealed import Identity, Occasion, boxes_in, info_of, key_id_of, unpacked
from ledger.errors import LedgerError, SettingsError

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
_FILE_BYTES = 64_000


class NotOpened(LedgerError):  # noqa: N818 - names a state of the world
    """A sealed identity does not open; the message says why and nothing of what it holds."""


class Authority:
    """Opens what was sealed to one key; any thread."""

    def __init__(self, private: X25519PrivateKey) -> None:
        self._private = private
        self.key_id = key_id_of(private.public_key().public_bytes_raw())

    def open(self, sealed: str | None, occasion: Occasion) -> Identity:
        """Return whose card it was; `occasion` is the event in which `sealed` stands.

        Raises:
            NotOpened: It is blank, sealed to another key, altered, or of another event.
        """
        if sealed is None:
            raise NotOpened("nothing was sealed, or it was erased")
        try:
            boxes = boxes_in(sealed)
        except ValueError as error:
            raise NotOpened(str(error)) from None
        for box in boxes:
            if box.key_id == self.key_id:
                return self._opened(box.closed, occasion)
        raise NotOpened(f"sealed to another key: {', '.join(box.key_id for box in boxes)}")

    def _opened(self, closed: bytes, occasion: Occasion) -> Identity:
        try:
            return unpacked(_SUITE.decrypt(closed, self._private, info_of(occasion)))
        except (InvalidTag, ValueError):
            raise NotOpened("altered, or taken from another event") from None


def authority(path: Path, passphrase: str) -> Authority:
    """Return what opens identities, from the private key in a file.

    Raises:
        SettingsError: There is no such file, it holds no such key, or the passphrase is wrong.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(_FILE_BYTES)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        key = load_pem_private_key(raw, passphrase.encode())
    except TypeError:
        raise SettingsError(
            f"{path}: is not encrypted; make keys with kiosk-provision keys authority"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise SettingsError(f"{path}: wrong passphrase, or no private key") from None
    if not isinstance(key, X25519PrivateKey):
        raise SettingsError(f"{path}: holds a key of another kind than X25519")
    return Authority(key)
