"""Seals whose card it was, so that the tracing authority alone can read it.

A kiosk has public keys only: what it sealed it cannot open. Each box is made with a key pair of its
own, used once, so two boxes of one person have nothing in common.

Source: HPKE, base mode, single shot: RFC 9180. Suite: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256,
ChaCha20Poly1305.
"""

from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from kiosk.door.credential import Credential
from kiosk.door.event import ClockReading
from kiosk.door.sealed import (
    Box,
    Identity,
    Occasion,
    as_text,
    info_of,
    key_id_of,
    packed,
    unix_us,
)

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


class Sealer:
    """Seals for one kiosk, to each of `recipients` (32 raw bytes); any thread.

    Raises:
        ValueError: A recipient is no X25519 key.
    """

    def __init__(self, source: str, recipients: Sequence[bytes]) -> None:
        self._source = source
        self._recipients = [
            (key_id_of(raw), X25519PublicKey.from_public_bytes(raw)) for raw in recipients
        ]
        # A key of low order would make every box open for everybody; this is where it is found.
        self.seal(Credential("none", ""), _NEVER)

    def seal(self, credential: Credential, clock: ClockReading) -> str:
        """Return what the event of this reading of the clock says in `sealed`."""
        plain = packed(Identity(credential.kind, credential.subject_id))
        info = info_of(
            Occasion(self._source, unix_us(clock.utc), clock.boot, clock.mono_ns),
        )
        return as_text(
            [
                Box(key_id, _SUITE.encrypt(plain, public, info))
                for key_id, public in self._recipients
            ]
        )


_NEVER = ClockReading.model_validate(
    {"utc": "1970-01-01T00:00:00Z", "trusted": False, "boot": "none", "mono_ns": 0}
)
