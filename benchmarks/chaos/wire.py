"""As much of MQTT v5 as a relay needs to tell packets apart and to change the broker's answers.

Source: MQTT Version 5.0, sections 2.1 (fixed header), 2.2.2.2 (properties), 3.2 (CONNACK),
3.3 (PUBLISH), 3.4 (PUBACK), 3.14 (DISCONNECT).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

CONNACK, PUBLISH, PUBACK, DISCONNECT = 2, 3, 4, 14
RECEIVE_MAXIMUM_EXCEEDED = 0x93

_RECEIVE_MAXIMUM = 0x21
_CONNACK_BYTES = {
    **dict.fromkeys((0x24, 0x25, 0x28, 0x29, 0x2A), 1),
    **dict.fromkeys((0x13, _RECEIVE_MAXIMUM, 0x22), 2),
    **dict.fromkeys((0x11, 0x27), 4),
}
"""Properties of a CONNACK that have a fixed length; the others begin with theirs."""
_EVENT_ID = re.compile(rb'"id":"([0-9a-f]{16}:[0-9]+)"')
_LONGEST_LENGTH = 4


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet; `raw` is all of it as it came."""

    kind: int
    flags: int
    body: bytes = field(repr=False)
    raw: bytes = field(repr=False)

    @property
    def mid(self) -> bytes:
        """The packet identifier of a PUBLISH with QoS 1 or of a PUBACK, as two bytes."""
        at = 2 + int.from_bytes(self.body[:2], "big") if self.kind == PUBLISH else 0
        return self.body[at : at + 2]

    @property
    def wants_answer(self) -> bool:
        """Whether it is a PUBLISH that waits for a PUBACK."""
        return self.kind == PUBLISH and self.flags & 6 != 0

    @property
    def event_id(self) -> str | None:
        """The event that it publishes; None where it is something else."""
        if self.kind != PUBLISH:
            return None
        topic_end = 2 + int.from_bytes(self.body[:2], "big")
        if b"/event/" not in self.body[2:topic_end]:
            return None
        found = _EVENT_ID.search(self.body, topic_end)
        return found[1].decode() if found else None


class Framer:
    """Cuts a stream of bytes into packets."""

    def __init__(self) -> None:
        self._left = b""

    def packets(self, received: bytes) -> Iterator[Packet]:
        """Yield the packets that are whole now.

        >>> [packet.kind for packet in Framer().packets(puback(b"12", 0) + b"0")]
        [4]
        """
        self._left += received
        while (found := self._first()) is not None:
            yield found

    def _first(self) -> Packet | None:
        length, shift, at = 0, 0, 1
        while True:
            if at >= len(self._left) or at > _LONGEST_LENGTH:
                return None
            byte = self._left[at]
            length |= (byte & 0x7F) << shift
            shift += 7
            at += 1
            if byte < 0x80:
                break
        if len(self._left) < at + length:
            return None
        raw, self._left = self._left[: at + length], self._left[at + length :]
        return Packet(raw[0] >> 4, raw[0] & 15, raw[at:], raw)


def puback(mid: bytes, code: int) -> bytes:
    """Return a PUBACK with a reason code."""
    return bytes((PUBACK << 4, 3)) + mid + bytes((code,))


def disconnect(code: int) -> bytes:
    """Return a DISCONNECT with a reason code."""
    return bytes((DISCONNECT << 4, 1, code))


def with_receive_maximum(connack: Packet, receive_maximum: int) -> bytes:
    """Return a CONNACK that tells this Receive Maximum and is the same otherwise.

    >>> whole = bytes((0x20, 6, 0, 0, 3, 0x21, 0, 20))
    >>> with_receive_maximum(next(Framer().packets(whole)), 5).hex()
    '2006000003210005'
    """
    head, at, kept = connack.body[:2], 3, b""
    # A length below 128 is one byte, and a broker's properties are fewer.
    end = min(at + connack.body[2], len(connack.body)) if len(connack.body) > 2 else at
    while at < end:
        name = connack.body[at]
        length = _CONNACK_BYTES.get(name)
        if length is None:
            length = 2 + int.from_bytes(connack.body[at + 1 : at + 3], "big")
        if name != _RECEIVE_MAXIMUM:
            kept += connack.body[at : at + 1 + length]
        at += 1 + length
    kept += bytes((_RECEIVE_MAXIMUM,)) + receive_maximum.to_bytes(2, "big")
    rest = head + bytes((len(kept),)) + kept
    return bytes((CONNACK << 4, len(rest))) + rest
