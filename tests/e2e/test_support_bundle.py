"""`kiosk support-bundle` with secrets of every kind planted: not one byte of them is in it."""

import base64
import io
import json
import os
import sqlite3
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from kiosk.app.settings import SECTIONS
from kiosk.doctor.bundle import WITHHELD, Part, files_of
from kiosk.doctor.redaction import Redaction, forms_of
from kiosk.lists.form import ListName
from tests.parts.broker import free_port
from tests.parts.lists import a_list, operator
from tests.parts.patient import Patient
from tests.parts.tls_files import tls_files

PASSWORD = "planted-password-of-the-settings"
OF_ENVIRONMENT = "planted:password/of+the environment"
OF_CREDENTIAL = "planted-credential-of-the-unit"
OF_URL = "planted-password-in-an-address"
WIFI = "planted-wifi-passphrase"
BARRED = bytes.fromhex("b0a1c2d3e4f50617")
CARD = "099123456789|099888777|Nguyễn Thị Giả|01011990|Nữ|Số 1 Phố Giả, Hà Nội|01012022"
CLAIM = "claim-7Hq2vKpXw93LmZr8TnYc5B"
SPOKEN = {
    "a password in a line of the log": f"login password={OF_URL} failed",
    "an address with a password": f"cannot reach mqtts://kiosk:{OF_URL}@broker.example:8883",
    "a Wi-Fi passphrase": f'wpa: psk="{WIFI}" ssid="Cafe Gia"',
    "a Wi-Fi code": f"WIFI:T:WPA;S:Cafe;P:{WIFI};;",
    "a card": f"Traceback: ValueError: {CARD}",
    "a name": "greeting Nguyễn Thị Giả now",
    "a name without marks": "greeting NGUYEN THI GIA now",
    "a telephone number": "call 0912345678",
    "a handle": "erased 0123456789abcdef0123456789abcdef",
    "a claim": f"claim: {CLAIM}",
    "a bearer": f"Authorization: Bearer {CLAIM}",
}
KEPT = "hung: the watchdog is not fed parts=('disk',)"


@pytest.fixture
def planted(tmp_path: Path) -> Patient:
    files = tls_files(tmp_path / "tls")
    certificate, key = files.kiosk("hk-042/door-1")
    uplink = {
        "kind": "mqtt",
        "host": f"kiosk:{OF_URL}@127.0.0.1",
        "port": free_port(),
        "ca_file": files.authority,
        "cert_file": certificate,
        "key_file": key,
        "username": "kiosk",
        "password": PASSWORD,
    }
    patient = Patient(tmp_path / "patient", uplink)
    credentials = patient.folder / "credentials"
    credentials.mkdir()
    (credentials / "kiosk.uplink.password").write_text(OF_CREDENTIAL)
    (credentials / "something.else").write_text("planted-credential-of-another")
    patient.environ |= {
        "CREDENTIALS_DIRECTORY": str(credentials),
        "KIOSK_UPLINK__PASSWORD": OF_ENVIRONMENT,
        "WIFI_PSK": WIFI,
    }
    patient.give_list(a_list(ListName.BARRED, 1, [BARRED], issued_s=1_790_000_000))
    # Whatever the services say, and whoever wrote it into their log.
    secrets = [PASSWORD, OF_ENVIRONMENT, OF_CREDENTIAL, key_lines(key)[1]]
    secrets += [each.decode() for form in secrets for each in forms_of(form.encode()) if text(each)]
    secrets += [b"\x5a".hex() * 32, base64.b64encode(b"\x5a" * 32).decode()]
    lines = [KEPT, *SPOKEN.values(), *(f"retry with {each}" for each in secrets)]
    lines += [*key.read_text().splitlines(), operator_pem()]
    patient.give_program("journalctl", "\n".join(f"2026-01-01T00:00:00 kiosk: {x}" for x in lines))
    return patient


def text(raw: bytes) -> bool:
    return raw.isascii()


def key_lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def operator_pem() -> str:
    pem = operator().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem.decode()


