"""The layout of a sealed identity: what a kiosk and the tracing authority agree on, to the byte.

Pure, and without cryptography: a kiosk seals by it (`kiosk.identity.sealing`) and the authority
opens by it (`ledger.authority`), so that neither holds a copy of the other's half. A version that
was released never changes.

As text: for each recipient `1.{key id}.{box}`, separated by commas, the tracing authority first.
The box is what HPKE makes of the identity (base64url without `=`).
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

VERSION = 1
PLAIN_BYTES = 128
"""Every identity is padded to this, so that its length tells nothing about it."""
KEY_ID_BYTES = 4
"""Enough to choose among the few keys of a country; it proves nothing."""
MOST_RECIPIENTS = 2
_PURPOSE = b"doorkiosk sealed identity"
_UNIX = datetime(1970, 1, 1, tzinfo=UTC)
_BOX = re.compile(r"1\.([0-9a-f]{8})\.([0-9A-Za-z_-]{1,1024})")


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose card it was, and no more: the format's name and the id that the handle rests on."""

    kind: str
    subject_id: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Box:
    """An identity, closed for whoever has the key that `key_id` names."""

    key_id: str
    closed: bytes


@dataclass(frozen=True, slots=True)
class Occasion:
    """The event that an identity belongs to; a box opens with this one only.

    `source`: `kiosk/v1/{site}/{device}`; the rest is the event's reading of the clock.
    """

    source: str
    utc_us: int
    boot: str
    mono_ns: int


def key_id_of(public: bytes) -> str:
    """Return the short name of a public key (32 raw bytes).

    >>> key_id_of(bytes(32))
    '66687aad'
    """
    return hashlib.sha256(public).digest()[:KEY_ID_BYTES].hex()


def unix_us(moment: datetime) -> int:
    """Return Unix microseconds, exactly.

    >>> unix_us(datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC))
    1000005
    """
    return (moment - _UNIX) // timedelta(microseconds=1)


def info_of(occasion: Occasion) -> bytes:
    """Return what a box is bound to: version, site, device, time. Not secret."""
    parts = (occasion.source, str(occasion.utc_us), occasion.boot, str(occasion.mono_ns))
    # No part holds a zero: the wire refuses such a name, so two occasions cannot look alike.
    return b"\0".join([_PURPOSE, str(VERSION).encode(), *(part.encode() for part in parts)])


def packed(identity: Identity) -> bytes:
    """Return an identity as `PLAIN_BYTES` bytes: each text after its length, then zeros.

    Raises:
        ValueError: It is longer than any format's.

    >>> identity = Identity("card", "0123456789abcdef")
    >>> len(packed(identity)), unpacked(packed(identity)) == identity
    (128, True)
    """
    texts = [text.encode() for text in (identity.kind, identity.subject_id)]
    plain = b"".join(bytes([len(text)]) + text for text in texts)
    if len(plain) > PLAIN_BYTES:
        raise ValueError(f"an identity of more than {PLAIN_BYTES} bytes")
    return plain.ljust(PLAIN_BYTES, b"\0")


def unpacked(plain: bytes) -> Identity:
    """Return the identity in opened bytes.

    Raises:
        ValueError: They are none.
    """
    if len(plain) != PLAIN_BYTES:
        raise ValueError("no identity: another length")
    end = 1 + plain[0]
    kind, rest = plain[1:end], plain[end:]
    subject = rest[1 : 1 + rest[0]] if rest else b""
    identity = Identity(kind.decode(), subject.decode())
    if packed(identity) != plain:
        raise ValueError("no identity: not laid out as one")
    return identity


def as_text(boxes: Sequence[Box]) -> str:
    """Return what stands in `sealed`.

    >>> as_text([Box("0a1b2c3d", b"closed")])
    '1.0a1b2c3d.Y2xvc2Vk'
    """
    return ",".join(
        f"{VERSION}.{box.key_id}.{base64.urlsafe_b64encode(box.closed).decode().rstrip('=')}"
        for box in boxes
    )


def boxes_in(text: str) -> tuple[Box, ...]:
    """Return the boxes in `sealed`.

    Raises:
        ValueError: It is laid out otherwise, or by a later version.

    >>> boxes_in("1.0a1b2c3d.Y2xvc2Vk")
    (Box(key_id='0a1b2c3d', closed=b'closed'),)
    """
    found = []
    for part in text.split(",", MOST_RECIPIENTS):
        match = _BOX.fullmatch(part)
        if match is None:
            raise ValueError("no sealed identity that is known here")
        try:
            closed = base64.urlsafe_b64decode(match[2] + "=" * (-len(match[2]) % 4))
        except binascii.Error:
            raise ValueError("no sealed identity: not base64url") from None
        found.append(Box(match[1], closed))
    return tuple(found)
