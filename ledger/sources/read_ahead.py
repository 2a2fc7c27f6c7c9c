"""A client that reads from its socket what is there, and not byte by byte.

paho asks for a packet's first byte, then for its length, byte by byte, then for the rest. Each is a
call of the kernel, and before each the interpreter is given away to the thread that stores. And it
makes of each message an object with a dozen fields, of which an event needs three: so a run of
events is taken out of what was read ahead, and only what is anything else, or looks in any way
unusual, is left to paho.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode

if TYPE_CHECKING:
    from paho.mqtt.client import SocketLike

_AT_ONCE_BYTES = 64 * 1024
_AT_ONCE_PACKETS = 100
"""Of paho's own reading; then paho writes what waits to be written."""
_PUBLISH_QOS_1 = 0x32
_NOT_DUP = 0xF7
_MORE = 0x80
"""A length that does not end with this byte."""
_SHORTEST = 4


class Publish(NamedTuple):
    """A message with QoS 1 that is not a retained one."""

    topic: str
    payload: bytes
    mid: int

    def __repr__(self) -> str:
        """Say where it belongs, and nothing of what it holds."""
        return f"Publish({self.topic}, mid={self.mid})"


class ReadAhead:
    """A connected socket, plain or of TLS, from which small reads are served out of memory.

    paho asks `pending`, as with TLS, before it waits for the socket.
    """

    def __init__(self, connected: "SocketLike") -> None:
        self._socket = connected
        self._held = b""
        self._at = 0
        self.send = connected.send
        self.close = connected.close
        self.fileno = connected.fileno
        self.setblocking = connected.setblocking

    def recv(self, size: int) -> bytes:
        """Return at least one byte and at most `size`; nothing where the other side has ended.

        Raises:
            OSError: As the socket's own; BlockingIOError where there is nothing yet.
        """
        if self._at >= len(self._held):
            self._held, self._at = self._socket.recv(_AT_ONCE_BYTES), 0
        found = self._held[self._at : self._at + size]
        self._at += len(found)
        return found

    def pending(self) -> int:
        """Return how many bytes can be had without asking the kernel."""
        below = getattr(self._socket, "pending", None)
        return len(self._held) - self._at + (below() if below else 0)

    def publishes(self, infix: bytes) -> list[Publish]:
        """Take out the messages at the front whose topic holds `infix`; asked between two packets.

        Stops before anything that is not plainly one of them, and before the last packet: that one
        is paho's, which so keeps its account of when it last heard something. Source: MQTT 5.0,
        section 3.3.
        """
        held, at, end = self._held, self._at, len(self._held)
        found = []
        while end - at > _SHORTEST and held[at] & _NOT_DUP == _PUBLISH_QOS_1:
            length, start = held[at + 1], at + 2
            if length & _MORE:
                length, start = (length ^ _MORE) | held[start] << 7, start + 1
            until = start + length
            # Two bytes of a length are 16 KiB. More, or not all here: not ours.
            if length >> 14 or until >= end:
                break
            message = _publish(held, start, until, infix)
            if message is None:
                break
            found.append(message)
            at = until
        self._at = at
        return found


def _publish(held: bytes, start: int, until: int, infix: bytes) -> Publish | None:
    """Return the message between two places, or nothing where paho is to look at it."""
    after = start + 2 + (held[start] << 8 | held[start + 1])
    # The topic, two bytes of the packet's number, one of the length of the properties.
    if after + 3 > until:
        return None
    properties = held[after + 2]
    body = after + 3 + properties
    topic = held[start + 2 : after]
    if properties & _MORE or body > until or infix not in topic:
        return None
    mid = held[after] << 8 | held[after + 1]
    try:
        return Publish(topic.decode(), held[body:until], mid) if mid else None
    except UnicodeDecodeError:
        return None


class Client(paho.Client):
    """paho's client on such a socket. paho has no public way to give it one.

    `on_run` hears of runs of messages whose topic holds `infix`, on paho's thread; all others come
    to `on_message` as ever, and so do some of these.
    """

    on_run: Callable[[Sequence[Publish]], None] | None = None
    infix = b""

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Take one packet, and what of the next ones is here already, without waiting for it."""
        for _ in range(_AT_ONCE_PACKETS):
            connected = self.socket()
            if self.on_run and isinstance(connected, ReadAhead) and not self._in_packet["command"]:
                run = connected.publishes(self.infix)
                if run:
                    self.on_run(run)
            code = super().loop_read(max_packets)
            connected = self.socket()
            if code or not isinstance(connected, ReadAhead) or not connected.pending():
                break
        return code

    def _create_socket(self) -> "SocketLike":
        return ReadAhead(super()._create_socket())
