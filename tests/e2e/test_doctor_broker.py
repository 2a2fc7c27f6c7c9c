"""`kiosk doctor` before a real mosquitto: TLS, names, certificates, and what belongs to others."""

import json
import random
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from kiosk.eye.people import person
from provisioning.fleet.broker_files import access
from tests.e2e.door import PATIENCE_S, Door
from tests.e2e.test_two_processes import eye_of
from tests.parts.broker import Broker
from tests.parts.patient import DEVICE, SITE, SOURCE, Patient, sickroom
from tests.parts.subscriber import Subscriber
from tests.parts.tls_files import TlsFiles, tls_files

OPEN = "topic readwrite #\n"
OWN = f"topic readwrite {SOURCE}/#\n"
NAME = f"{SITE}/{DEVICE}"


@pytest.fixture
def files(tmp_path: Path) -> TlsFiles:
    return tls_files(tmp_path / "tls")


@pytest.fixture
def room() -> Iterator[Path]:
    with sickroom() as folder:
        yield folder


@contextmanager
def mosquitto(folder: Path, *listener: str, rules: str = OWN) -> Iterator[Broker]:
    """Run a broker with these lines for its listener; without any it speaks plain MQTT."""
    folder.mkdir()
    (folder / "access").write_text(rules)
    with Broker(folder, f"acl_file {folder / 'access'}", tls=listener) as running:
        yield running


def served(pair: tuple[Path, Path], *more: str) -> tuple[str, ...]:
    return (f"certfile {pair[0]}", f"keyfile {pair[1]}", *more)


def patient_of(folder: Path, port: int, **uplink: object) -> Patient:
    """Return a kiosk in good health; `uplink` is plain where it names no authority."""
    known = {"kind": "mqtt", "host": "127.0.0.1", "port": port, "tls": "ca_file" in uplink}
    return Patient(folder, {**known, **uplink})


def strict(files: TlsFiles) -> tuple[str, ...]:
    """Return a listener as the fleet's: both ends prove who they are."""
    return (
        *served(files.broker()),
        f"cafile {files.authority}",
        "require_certificate true",
        "use_identity_as_username true",
        "use_username_as_clientid true",
    )


def test_a_certificate_by_a_stranger_is_named(tmp_path: Path, room: Path, files: TlsFiles) -> None:
    stranger = tls_files(tmp_path / "stranger")
    with mosquitto(tmp_path / "b", *served(stranger.broker())) as broker:
        found = patient_of(room / "p", broker.port, ca_file=files.authority).wrong()
    assert set(found) == {"broker.unknown-authority"}
    assert "ca.pem" in found["broker.unknown-authority"]


def test_a_broker_whose_certificate_is_over_is_named(
    tmp_path: Path, room: Path, files: TlsFiles
) -> None:
    with mosquitto(tmp_path / "b", *served(files.broker(age_days=500))) as broker:
        found = patient_of(room / "p", broker.port, ca_file=files.authority).wrong()
    assert set(found) == {"broker.expired"}
    assert "renew the broker's certificate" in found["broker.expired"]


def test_a_broker_whose_certificate_has_not_begun_is_named(
    tmp_path: Path, room: Path, files: TlsFiles
) -> None:
    with mosquitto(tmp_path / "b", *served(files.broker(age_days=-10))) as broker:
        found = patient_of(room / "p", broker.port, ca_file=files.authority).wrong()
    assert set(found) == {"broker.not-yet-valid"}
    assert "timedatectl" in found["broker.not-yet-valid"]


def test_a_broker_of_another_name_is_named(tmp_path: Path, room: Path, files: TlsFiles) -> None:
    with mosquitto(tmp_path / "b", *served(files.broker("elsewhere.example"))) as broker:
        found = patient_of(room / "p", broker.port, ca_file=files.authority).wrong()
    assert set(found) == {"broker.wrong-name"}
    assert "uplink.host" in found["broker.wrong-name"]


def test_tls_asked_of_a_plain_port_and_the_other_way_round(
    tmp_path: Path, room: Path, files: TlsFiles
) -> None:
    with mosquitto(tmp_path / "plain") as broker:
        found = patient_of(room / "p", broker.port, ca_file=files.authority).wrong()
        assert set(found) == {"broker.no-tls"}
        assert "TLS port" in found["broker.no-tls"]
    with mosquitto(tmp_path / "tls-only", *served(files.broker())) as broker:
        found = patient_of(room / "q", broker.port).wrong()
        assert set(found) == {"broker.tls-only"}
        assert "uplink.tls = true" in found["broker.tls-only"]


def test_a_kiosk_without_a_certificate_is_told_to_enrol(
    tmp_path: Path, room: Path, files: TlsFiles
) -> None:
    with mosquitto(tmp_path / "b", *strict(files)) as broker:
        found = patient_of(room / "p", broker.port, ca_file=files.authority).wrong()
    assert set(found) == {"broker.certificate-wanted"}
    assert "enrol" in found["broker.certificate-wanted"]


def test_a_certificate_of_another_authority_is_refused(
    tmp_path: Path, room: Path, files: TlsFiles
) -> None:
    other = tls_files(tmp_path / "other")
    certificate, key = other.kiosk(NAME)
    with mosquitto(tmp_path / "b", *strict(files)) as broker:
        patient = patient_of(
            room / "p",
            broker.port,
            ca_file=files.authority,
            cert_file=certificate,
            key_file=key,
        )
        found = patient.wrong()
    assert set(found) == {"broker.certificate-refused"}
    assert "enrol it again" in found["broker.certificate-refused"]


