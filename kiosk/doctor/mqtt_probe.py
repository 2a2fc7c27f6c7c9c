"""A word with a broker, in the few packets of MQTT v5 that it takes to learn what it thinks of us.

paho ends a connection without saying why TLS did, and works with threads and queues. Here every
step is one call with a deadline, and says what went wrong in its own words. Nothing is subscribed,
nothing is kept by the broker, and no will is left.

Source: MQTT 5.0 (OASIS), 3.1 CONNECT, 3.2 CONNACK, 3.3 PUBLISH, 3.4 PUBACK, 3.14 DISCONNECT.
"""

import contextlib
import socket
import ssl
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

PATIENCE_S = 8.0
REFUSAL_S = 1.0
"""With TLS 1.3 a certificate is refused after the greeting; so long we wait for that."""
_CONNACK, _PUBACK, _DISCONNECT = 0x20, 0x40, 0xE0
_MOST_BYTES = 64 * 1024


class Trouble(StrEnum):
    """Where it ended."""

    UNREACHABLE = "unreachable"
    NO_TLS = "no-tls"
    UNKNOWN_AUTHORITY = "unknown-authority"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    WRONG_NAME = "wrong-name"
    UNTRUSTED = "untrusted"
    CERTIFICATE_WANTED = "certificate-wanted"
    CERTIFICATE_EXPIRED = "certificate-expired"
    CERTIFICATE_REFUSED = "certificate-refused"
    SPEAKS_TLS = "speaks-tls"
    NO_MQTT = "no-mqtt"


class ProbeError(Exception):
    """It ended before the broker answered in MQTT."""

    def __init__(self, trouble: Trouble, what: str) -> None:
        super().__init__(what)
        self.trouble = trouble
        self.what = what


@dataclass(frozen=True, slots=True)
class Login:
    """Who we are to the broker."""

    client_id: str
    username: str | None = None
    password: str | None = None


# Source: x509_vfy.h of OpenSSL.
_VERIFY = {
    9: Trouble.NOT_YET_VALID,
    10: Trouble.EXPIRED,
    18: Trouble.UNKNOWN_AUTHORITY,
    19: Trouble.UNKNOWN_AUTHORITY,
    20: Trouble.UNKNOWN_AUTHORITY,
    21: Trouble.UNKNOWN_AUTHORITY,
    62: Trouble.WRONG_NAME,
    63: Trouble.WRONG_NAME,
    64: Trouble.WRONG_NAME,
}
_ALERTS = {
    "CERTIFICATE_REQUIRED": Trouble.CERTIFICATE_WANTED,
    "HANDSHAKE_FAILURE": Trouble.CERTIFICATE_WANTED,
    "CERTIFICATE_EXPIRED": Trouble.CERTIFICATE_EXPIRED,
    "CERTIFICATE_REVOKED": Trouble.CERTIFICATE_REFUSED,
    "UNKNOWN_CA": Trouble.CERTIFICATE_REFUSED,
    "BAD_CERTIFICATE": Trouble.CERTIFICATE_REFUSED,
    "CERTIFICATE_UNKNOWN": Trouble.CERTIFICATE_REFUSED,
    "UNSUPPORTED_CERTIFICATE": Trouble.CERTIFICATE_REFUSED,
    "DECRYPT_ERROR": Trouble.CERTIFICATE_REFUSED,
}


class Session:
    """One connection; `connack` is the broker's reason code, 0 for success."""

    def __init__(self, wire: socket.socket, login: Login) -> None:
        self._packet_id = 0
        self._wire = wire
        self._pending = b""
        self._send(_connect(login))
        kind, body = self._packet()
        if kind != _CONNACK or len(body) < 2:
            raise ProbeError(Trouble.NO_MQTT, "answers, and not in MQTT")
        self.connack = body[1]

    def publish(self, topic: str, body: bytes) -> int:
        """Publish once, QoS 1, not retained; return the reason code of the PUBACK.

        A broker that ends the connection for it has refused it: the code of its DISCONNECT.
        """
        self._packet_id += 1
        self._send(_publish(topic, body, self._packet_id))
        kind, answer = self._packet()
        if kind == _PUBACK:
            return answer[2] if len(answer) > 2 else 0
        if kind == _DISCONNECT:
            return answer[0] if answer else 0
        raise ProbeError(Trouble.NO_MQTT, "gives an answer that MQTT does not know here")

    def goodbye(self) -> None:
        """Leave in order."""
        with contextlib.suppress(ProbeError):
            self._send(bytes((_DISCONNECT, 0)))

    def _send(self, packet: bytes) -> None:
        try:
            self._wire.sendall(packet)
        except OSError as error:
            raise _ended(error) from None

    def _packet(self) -> tuple[int, bytes]:
        """Return the next packet: its type, and its body."""
        kind = self._take(1)[0] & 0xF0
        length, shift = 0, 0
        while True:
            (byte,) = self._take(1)
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
            if shift > 21:
                raise ProbeError(Trouble.NO_MQTT, "answers, and not in MQTT")
        if length > _MOST_BYTES:
            raise ProbeError(Trouble.NO_MQTT, "answers, and not in MQTT")
        return kind, self._take(length)

    def _take(self, count: int) -> bytes:
        while len(self._pending) < count:
            try:
                chunk = self._wire.recv(4096)
            except OSError as error:
                raise _ended(error) from None
            if not chunk:
                raise ProbeError(Trouble.NO_MQTT, "takes the connection and ends it without a word")
            self._pending += chunk
        taken, self._pending = self._pending[:count], self._pending[count:]
        return taken


