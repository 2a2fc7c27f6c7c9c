"""The local socket between the eye and the kiosk: the eye connects, the kiosk listens.

The kiosk's end treats every byte as hostile. A line that is too long, is no message, or comes
faster than the eye's own limit costs the connection or is dropped; it never costs the door.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kiosk.eye.messages import MAX_LINE_BYTES, MAX_SEEN_HZ, Message, Seen, decode, encode


@dataclass(frozen=True, slots=True)
class Heard:
    """The eye said something; `at_s` is when the kiosk heard it (monotonic s)."""

    message: Message
    at_s: float


@dataclass(frozen=True, slots=True)
class EyeGone:
    """The eye's connection ended; `why` is for a person."""

    why: str


Report = Heard | EyeGone


class EyeEnd:
    """The eye's end of the socket, used by the eye's main thread."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise

    def send(self, message: Message) -> None:
        """Send one message.

        Raises:
            OSError: The kiosk is gone.
        """
        self._socket.sendall(encode(message))

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


class KioskEnd:
    """The kiosk's end: a thread `eye-reader` that turns lines into reports.

    `post` is called by that thread and must not block.
    """

    def __init__(
        self,
        path: Path,
        post: Callable[[Report], None],
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._post = post
        self._monotonic_s = monotonic_s
        self._closing = threading.Event()
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        # The eye runs as another user of the same group; nobody else may pretend to be it.
        path.chmod(0o660)
        self._listener.listen(1)
        self._connection: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve, name="eye-reader", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening and drop the eye; returns when the thread has ended."""
        self._closing.set()
        for end in (self._connection, self._listener):
            if end is not None:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
        self._thread.join(1.0)
        self._listener.close()

    def _serve(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self._connection = connection
                # `close` may have looked for a connection just before there was one.
                if self._closing.is_set():
                    return
                why = self._hear(connection)
            self._connection = None
            self._post(EyeGone(why))

    def _hear(self, connection: socket.socket) -> str:
        seen, others = _Bucket(MAX_SEEN_HZ), _Bucket(MAX_SEEN_HZ)
        try:
            for line in _lines(connection):
                message = decode(line)
                at_s = self._monotonic_s()
                bucket = seen if isinstance(message, Seen) else others
                if bucket.takes(at_s):
                    self._post(Heard(message, at_s))
        except ValueError:
            # Which line it was is not said: the eye could write a card's text into our log.
            return "the eye broke the protocol"
        except OSError as error:
            return f"the eye's connection failed: {error.strerror}"
        return "the eye closed its connection"


class _Bucket:
    """Lets through at most `rate_hz` a second, with as much at once."""

    def __init__(self, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self._tokens = rate_hz
        self._last_s: float | None = None

    def takes(self, at_s: float) -> bool:
        if self._last_s is not None:
            self._tokens += (at_s - self._last_s) * self._rate_hz
            self._tokens = min(self._tokens, self._rate_hz)
        self._last_s = at_s
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def _lines(connection: socket.socket) -> Iterator[bytes]:
    pending = b""
    while chunk := connection.recv(65536):
        *lines, pending = (pending + chunk).split(b"\n")
        yield from lines
        if len(pending) > MAX_LINE_BYTES:
            raise ValueError(f"a line of more than {MAX_LINE_BYTES} bytes")
