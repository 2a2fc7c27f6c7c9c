"""A broker of a few lines that says exactly what a test wants: what mosquitto never would.

It speaks as much MQTT v5 as a kiosk does, one connection at a time, on a thread of its own. Its
answers come from a function, so they can be refused, doubled, withheld and let go later. It holds a
kiosk to the Receive Maximum that it told: one event too many, and it hangs up with 0x93.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, PINGREQ, DISCONNECT = 1, 2, 3, 4, 8, 12, 14
RECEIVE_MAXIMUM_EXCEEDED = 0x93

ACCEPTED = bytes((0x20, 3, 0, 0, 0))
"""CONNACK: success, no property."""
WITHHELD = b""
"""No answer; `release` gives it later."""

_PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Published:
    """One PUBLISH as it came: `mid` as two bytes."""

    mid: bytes
    topic: str
    body: bytes = field(repr=False)
    qos: int
    retain: bool

    @property
    def is_event(self) -> bool:
        """Whether it is an event and not the status."""
        return "/event/" in self.topic


Answer = Callable[[Published], bytes | None]


def accepted(receive_maximum: int, maximum_packet_bytes: int | None = None) -> bytes:
    """Return a CONNACK with a Receive Maximum, and a Maximum Packet Size where one is given."""
    properties = b"\x21" + receive_maximum.to_bytes(2, "big")
    if maximum_packet_bytes is not None:
        properties += b"\x27" + maximum_packet_bytes.to_bytes(4, "big")
    rest = bytes((0, 0, len(properties))) + properties
    return bytes((CONNACK << 4, len(rest))) + rest


def puback(mid: bytes, code: int | None = None) -> bytes:
    """Return a PUBACK; without a code it is the short form, which means success."""
    rest = mid if code is None else mid + bytes((code,))
    return bytes((PUBACK << 4, len(rest))) + rest


def disconnect(code: int) -> bytes:
    """Return a DISCONNECT with a reason."""
    return bytes((DISCONNECT << 4, 1, code))


def success(published: Published) -> bytes:
    """Take everything over."""
    return puback(published.mid)


def refusing(code: int, when: Callable[[Published], bool] = lambda p: p.is_event) -> Answer:
    """Refuse what `when` says (every event) with `code`, and take the rest over."""
    return lambda p: puback(p.mid, code if when(p) else None)


def withholding(when: Callable[[Published], bool] = lambda p: p.is_event) -> Answer:
    """Give no answer to what `when` says (every event)."""
    return lambda p: WITHHELD if when(p) else puback(p.mid)


def doubling(published: Published) -> bytes:
    """Answer everything twice."""
    return puback(published.mid) * 2


class ScriptedBroker:
    """Listens while `with` lasts. `greeting` answers CONNECT; `answer` turns a PUBLISH into bytes.

    An answer of None closes the connection. `granted` answers each topic of a SUBSCRIBE.
    `receive_maximum`, where given, is told and enforced.
    `heard` is what came, in order; `packets` are the kinds of all packets; `most_unanswered` is the
    most that was ever open at once; `port` stays the same. All of it may be read by any thread.
    """

    def __init__(
        self,
        greeting: bytes | None = ACCEPTED,
        answer: Answer = success,
        receive_maximum: int | None = None,
    ) -> None:
        self._greeting = greeting if receive_maximum is None else accepted(receive_maximum)
        self.answer = answer
        self.granted = 1
        self._receive_maximum = receive_maximum
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, name="scripted-broker", daemon=True)
        self._open: socket.socket | None = None
        self._changed = threading.Condition()
        self._unanswered: dict[bytes, Published] = {}
        self._words: list[tuple[str, bytes]] = []
        self.port: int = self._listener.getsockname()[1]
        self.heard: list[Published] = []
        self.packets: list[int] = []
        self.connects: list[bytes] = []
        self.subscribed: list[bytes] = []
        self.most_unanswered = 0
        self.exceeded = 0

    @property
    def events(self) -> list[Published]:
        """The events that came, in order."""
        return [p for p in self.heard if p.is_event]

    @property
    def waiting(self) -> int:
        """How many have no answer yet on this connection."""
        return len(self._unanswered)

    def greet_with(self, greeting: bytes) -> None:
        """Answer CONNECT with this from now on, whatever is enforced."""
        self._greeting = greeting

    def wait_for(self, met: Callable[[Self], bool]) -> None:
        """Wait until `met` holds; fails when it does not come to that."""
        with self._changed:
            if not self._changed.wait_for(lambda: met(self), _PATIENCE_S):
                raise TimeoutError(f"not met after {len(self.heard)} publishes")

    def release(self, code: int | None = None) -> int:
        """Answer all that was withheld on this connection; return how many that were."""
        with self._changed:
            waiting = list(self._unanswered)
            self._unanswered.clear()
            self._send(b"".join(puback(mid, code) for mid in waiting))
        return len(waiting)

    def say(self, topic: str, body: bytes, *, retained: bool = False) -> None:
        """Publish a word to whoever is connected; `retained`: to each later connection too."""
        if retained:
            self._words.append((topic, body))
        with self._changed:
            self._send(_publish(topic, body))

    def hang_up(self, code: int | None = None) -> None:
        """End the connection, with a DISCONNECT where a reason is given."""
        with self._changed:
            self._send(b"" if code is None else disconnect(code))
            if self._open is not None:
                self._open.shutdown(socket.SHUT_RDWR)

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
                with self._changed:
                    self._open = connection
                    self._unanswered.clear()
                try:
                    self._talk(connection)
                except OSError:
                    continue
                finally:
                    with self._changed:
                        self._open = None

    def _talk(self, connection: socket.socket) -> None:
        for kind, flags, body in _packets(connection):
            with self._changed:
                self.packets.append(kind)
                reply = self._reply(kind, flags, body)
                if reply:
                    connection.sendall(reply)
                self._changed.notify_all()
            if reply is None:
                return

    def _reply(self, kind: int, flags: int, body: bytes) -> bytes | None:
        match kind:
            case 1:
                self.connects.append(body)
                return self._greeting
            case 8:
                self.subscribed.append(body)
                words = b"".join(_publish(topic, word) for topic, word in self._words)
                return _suback(body, self.granted) + words
            case 12:
                return bytes((0xD0, 0))
            case 3:
                return self._published(_read_publish(flags, body))
            case 14:
                return None
        return b""

    def _published(self, published: Published) -> bytes | None:
        self.heard.append(published)
        self._unanswered[published.mid] = published
        self.most_unanswered = max(self.most_unanswered, len(self._unanswered))
        if self._receive_maximum is not None and len(self._unanswered) > self._receive_maximum:
            self.exceeded += 1
            if self._open is not None:
                self._open.sendall(disconnect(RECEIVE_MAXIMUM_EXCEEDED))
            return None
        reply = self.answer(published)
        if reply:
            self._unanswered.pop(published.mid, None)
        return reply

    def _send(self, data: bytes) -> None:
        if self._open is not None and data:
            self._open.sendall(data)


def _publish(topic: str, body: bytes) -> bytes:
    """Return a PUBLISH of QoS 0, retained."""
    rest = len(topic.encode()).to_bytes(2, "big") + topic.encode() + b"\0" + body
    length, left = b"", len(rest)
    while True:
        left, low = divmod(left, 128)
        length += bytes((low | (0x80 if left else 0),))
        if not left:
            return bytes((0x31,)) + length + rest


def _suback(body: bytes, code: int) -> bytes:
    """Answer what is asked for: each topic ends with a byte of options."""
    at, topics = 3 + body[2], 0
    while at < len(body):
        at += 3 + int.from_bytes(body[at : at + 2], "big")
        topics += 1
    rest = body[:2] + b"\0" + bytes((code,)) * topics
    return bytes((0x90, len(rest))) + rest


def _read_publish(flags: int, body: bytes) -> Published:
    end = 2 + int.from_bytes(body[:2], "big")
    qos = flags >> 1 & 3
    mid, at = (body[end : end + 2], end + 2) if qos else (b"", end)
    # The properties' length: below 128 for all that a kiosk sends.
    return Published(mid, body[2:end].decode(), body[at + 1 + body[at] :], qos, bool(flags & 1))


def _packets(connection: socket.socket) -> Iterator[tuple[int, int, bytes]]:
    """Give each packet's kind, its flags and its body."""
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
            yield first[0] >> 4, first[0] & 15, stream.read(length)
