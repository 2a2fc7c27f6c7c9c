"""Reading ahead changes when bytes are asked for, and not which."""

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from ledger.source import Limits
from ledger.sources import mqtt
from ledger.sources.read_ahead import Client, ReadAhead
from tests.parts.broker import Broker, program
from tests.parts.kiosk_events import message
from tests.parts.tls_files import TlsFiles, tls_files

PATIENCE_S = 30.0
COUNT = 300
TURNS = 600


@pytest.fixture
def pair() -> Iterator[tuple[ReadAhead, socket.socket]]:
    here, there = socket.socketpair()
    here.settimeout(0)
    with here, there:
        yield ReadAhead(here), there


def test_small_reads_give_every_byte_in_order(pair: tuple[ReadAhead, socket.socket]) -> None:
    ahead, there = pair
    sent = bytes(range(256)) * 4
    there.sendall(sent)
    found = b"".join(ahead.recv(size) for size in (1, 1, 2, 500, 520))
    assert found == sent
    assert ahead.pending() == 0


def test_what_was_read_ahead_is_pending(pair: tuple[ReadAhead, socket.socket]) -> None:
    ahead, there = pair
    there.sendall(b"abc")
    assert ahead.pending() == 0
    assert ahead.recv(1) == b"a"
    assert ahead.pending() == 2
    # No more than there is, without waiting for the rest.
    assert ahead.recv(10) == b"bc"
    assert ahead.pending() == 0


def test_nothing_yet_is_told_from_the_end(pair: tuple[ReadAhead, socket.socket]) -> None:
    ahead, there = pair
    with pytest.raises(BlockingIOError):
        ahead.recv(1)
    there.sendall(b"x")
    there.shutdown(socket.SHUT_WR)
    assert (ahead.recv(5), ahead.recv(5), ahead.recv(5)) == (b"x", b"", b"")


needs_mosquitto = pytest.mark.skipif(program() is None, reason="mosquitto is not installed")


@needs_mosquitto
def test_pahos_client_uses_it(tmp_path: Path) -> None:
    """It goes by a name inside paho: a version that calls it otherwise is seen here."""
    with Broker(tmp_path) as broker:
        client = Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        client.connect("127.0.0.1", broker.port)
        try:
            assert isinstance(client.socket(), ReadAhead)
        finally:
            client.disconnect()
            client.loop_write()


@pytest.fixture
def files(tmp_path: Path) -> TlsFiles:
    return tls_files(tmp_path / "tls")


def publish(port: int, authority: Path) -> None:
    """Send them over TLS, and return when the broker has the last one."""
    connected = threading.Event()
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    client.tls_set_context(ssl.create_default_context(cafile=str(authority)))
    client.on_connect = lambda *_: connected.set()
    client.connect("127.0.0.1", port)
    client.loop_start()
    assert connected.wait(PATIENCE_S)
    for seq in range(1, COUNT + 1):
        said = message(seq)
        last = client.publish(said.topic, said.body, qos=1)
    last.wait_for_publish(PATIENCE_S)
    client.disconnect()
    client.loop_stop()


@needs_mosquitto
def test_over_tls_every_event_comes_though_no_byte_follows_them(
    tmp_path: Path, files: TlsFiles
) -> None:
    """What TLS has taken from the socket and was not asked for would wait for the next packet."""
    certificate, key = files.broker()
    listener = (f"certfile {certificate}", f"keyfile {key}")
    folder = tmp_path / "broker"
    folder.mkdir()
    with Broker(folder, tls=listener) as broker:
        settings = mqtt.Settings(host="127.0.0.1", port=broker.port, ca_file=files.authority)
        source = mqtt.build(settings, Limits(events=50))
        source.open()
        try:
            while "SUBACK" not in "".join(broker.lines):
                source.batch()
            publish(broker.port, files.authority)
            bodies: list[bytes] = []
            for _ in range(TURNS):
                batch = source.batch()
                bodies += [each.body for each in batch.events]
                source.commit(batch)
                if len(bodies) >= COUNT:
                    break
        finally:
            source.close()
    assert bodies == [message(seq).body for seq in range(1, COUNT + 1)]
