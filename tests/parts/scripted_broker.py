"""A broker of a few lines that says exactly what a test wants: what mosquitto never would.

It speaks just enough MQTT v5 to be connected to: it answers CONNECT and PUBLISH with bytes that it
was given, one connection at a time, on a thread of its own.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

CONNECT, PUBLISH, DISCONNECT = 1, 3, 14

ACCEPTED = bytes((0x20, 3, 0, 0, 0))
"""CONNACK: success, no property."""

_PATIENCE_S = 20.0


def accepted(receive_maximum: int) -> bytes:
    """Return a CONNACK with a Receive Maximum."""
    return bytes((0x20, 6, 0, 0, 3, 0x21)) + receive_maximum.to_bytes(2, "big")


def puback(mid: bytes, code: int | None = None) -> bytes:
    """Return a PUBACK; without a code it is the short form, which means success."""
    rest = mid if code is None else mid + bytes((code,))
    return bytes((0x40, len(rest))) + rest


class ScriptedBroker:
    """Listens while `with` lasts. `greeting` answers CONNECT; `answer` turns an id into bytes.

    An answer of None closes the connection. `published` are the ids of what came, in order.
    """

    def __init__(
        self,
        greeting: bytes | None = ACCEPTED,
        answer: Callable[[bytes], bytes | None] = puback,
    ) -> None:
        self._greeting = greeting
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, name="scripted-broker", daemon=True)
        self._open: socket.socket | None = None
        self.port: int = self._listener.getsockname()[1]
        self.published: list[bytes] = []
        self.packets: list[int] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for end in (self._open, self._listener):
            if end is not None:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue
        self._thread.join(_PATIENCE_S)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self._open = connection
                try:
                    self._talk(connection)
                except OSError:
                    continue

    def _talk(self, connection: socket.socket) -> None:
        for kind, mid in _packets(connection):
            self.packets.append(kind)
            if kind == CONNECT:
                reply = self._greeting
            elif kind == PUBLISH:
                self.published.append(mid)
                reply = self._answer(mid)
            else:
                continue
            if reply is None:
                return
            connection.sendall(reply)


def _packets(connection: socket.socket) -> Iterator[tuple[int, bytes]]:
    """Give each packet's kind, and the message id where it is a PUBLISH."""
    with connection.makefile("rb") as stream:
        while first := stream.read(1):
            length = shift = 0
            while True:
                byte = stream.read(1)
                if not byte:
                    return
                length |= (byte[0] & 0x7F) << shift
                shift += 7
                if byte[0] < 0x80:
                    break
            body = stream.read(length)
            topic = int.from_bytes(body[:2], "big")
            yield first[0] >> 4, body[2 + topic : 4 + topic]
