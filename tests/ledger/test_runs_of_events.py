"""A run of events is what paho would have made of the same bytes."""

import socket
from collections.abc import Sequence
from typing import Any

import paho.mqtt.client as paho
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion

from ledger.sources.read_ahead import Client, Publish, ReadAhead

INFIX = b"/event/"
EVENT = b"kiosk/v1/hk-001/door-1/event/checkin"
CONNECTED = bytes([0x20, 3, 0, 0, 0])
PONG = bytes([0xD0, 0])

Heard = tuple[str, bytes, int]


class Pahos(paho.Client):
    """paho as it is, on one end of a pair of sockets."""

    def __init__(self, here: socket.socket) -> None:
        super().__init__(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5, manual_ack=True)
        self.here = here

    def _create_socket(self) -> Any:
        return self.here


class Ours(Client):
    """Ours, on one end of a pair of sockets."""

    def __init__(self, here: socket.socket) -> None:
        super().__init__(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5, manual_ack=True)
        self.here = here

    def _create_socket(self) -> Any:
        return ReadAhead(self.here)


def publish(
    topic: bytes, body: bytes, mid: int, *, qos: int, retain: bool, dup: bool, properties: bytes
) -> bytes:
    """Return a packet as MQTT 5.0, section 3.3, lays it out."""
    number = mid.to_bytes(2, "big") if qos else b""
    rest = len(topic).to_bytes(2, "big") + topic + number + length(len(properties)) + properties
    rest += body
    return bytes([0x30 | dup << 3 | qos << 1 | retain]) + length(len(rest)) + rest


def length(value: int) -> bytes:
    found = bytearray()
    while True:
        value, digit = divmod(value, 128)
        found.append(digit | (0x80 if value else 0))
        if not value:
            return bytes(found)


def content_type(size: int) -> bytes:
    """Return the property of that name (3), so many bytes long, or nothing."""
    return b"" if size < 3 else b"\x03" + (size - 3).to_bytes(2, "big") + b"j" * (size - 3)


packets = st.one_of(
    st.builds(
        publish,
        st.sampled_from([EVENT, EVENT, EVENT, b"kiosk/v1/hk-001/door-1/status", b"a/event/b"]),
        st.one_of(st.binary(max_size=300), st.integers(0, 20_000).map(bytes)),
        st.integers(1, 65535),
        qos=st.sampled_from([0, 1, 1, 1]),
        retain=st.booleans(),
        dup=st.booleans(),
        properties=st.sampled_from([0, 0, 0, 3, 40, 130]).map(content_type),
    ),
    st.just(PONG),
)


def heard_by(client: Pahos | Ours, there: socket.socket, sent: Sequence[bytes]) -> list[Heard]:
    """Let `client` read pieces as they come; return what it heard, in its order."""
    heard: list[Heard] = []
    client.on_message = lambda _c, _u, m: heard.append((m.topic, bytes(m.payload), m.mid))
    if isinstance(client, Ours):
        client.infix = INFIX
        client.on_run = lambda run: heard.extend(
            (each.topic, each.payload, each.mid) for each in run
        )
    client.connect("anywhere")
    there.sendall(CONNECTED)
    assert client.loop_read() == paho.MQTT_ERR_SUCCESS
    for piece in sent:
        there.sendall(piece)
        if not drain(client):
            break
    return heard


def drain(client: paho.Client) -> bool:
    """Read until there is nothing left, as paho's own loop does; False: the connection ended."""
    while (connected := client.socket()) is not None:
        try:
            client.loop_read()
        except Exception:  # noqa: BLE001 - whatever ends paho's thread is to end ours
            return False
        if client.socket() is not None and is_dry(connected):
            return True
    return False


def is_dry(connected: Any) -> bool:
    ahead = isinstance(connected, ReadAhead)
    if ahead and connected.pending():
        return False
    plain = connected._socket if ahead else connected  # noqa: SLF001 - to look without taking
    try:
        return not plain.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True


def both(sent: Sequence[bytes]) -> tuple[list[Heard], list[Heard]]:
    found = []
    for kind in (Pahos, Ours):
        here, there = socket.socketpair()
        with here, there:
            here.settimeout(0)
            found.append(heard_by(kind(here), there, sent))
    return found[0], found[1]


@given(st.lists(packets, max_size=12), st.lists(st.integers(1, 3000), max_size=5))
@example([], [])
def test_ours_hears_what_paho_hears_in_the_same_order(said: list[bytes], cuts: list[int]) -> None:
    """However the bytes are cut into pieces on their way."""
    whole, pieces = b"".join(said), []
    for cut in cuts:
        pieces.append(whole[:cut])
        whole = whole[cut:]
    theirs, ours = both([piece for piece in (*pieces, whole) if piece])
    assert ours == theirs


@given(st.binary(min_size=1, max_size=200), st.integers(1, 50))
def test_ours_takes_no_message_out_of_garbage_that_paho_refuses(raw: bytes, mid: int) -> None:
    good = publish(EVENT, b"{}", mid, qos=1, retain=False, dup=False, properties=b"")
    broken = bytes([0x32]) + length(len(raw)) + raw
    theirs, ours = both([good + broken + good])
    assert ours == theirs


@pytest.mark.parametrize(
    ("why", "packet"),
    [
        ("QoS 0", publish(EVENT, b"x", 0, qos=0, retain=False, dup=False, properties=b"")),
        ("retained", publish(EVENT, b"x", 7, qos=1, retain=True, dup=False, properties=b"")),
        ("another topic", publish(b"a/b", b"x", 7, qos=1, retain=False, dup=False, properties=b"")),
        ("no number", publish(EVENT, b"x", 0, qos=1, retain=False, dup=False, properties=b"")),
        (
            "no text",
            publish(INFIX + b"\xff", b"", 7, qos=1, retain=False, dup=False, properties=b""),
        ),
        ("large", publish(EVENT, b"x" * 17_000, 7, qos=1, retain=False, dup=False, properties=b"")),
        ("an answer to a ping", PONG),
    ],
)
def test_what_is_unusual_is_left_to_paho(why: str, packet: bytes) -> None:
    usual = publish(EVENT, b"{}", 3, qos=1, retain=False, dup=True, properties=content_type(9))
    here, there = socket.socketpair()
    with here, there:
        here.settimeout(0)
        ahead = ReadAhead(here)
        there.sendall(usual + usual + packet + usual)
        assert ahead.recv(len(usual)) == usual
        assert ahead.publishes(INFIX) == [Publish(EVENT.decode(), b"{}", 3)], why
        assert ahead.recv(1) == packet[:1]


def test_the_last_packet_is_left_to_paho() -> None:
    one = publish(EVENT, b"{}", 3, qos=1, retain=False, dup=False, properties=b"")
    here, there = socket.socketpair()
    with here, there:
        here.settimeout(0)
        ahead = ReadAhead(here)
        there.sendall(one * 3)
        assert ahead.recv(len(one)) == one
        assert len(ahead.publishes(INFIX)) == 1
        assert ahead.pending() == len(one)