def test_an_expired_certificate_is_told_once(tmp_path: Path, room: Path, files: TlsFiles) -> None:
    certificate, key = files.kiosk(NAME, age_days=100)
    with mosquitto(tmp_path / "b", *strict(files)) as broker:
        patient = patient_of(
            room / "p",
            broker.port,
            ca_file=files.authority,
            cert_file=certificate,
            key_file=key,
        )
        found = patient.wrong()
    assert set(found) == {"keys.expired"}
    assert "renewed" in found["keys.expired"]


def test_certificates_and_keys_are_looked_at(tmp_path: Path, room: Path, files: TlsFiles) -> None:
    with mosquitto(tmp_path / "b", *strict(files), rules=access([], [])) as broker:
        certificate, key = files.kiosk(NAME, age_days=80)
        known = {"ca_file": files.authority, "cert_file": certificate, "key_file": key}
        patient = patient_of(room / "p", broker.port, **known)
        found = patient.wrong()
        assert set(found) == {"keys.expires-soon", "broker.nobody-listens"}
        assert "renewed" in found["keys.expires-soon"]
        spare = shutil.copy(key, tmp_path / "spare.key")
        files.kiosk(NAME)  # a new pair
        shutil.copy(spare, key)
        found = patient.wrong()
        assert set(found) == {"keys.mismatch"}
        assert "same enrolment" in found["keys.mismatch"]
        certificate.write_text("nothing")
        assert set(patient.wrong()) == {"keys.unreadable"}
        certificate.unlink()
        found = patient.wrong()
        assert set(found) == {"keys.unreadable"}
        assert "enrol" in found["keys.unreadable"]


def test_a_password_that_the_broker_does_not_know(tmp_path: Path, room: Path) -> None:
    folder = tmp_path / "b"
    folder.mkdir()
    (folder / "passwords").touch()
    options = ("allow_anonymous false", f"password_file {folder / 'passwords'}")
    with Broker(folder, *options) as broker:
        patient = patient_of(room / "p", broker.port, username="kiosk", password="not-it-42")
        found = patient.wrong()
    assert set(found) == {"broker.credentials"}
    assert "uplink.username" in found["broker.credentials"]


def test_a_broker_that_lets_one_speak_for_another(tmp_path: Path, room: Path) -> None:
    with (
        mosquitto(tmp_path / "b", rules=OPEN) as broker,
        Subscriber(broker.port, f"{SOURCE}/#") as listening,
    ):
        found = patient_of(room / "p", broker.port).wrong()
        assert listening.next().topic == f"{SOURCE}/status"
        assert listening.none_waiting()
    assert set(found) == {"broker.acl-open"}
    assert "access list" in found["broker.acl-open"]


def test_events_alone_open_to_everybody_are_found_too(tmp_path: Path, room: Path) -> None:
    rules = f"{OWN}topic write kiosk/v1/+/+/event/+\n"
    with (
        mosquitto(tmp_path / "b", rules=rules) as broker,
        Subscriber(broker.port, f"{SOURCE}/#"),
    ):
        assert set(patient_of(room / "p", broker.port).wrong()) == {"broker.acl-open"}


def test_a_broker_that_does_not_let_it_speak_for_itself(tmp_path: Path, room: Path) -> None:
    with mosquitto(tmp_path / "b", rules="topic read #\n") as broker:
        found = patient_of(room / "p", broker.port).wrong()
    assert set(found) == {"broker.acl-closed"}
    assert f"allow {SOURCE}/#" in found["broker.acl-closed"]


def test_a_broker_that_nobody_listens_to(tmp_path: Path, room: Path) -> None:
    with mosquitto(tmp_path / "b") as broker:
        found = patient_of(room / "p", broker.port).wrong()
    assert set(found) == {"broker.nobody-listens"}
    assert "start the ledger" in found["broker.nobody-listens"]


def test_a_running_kiosk_keeps_its_session_and_its_camera(
    tmp_path: Path, room: Path, files: TlsFiles
) -> None:
    """A broker that names clients by their certificates knows one session for each."""
    certificate, key = files.kiosk(NAME)
    uplink = {"ca_file": files.authority, "cert_file": certificate, "key_file": key}
    with (
        mosquitto(tmp_path / "b", *strict(files), rules=access([], [])) as broker,
        # A socket's path is limited to 107 bytes.
        TemporaryDirectory(prefix="doctor-") as short,
    ):
        patient = patient_of(room / "p", broker.port, **uplink)
        patient.sections["eye"]["socket"] = f"{short}/eye.sock"
        del patient.sections["camera"]["stage"]
        # Else the door would add one of its own.
        patient.sections["identity"]["site_key"] = None
        shutil.rmtree(patient.machine / "proc")
        (patient.machine / "proc").symlink_to("/proc")
        door = Door(tmp_path / "door", patient.sections)
        with door, eye_of(door):
            door.next("uplink", connected=True)
            door.passes(person(random.Random(3)))
            assert rate_is_known(patient.status)
            done = patient.run("doctor", "--json", "--yes")
            told = {o["check"]: o for o in json.loads(done.stdout)["observations"]}
            assert told["kiosk"]["found"].startswith("ready")
            assert told["broker"]["diagnosis"] == "broker.undelivered"
            assert "nobody is subscribed" in told["broker"]["found"]
            assert "frames a second" in told["camera"]["found"]
            assert "has the pins" in told["indicators"]["found"]
            assert not door.says("uplink", connected=False)
            assert door.stop() == 0
        # Who ends in order takes its word back.
        assert not patient.status.exists()
        assert not any("already connected" in line for line in broker.lines)
        assert sum("New client connected" in line for line in broker.lines) == 1


def rate_is_known(status: Path) -> bool:
    """Wait until a running kiosk's copy of its status tells how fast its eye is."""
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        eye = json.loads(status.read_text())["status"]["eye"] if status.exists() else None
        if eye is not None and eye["frames_hz"] is not None:
            return True
        threading.Event().wait(0.05)
    return False