def secrets_of(patient: Patient) -> dict[str, bytes]:
    """Return everything that must not be found, by what it is."""
    key = patient.sections["uplink"]["key_file"]
    found = {
        "the password of the settings": PASSWORD.encode(),
        "the password of the environment": OF_ENVIRONMENT.encode(),
        "the password of the credential": OF_CREDENTIAL.encode(),
        "another credential": b"planted-credential-of-another",
        "the password in the address": OF_URL.encode(),
        "the Wi-Fi passphrase": WIFI.encode(),
        "the claim": CLAIM.encode(),
        "the venue's key": b"\x5a" * 32,
        "the device's key": patient.device_key.read_bytes(),
        # A file of a list holds entries without their first byte.
        "an entry of a list": BARRED[1:],
        "a card's number": b"099123456789",
        "a person's name": "Nguyễn Thị Giả".encode(),
        "the same in capitals": b"NGUYEN THI GIA",
        "a telephone number": b"0912345678",
        "a handle in the log": bytes.fromhex("0123456789abcdef0123456789abcdef"),
        "an operator's key": operator_pem().splitlines()[1].encode(),
    }
    for number, line in enumerate(key_lines(Path(key))[1:-1]):
        found[f"line {number} of the broker's key"] = line.encode()
    with sqlite3.connect(patient.outbox) as db:
        for seq, raw in db.execute("SELECT seq, body FROM event"):
            data = json.loads(raw)["data"]
            found[f"the handle of event {seq}"] = bytes.fromhex(data["handle"])
            found[f"the sealed identity of event {seq}"] = data["sealed"].encode()
    db.close()
    return found


def hits(files: Mapping[str, bytes], secrets: Mapping[str, bytes]) -> Iterator[str]:
    """Yield where which secret stands, in whatever form."""
    for what, secret in secrets.items():
        forms = {*forms_of(secret), quote(secret).encode(), base64.b85encode(secret)}
        for name, content in files.items():
            if any(len(form) >= 4 and form.lower() in content.lower() for form in forms):
                yield f"{name}: {what}"


def unpacked(path: Path) -> dict[str, bytes]:
    """Return every file of a bundle, and its names and the like as another."""
    with tarfile.open(path) as archive:
        members = {each.name: archive.extractfile(each) for each in archive.getmembers()}
        files = {name: member.read() for name, member in members.items() if member is not None}
    return {**files, "names": "\n".join(files).encode()}


@pytest.mark.threat("read-support-bundle")
def test_not_one_planted_secret_is_in_the_bundle(planted: Patient) -> None:
    target = planted.folder / "bundle.tar.gz"
    done = planted.run("support-bundle", str(target))
    assert done.exit_code == 0, done.output
    files = unpacked(target)
    assert set(files) - {"names"} == {
        f"kiosk-support/{name}"
        for name in (
            "README.txt",
            "doctor.json",
            "journal.txt",
            "outbox.json",
            "settings.toml",
            "status.json",
            "units.json",
            "versions.json",
        )
    }
    secrets = secrets_of(planted)
    assert len(secrets) >= 20
    assert [*hits(files, secrets)] == []
    assert target.stat().st_mode & 0o777 == 0o600
    # What was searched for would be found: the same search finds all of it where it lies.
    everywhere = {
        str(path): path.read_bytes() for path in planted.folder.parent.rglob("*") if path.is_file()
    }
    everywhere |= {"environ": "\n".join(planted.environ.values()).encode(), "here": PEM}
    known = {what for what in secrets if any(hits(everywhere, {what: secrets[what]}))}
    assert known == set(secrets)


PEM = operator_pem().encode()


