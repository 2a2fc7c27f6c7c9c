"""A client that reads from its socket what is there, and not byte by byte.

paho asks for a packet's first byte, then for its length, byte by byte, then for the rest. Each is a
call of the kernel, and before each the interpreter is given away to the thread that stores.
"""

from typing import TYPE_CHECKING

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode

if TYPE_CHECKING:
    from paho.mqtt.client import SocketLike

_AT_ONCE_BYTES = 64 * 1024
_AT_ONCE_PACKETS = 100
"""Then paho writes what waits to be written."""


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


class Client(paho.Client):
    """paho's client on such a socket. paho has no public way to give it one."""

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Take one packet, and what of the next ones is here already, without waiting for it."""
        for _ in range(_AT_ONCE_PACKETS):
            code = super().loop_read(max_packets)
            connected = self.socket()
            if code or not isinstance(connected, ReadAhead) or not connected.pending():
                break
        return code

    def _create_socket(self) -> "SocketLike":
        return ReadAhead(super()._create_socket())
