"""What the doctor says of a broker that answers badly, or in another way than brokers here do."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kiosk.doctor.account import Account
from kiosk.doctor.broker import BrokerCheck, Target
from kiosk.doctor.mqtt_probe import Login
from kiosk.errors import BrokerUnreachable
from tests.parts.broker import Broker
from tests.parts.tls_files import TlsFiles, tls_files

RUNS_NOT = Account(runs=False)
SOURCE = "kiosk/v1/hk-042/door-1"
CONNACK = b"\x20\x03\x00%c\x00"


@contextmanager
def answering(answer: bytes) -> Iterator[int]:
    """Answer every connection so, once it has said something; yields the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    wire, _ = server.accept()
                except OSError:
                    return
                with wire:
                    wire.recv(4096)
                    wire.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
    thread.join(20)


def broker_found(
    port: int, tls: Callable[[], ssl.SSLContext] | None = None, known: Account = RUNS_NOT
) -> str | None:
    target = Target("127.0.0.1", port, SOURCE, Login("doctor"), tls, b"{}")
    (found,) = BrokerCheck(target, known)()
    return found.diagnosis


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (CONNACK % 0x85, "broker.client-id"),
        (CONNACK % 0x84, "broker.old"),
        (b"\x20\x02\x00\x01", "broker.old"),
        (CONNACK % 0x86, "broker.credentials"),
        (CONNACK % 0x88, "broker.refused"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "broker.no-mqtt"),
        (b"", "broker.no-mqtt"),
        (b"\x20\xff\xff\xff\xff\xff", "broker.no-mqtt"),
    ],
)
def test_each_refusal_has_its_own_fix(answer: bytes, name: str) -> None:
    with answering(answer) as port:
        assert broker_found(port) == name


def test_a_file_that_cannot_be_used_is_named() -> None:
    def refuses() -> ssl.SSLContext:
        raise BrokerUnreachable("ca_file = '/etc/kiosk/ca.pem' cannot be used: no such file")

    assert broker_found(1, refuses) == "broker.own-files"


@pytest.fixture
def files(tmp_path: Path) -> TlsFiles:
    return tls_files(tmp_path / "tls")


def context(files: TlsFiles, pair: tuple[Path, Path] | None = None) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=files.authority)
    if pair is not None:
        made.load_cert_chain(*pair)
    return made


@pytest.mark.parametrize("known", [RUNS_NOT, Account(runs=True), Account(None)])
def test_an_expired_certificate_is_told_by_the_broker_too(
    tmp_path: Path, files: TlsFiles, known: Account
) -> None:
    certificate, key = files.broker()
    expired = files.kiosk("hk-042/door-1", age_days=100)
    listener = (f"certfile {certificate}", f"keyfile {key}", f"cafile {files.authority}")
    with Broker(tmp_path, tls=(*listener, "require_certificate true")) as broker:
        name = broker_found(broker.port, lambda: context(files, expired), known)
    assert name == "broker.certificate-expired"


def test_a_kiosks_certificate_makes_no_broker(tmp_path: Path, files: TlsFiles) -> None:
    certificate, key = files.kiosk("hk-042/door-1")
    with Broker(tmp_path, tls=(f"certfile {certificate}", f"keyfile {key}")) as broker:
        assert broker_found(broker.port, lambda: context(files)) == "broker.untrusted"
