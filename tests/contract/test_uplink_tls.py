"""The MQTT uplink with TLS: an authority made for this test, and files that are wrong."""

import gc
import shutil
import subprocess
from pathlib import Path

import pytest

from kiosk.uplink import Connected, Disconnected, Puback
from kiosk.uplink.mqtt import MqttUplink, Settings, build
from tests.parts.broker import Broker, program
from tests.parts.check_ins import SOURCE, events
from tests.parts.reports import Reports

pytestmark = [
    pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl command makes the CA"),
    pytest.mark.skipif(program() is None, reason="mosquitto is not installed"),
    # paho leaves the socket of a failed handshake to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

_DAYS = "2"


def openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)


def authority(folder: Path, name: str) -> None:
    """Make an authority: `name.pem` and `name.key`."""
    openssl(
        *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
        *("-days", _DAYS, "-subj", f"/CN={name}", "-addext", "keyUsage=critical,keyCertSign"),
        *("-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.pem")),
    )


def certificate(folder: Path, name: str, by: str, alternative: str) -> None:
    """Make `name.pem` and `name.key`, signed by the authority `by`."""
    request, extensions = folder / f"{name}.csr", folder / f"{name}.ext"
    extensions.write_text(f"subjectAltName={alternative}\n")
    openssl(
        *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
        *("-subj", f"/CN={name}", "-keyout", str(folder / f"{name}.key"), "-out", str(request)),
    )
    openssl(
        *("x509", "-req", "-in", str(request), "-days", _DAYS, "-CAcreateserial"),
        *("-CA", str(folder / f"{by}.pem"), "-CAkey", str(folder / f"{by}.key")),
        *("-extfile", str(extensions), "-out", str(folder / f"{name}.pem")),
    )


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an authority, a stranger, and certificates for the broker and the kiosk."""
    folder = tmp_path_factory.mktemp("keys")
    authority(folder, "ward")
    authority(folder, "stranger")
    certificate(folder, "broker", "ward", "IP:127.0.0.1")
    certificate(folder, "elsewhere", "ward", "DNS:elsewhere.example")
    certificate(folder, "kiosk", "ward", "DNS:kiosk")
    return folder


def mosquitto(folder: Path, keys: Path, name: str = "broker", *more: str) -> Broker:
    listener = (f"cafile {keys / 'ward.pem'}", f"certfile {keys / name}.pem")
    return Broker(folder, tls=(*listener, f"keyfile {keys / name}.key", *more))


def uplink_to(port: int, **files: Path) -> MqttUplink:
    values = {"host": "127.0.0.1", "port": port, **files}
    return build(Settings.model_validate(values), SOURCE, b"{}")


def outcome(uplink: MqttUplink) -> str:
    """Connect, which must fail, and return why."""
    reports = Reports()
    try:
        uplink.connect(reports)
        return reports.next(Disconnected).why
    finally:
        uplink.disconnect()
        gc.collect()


def test_both_ends_prove_who_they_are(tmp_path: Path, keys: Path) -> None:
    reports = Reports()
    with mosquitto(tmp_path, keys, "broker", "require_certificate true") as broker:
        uplink = uplink_to(
            broker.port,
            ca_file=keys / "ward.pem",
            cert_file=keys / "kiosk.pem",
            key_file=keys / "kiosk.key",
        )
        uplink.connect(reports)
        reports.next(Connected)
        uplink.send(events(1)[0])
        assert reports.next(Puback).row == 1
        uplink.disconnect()


@pytest.mark.threat("stand-between")
def test_a_broker_that_a_stranger_signed_is_not_spoken_to(tmp_path: Path, keys: Path) -> None:
    with mosquitto(tmp_path, keys) as broker:
        why = outcome(uplink_to(broker.port, ca_file=keys / "stranger.pem"))

    assert "verify failed" in why


@pytest.mark.threat("stand-between")
def test_a_broker_with_another_name_is_not_spoken_to(tmp_path: Path, keys: Path) -> None:
    with mosquitto(tmp_path, keys, "elsewhere") as broker:
        why = outcome(uplink_to(broker.port, ca_file=keys / "ward.pem"))

    assert "127.0.0.1" in why


@pytest.mark.threat("connect-without-certificate")
def test_a_kiosk_without_a_certificate_is_turned_away(tmp_path: Path, keys: Path) -> None:
    with mosquitto(tmp_path, keys, "broker", "require_certificate true") as broker:
        assert outcome(uplink_to(broker.port, ca_file=keys / "ward.pem"))


@pytest.mark.threat("stand-between")
def test_plain_text_is_not_tried_where_tls_is_asked_for(broker: Broker, keys: Path) -> None:
    assert outcome(uplink_to(broker.port, ca_file=keys / "ward.pem"))


@pytest.mark.parametrize("content", [None, b"no certificate"])
def test_an_authority_that_cannot_be_read_is_named_in_one_line(
    tmp_path: Path, content: bytes | None
) -> None:
    ca_file = tmp_path / "ca.pem"
    if content is not None:
        ca_file.write_bytes(content)

    why = outcome(uplink_to(8883, ca_file=ca_file))
    assert str(ca_file) in why
    assert "\n" not in why


def test_a_certificate_that_cannot_be_read_is_named(tmp_path: Path, keys: Path) -> None:
    missing = tmp_path / "missing.pem"
    files = {"ca_file": keys / "ward.pem", "key_file": keys / "kiosk.key"}

    assert str(missing) in outcome(uplink_to(8883, cert_file=missing, **files))