def test_the_bundle_still_says_what_helps(planted: Patient) -> None:
    planted.say(faults=["disk"])
    target = planted.folder / "bundle.tar.gz"
    assert planted.run("support-bundle", str(target)).exit_code == 0
    files = {name.partition("/")[2]: raw for name, raw in unpacked(target).items()}
    assert KEPT in files["journal.txt"].decode()
    report = json.loads(files["doctor.json"])
    assert report["exit_code"] == 1
    found = {o["diagnosis"] for o in report["observations"]}
    assert "disk.kiosk-says" in found
    assert json.loads(files["outbox.json"])["unsent"] == 2
    assert json.loads(files["status.json"])["status"]["faults"] == ["disk"]
    assert json.loads(files["units.json"])["kiosk.service"]["NRestarts"] == "0"
    settings = files["settings.toml"].decode()
    assert [name for name in SECTIONS if f"[{name}]" not in settings] == []
    assert 'site = "hk-042"' in settings
    assert "********" in settings
    assert json.loads(files["versions.json"])["kiosk"]


def test_settings_that_cannot_be_used_give_a_bundle_too(planted: Patient) -> None:
    planted.sections["door"] = {"hold_of_s": 1}
    planted.sections["uplink"]["pasword"] = PASSWORD
    target = planted.folder / "bundle.tar.gz"
    assert planted.run("support-bundle", str(target)).exit_code == 0
    files = unpacked(target)
    assert b"hold_of_s" in files["kiosk-support/settings.toml"]
    assert [*hits(files, {"the password": PASSWORD.encode(), "a card": b"099123456789"})] == []


def test_a_place_that_cannot_be_written_is_one_line(planted: Patient) -> None:
    done = planted.run("support-bundle", "/nowhere/bundle.tar.gz")
    assert done.exit_code == 1
    assert done.stderr == "/nowhere/bundle.tar.gz: cannot be written: No such file or directory\n"


def test_what_still_holds_a_secret_is_left_out() -> None:
    """A secret that no text shows as itself, cut by what was put in, is still found at the end."""
    redaction = Redaction([b"sec\nret-value"])
    files = files_of(
        [Part("a.txt", "sec\nret-value"), Part("b.json", {"n": [1, "well"]})], redaction
    )
    assert files["a.txt"].decode() == WITHHELD
    assert json.loads(files["b.json"]) == {"n": [1, "well"]}


@pytest.mark.parametrize("before", range(4))
@pytest.mark.parametrize("after", range(3))
def test_a_secret_inside_of_base64_is_found(before: int, after: int) -> None:
    secret = os.urandom(16)
    coded = base64.b64encode(bytes(before) + secret + bytes(after))
    assert Redaction([secret]).finds(b"x" + coded)
    assert Redaction([secret]).finds(base64.urlsafe_b64encode(bytes(before) + secret))


@pytest.mark.parametrize("line", SPOKEN.values(), ids=SPOKEN)
def test_what_only_looks_secret_goes_too(line: str) -> None:
    told = Redaction().text(line)
    for secret in (OF_URL, WIFI, CLAIM, "099123456789", "Giả", "GIA", "0912345678", "0123456789ab"):
        assert secret not in told
    assert "[removed]" in told


@pytest.mark.parametrize(
    "line",
    [
        KEPT,
        "kiosk[71]: [info] scan verdict=accepted reason=ok kind=cccd latency_ms=132.2",
        "no connection to broker.example:8883: [Errno 111] Connection refused",
        'File "/opt/door-kiosk/current/venv/lib/python3.13/site-packages/picamera2/picamera2.py"',
        'key_file = "/etc/kiosk/device.pem.key"',
        "/etc/kiosk/device.pem.key: cannot be read: Permission denied",
        "boot 123e4567-e89b-12d3-a456-426614174000",
        'site_key = "********"',
    ],
)
def test_what_helps_stays(line: str) -> None:
    assert Redaction(["planted-password"]).text(line) == line


def test_the_archive_is_the_same_whoever_made_it(planted: Patient) -> None:
    target = planted.folder / "bundle.tar.gz"
    planted.run("support-bundle", str(target))
    with tarfile.open(fileobj=io.BytesIO(target.read_bytes())) as archive:
        members = archive.getmembers()
    assert {(each.uid, each.uname, each.mtime, each.mode) for each in members} == {
        (0, "", 0, 0o600)
    }