def reach(host: str, port: int, tls: ssl.SSLContext | None) -> None:
    """Reach the broker and prove both ends by TLS, and say nothing in MQTT.

    A broker that names its clients by their certificates knows no second session: a word from us
    would throw the running kiosk off.

    Raises:
        ProbeError: It ended before that.
    """
    with _wired(host, port, tls) as wire:
        if tls is None:
            return
        wire.settimeout(REFUSAL_S)
        try:
            if not wire.recv(1):
                raise ProbeError(Trouble.NO_MQTT, "takes the connection and ends it")
        except TimeoutError:
            return  # it waits for our first word, as it should
        except OSError as error:
            raise _ended(error) from None


@contextlib.contextmanager
def _wired(host: str, port: int, tls: ssl.SSLContext | None) -> Iterator[socket.socket]:
    """Connect, with TLS where there is a context.

    Raises:
        ProbeError: There is no connection.
    """
    try:
        wire = socket.create_connection((host, port), timeout=PATIENCE_S)
    except (OSError, UnicodeError) as error:
        raise ProbeError(Trouble.UNREACHABLE, _words(error)) from None
    with contextlib.ExitStack() as stack:
        stack.callback(wire.close)
        if tls is not None:
            try:
                wire = tls.wrap_socket(wire, server_hostname=host)
            except OSError as error:
                raise _refused(error) from None
            stack.callback(wire.close)
        yield wire


@contextlib.contextmanager
def session(host: str, port: int, login: Login, tls: ssl.SSLContext | None) -> Iterator[Session]:
    """Connect and log in, and leave at the end.

    Raises:
        ProbeError: It ended before an answer in MQTT.
    """
    with contextlib.ExitStack() as stack:
        wire = stack.enter_context(_wired(host, port, tls))
        try:
            opened = Session(wire, login)
        except ProbeError as error:
            if tls is None and _speaks_tls(host, port):
                raise ProbeError(Trouble.SPEAKS_TLS, "speaks TLS only") from None
            if tls is not None:
                # A word into a connection that was refused may hide why it was.
                reach(host, port, tls)
            raise error from None
        stack.callback(opened.goodbye)
        yield opened


def _speaks_tls(host: str, port: int) -> bool:
    """Tell whether a port answers a TLS greeting; whom it belongs to does not matter here."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((host, port), timeout=PATIENCE_S) as wire,
            context.wrap_socket(wire, server_hostname=host),
        ):
            return True
    except OSError:
        return False


def _refused(error: OSError) -> ProbeError:
    """Return why there was no TLS."""
    if isinstance(error, ssl.SSLCertVerificationError):
        trouble = _VERIFY.get(error.verify_code, Trouble.UNTRUSTED)
        return ProbeError(trouble, error.verify_message.rstrip("."))
    if isinstance(error, ssl.SSLError) and "ALERT" in (error.reason or ""):
        return _ended(error)
    # It speaks something else, or hangs up when it is greeted.
    return ProbeError(Trouble.NO_TLS, _words(error))


def _ended(error: OSError) -> ProbeError:
    """Return why a connection ended; with TLS 1.3 a certificate is refused only after greeting."""
    reason = getattr(error, "reason", None) or ""
    for words, trouble in _ALERTS.items():
        if words in reason:
            return ProbeError(trouble, reason.replace("_", " ").lower())
    return ProbeError(Trouble.NO_MQTT, f"takes the connection and ends it: {_words(error)}")


def _words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "does not answer"
    reason = getattr(error, "reason", None)
    if isinstance(reason, str):
        return reason.replace("_", " ").lower()
    return getattr(error, "strerror", None) or type(error).__name__


def _connect(login: Login) -> bytes:
    flags = 0x02  # clean start; the session ends with the connection, and no will is left
    payload = _text(login.client_id)
    if login.username is not None:
        flags |= 0x80
        payload += _text(login.username)
    if login.password is not None:
        flags |= 0x40
        payload += _text(login.password)
    keep_alive_s, no_properties = 30, b"\0"
    head = _text("MQTT") + bytes((5, flags)) + struct.pack(">H", keep_alive_s) + no_properties
    return _packed(0x10, head + payload)


def _publish(topic: str, body: bytes, packet_id: int) -> bytes:
    head = _text(topic) + struct.pack(">H", packet_id) + b"\0"
    return _packed(0x32, head + body)


def _packed(first: int, body: bytes) -> bytes:
    length, coded = len(body), bytearray()
    while True:
        length, low = divmod(length, 128)
        coded.append(low | (0x80 if length else 0))
        if not length:
            return bytes((first, *coded)) + body


def _text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack(">H", len(raw)) + raw
