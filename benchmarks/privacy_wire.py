"""The wire between kiosks and their broker, which notes what goes over it.

Everything passes as it is. A run is searched afterwards for what must not have gone over it.
"""

import socket
import threading
from contextlib import suppress


class Wire:
    """Listens on `port`, passes everything on to the broker, and notes it: both ways, each byte."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._noted: list[bytes] = []
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, name="wire", daemon=True).start()

    @property
    def bytes(self) -> bytes:
        """Everything so far; a packet may be cut where the other direction's begins."""
        return b"".join(self._noted)

    def close(self) -> None:
        """End all connections."""
        for each in (self._listener, *self._open):
            with suppress(OSError):
                each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                here, _ = self._listener.accept()
                there = socket.create_connection(("127.0.0.1", self._to_port))
                self._open += [here, there]
                for pair in ((here, there), (there, here)):
                    threading.Thread(target=self._pass, args=pair, daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        part: list[bytes] = []
        with suppress(OSError):
            while raw := source.recv(65536):
                part.append(raw)
                self._noted.append(raw)
                target.sendall(raw)
        # Once more as one piece: what a direction said, with nothing in between.
        self._noted.append(b"".join(part))
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
