"""Kiosks from a claim to a broker, and back after weeks: commands, server and broker are real.

The server listens on this machine only. Its pipe is not read any more once it is ready: it says few
words, far fewer than a pipe holds.
"""

import contextlib
import csv
import hashlib
import http.client
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from kiosk.enrolment.claim import Code, claim_text, pin_text
from kiosk.enrolment.client import EnrolmentServer, root_by_pin
from kiosk.enrolment.keys import certificates_in, held_in, new_key
from kiosk.enrolment.wire import MAX_REQUEST_BYTES, RENEW
from kiosk.errors import EnrolmentError, EnrolmentRefused
from provisioning.broker import free_port
from provisioning.fleet import broker_files, many
from provisioning.fleet.names import Role
from tests.e2e.commands import kiosk
from tests.e2e.door import Door, Sections, mqtt, toml
from tests.parts.certificates import ROOT as STRANGER
from tests.parts.fleets import DAY_S, Client, Fleet, FleetBroker, clients
from tests.parts.serving import Serving, provision, running

pytestmark = [
    # paho leaves the socket of a failed handshake to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

FIFTY = [(f"hk-{number:03}", f"door-{door}") for number in range(25) for door in (1, 2)]


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path / "fleet")


@pytest.fixture
def serving(fleet: Fleet) -> Iterator[Serving]:
    with Serving(fleet) as running:
        yield running


def fleet_file(folder: Path) -> Path:
    path = folder / "fifty.csv"
    lines = [f"{site};{device};Nhà văn hóa {site}" for site, device in FIFTY]
    path.write_text("\n".join(["Địa điểm;Máy;Tên", *lines]), "utf-8-sig")
    return path


def pin_of(fleet: Fleet) -> bytes:
    return hashlib.sha256(fleet.folder.root_certificate().public_bytes(Encoding.DER)).digest()


def service(fleet: Fleet, folder: Path, role: Role) -> Path:
    return fleet.write(folder / role.value, fleet.registrar.service(role.value, role))


def test_fifty_by_one_command_each_with_its_own_name(fleet: Fleet, tmp_path: Path) -> None:
    given: list[str | Path] = ["--folder", fleet.path]
    given += ["--passphrase-file", Serving(fleet).phrase]
    words: list[str | Path] = ["--bench", "--out", "out", *given]
    done = provision(tmp_path, "fleet", "enrol", fleet_file(tmp_path), *words)
    assert "50 enrolled" in done.stdout
    held = {f"{s}/{d}": tmp_path / "out" / s / d / many.KEY for s, d in FIFTY}
    held["ledger"] = service(fleet, tmp_path, Role.LEDGER)
    broker = FleetBroker(tmp_path, fleet)

    def client(name: str) -> Client:
        return Client(broker.port, held[name], held[name].with_name(many.ROOT))

    names = [name for name in held if name != "ledger"]
    with broker, clients(client, "ledger") as (ledger,):
        ledger.listens("kiosk/v1/+/+/event/+")
        with clients(client, *names) as kiosks:
            for name, each in zip(names, kiosks, strict=True):
                assert each.says(f"kiosk/v1/{name}/event/checkin", name.encode()) == "Success"
            heard = dict(ledger.hears() for _ in names)
        assert heard == {f"kiosk/v1/{name}/event/checkin": name.encode() for name in names}
        # Again: nobody is enrolled twice, and no key is made that revokes one in use.
        again = provision(tmp_path, "fleet", "enrol", fleet_file(tmp_path), *words)
        assert "50 is enrolled already" in again.stdout
        provision(tmp_path, "device", "revoke", names[7], "--why", "stolen", *given)
        assert broker_files.refresh(broker.files, fleet.folder)
        broker.reload()
        assert client(names[7]).outcome() != "Success"
        with clients(client, names[6], names[8]):
            pass
        listed = provision(tmp_path, "device", "list", "--folder", fleet.path).stdout
        assert [line for line in listed.splitlines() if "\trevoked\t" in line] == [
            next(line for line in listed.splitlines() if line.startswith(names[7]))
        ]


def test_fifty_by_claims_with_labels(fleet: Fleet, serving: Serving, tmp_path: Path) -> None:
    words: list[str | Path] = ["--out", "out", "--labels", "labels.pdf", "--server", serving.url]
    given: list[str | Path] = ["--folder", fleet.path, "--passphrase-file", serving.phrase]
    done = provision(tmp_path, "fleet", "enrol", fleet_file(tmp_path), *words, *given)
    assert "50 claim made" in done.stdout
    assert (tmp_path / "labels.pdf").read_bytes().startswith(b"%PDF")
    claims = tmp_path / "out" / many.CLAIMS
    assert claims.stat().st_mode & 0o777 == 0o600
    rows = list(csv.DictReader(claims.open(encoding="utf-8")))
    server = EnrolmentServer(serving.url, [fleet.folder.root_certificate()])

    def redeem(row: dict[str, str]) -> str:
        return server.redeem(row["claim"], new_key(), row["site"], row["device"]).name

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(redeem, rows)) == [f"{s}/{d}" for s, d in FIFTY]
    with pytest.raises(EnrolmentRefused, match="redeemed already"):
        redeem(rows[0])


def settings(folder: Path, serving: Serving, broker: FleetBroker) -> Sections:
    held = folder / many.KEY
    files = {"ca_file": folder / many.ROOT, "cert_file": held, "key_file": held}
    enrolment = {"server": serving.url, "key_file": held, "ca_file": folder / many.ROOT}
    return {**mqtt(broker.port, tls=True, **files), "enrolment": enrolment}


def test_a_door_that_was_off_for_weeks_comes_back_by_itself(
    fleet: Fleet, serving: Serving, tmp_path: Path
) -> None:
    fleet.ahead_s = -120 * DAY_S
    held = fleet.enrolled("hk-042/door-1")
    fleet.ahead_s = 0
    operator_held = service(fleet, tmp_path, Role.OPERATOR)
    folder, broker = tmp_path / "kiosk", FleetBroker(tmp_path, fleet)
    file = fleet.write(folder, held)
    with broker:
        expired = Client(broker.port, file, folder / many.ROOT)
        assert expired.outcome() != "Success"
        operator = Client(broker.port, operator_held, operator_held.with_name(many.ROOT))
        with operator, Door(tmp_path / "door", settings(folder, serving, broker)) as door:
            operator.listens("kiosk/v1/hk-042/door-1/status")
            door.next("certificate", what="a new one came")
            door.next("certificate", what="the new one has connected")
            body = b""
            while b'"online":true' not in body:
                topic, body = operator.hears()
                assert topic == "kiosk/v1/hk-042/door-1/status"
            assert door.stop() == 0
    now = held_in(file.read_bytes())
    assert now.chain[0].public_key() != held.chain[0].public_key()
    assert now.until_s > fleet.now_s() + 80 * DAY_S
    assert sorted(path.name for path in folder.iterdir()) == [many.ROOT, many.KEY]


@pytest.mark.threat("go-on-after-revocation")
def test_a_door_that_was_revoked_while_it_was_off_stays_out(
    fleet: Fleet, serving: Serving, tmp_path: Path
) -> None:
    fleet.ahead_s = -120 * DAY_S
    held = fleet.enrolled("hk-042/door-1")
    fleet.ahead_s = 0
    fleet.registrar.revoke("hk-042/door-1", "stolen")
    folder, broker = tmp_path / "kiosk", FleetBroker(tmp_path, fleet)
    file = fleet.write(folder, held)
    with broker, Door(tmp_path / "door", settings(folder, serving, broker)) as door:
        line = door.next("certificate")
        assert "was revoked" in line["what"]
        # The door is open all the same.
        door.next("eye up")
    assert file.read_bytes() == held.pem()


def config(folder: Path, device: str = "door-1", **more: object) -> Path:
    path = folder / "kiosk.toml"
    enrolment = {"key_file": folder / many.KEY, "ca_file": folder / many.ROOT, **more}
    door = {"site": "hk-042", "device": device, "direction": "in"}
    path.write_text(toml({"kiosk": door, "enrolment": enrolment}))
    return path


def claimed(fleet: Fleet) -> bytes:
    fleet.add_sites("hk-042")
    return fleet.registrar.claim_for("hk-042", "door-1")[0]


def test_a_technician_enrols_a_kiosk_with_the_code_on_paper(
    fleet: Fleet, serving: Serving, tmp_path: Path
) -> None:
    code = Code(serving.url, claimed(fleet), pin_of(fleet)).text()
    folder = tmp_path / "kiosk"
    folder.mkdir()
    wrong = kiosk("enrol", "--claim", code, "--config", config(folder, "door-2"))
    assert wrong.returncode == 1
    assert "this claim is for hk-042/door-1" in wrong.stderr
    done = kiosk("enrol", "--claim", code, "--config", config(folder))
    assert done.stdout.startswith("enrolled as hk-042/door-1 until ")
    file = folder / many.KEY
    assert file.stat().st_mode & 0o777 == 0o600
    assert held_in(file.read_bytes()).name == "hk-042/door-1"
    assert certificates_in((folder / many.ROOT).read_bytes())[0] == fleet.folder.root_certificate()
    # The key never left: the server has seen the certificate's public half and no more.
    kept = b"".join(path.read_bytes() for path in fleet.path.iterdir())
    assert file.read_bytes()[30:150] not in kept
    again = kiosk("enrol", "--claim", code, "--config", config(folder))
    assert again.returncode == 1
    assert "redeemed already" in again.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--claim", "x"], "26 letters and digits"),
        (["--claim", "0" * 26], "how is the server known?"),
        (["--claim", "0" * 26, "--pin", "0" * 64], "not the one with this pin"),
        (["--claim", "0" * 26, "--pin", "x"], "the pin has"),
        (["--claim", "0" * 26, "--ca", "missing.pem"], "cannot be read"),
        (["--claim", "0" * 26, "--server", "http://a"], "no address of an enrolment server"),
    ],
)
def test_what_a_technician_mistypes_is_said_in_one_line(
    serving: Serving, tmp_path: Path, words: list[str], said: str
) -> None:
    done = kiosk("enrol", *words, "--config", config(tmp_path, server=serving.url))
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / many.ROOT).exists()


@pytest.mark.threat("stand-before-enrolment")
def test_a_server_of_another_fleet_gets_no_claim(fleet: Fleet, serving: Serving) -> None:
    server = EnrolmentServer(serving.url, [STRANGER.certificate])
    with pytest.raises(EnrolmentError, match="not our server"):
        server.redeem(claim_text(claimed(fleet)), new_key(), None, None)


@pytest.mark.threat("stand-before-enrolment")
def test_a_server_with_another_root_than_the_code_says_gets_no_claim(serving: Serving) -> None:
    pin = hashlib.sha256(STRANGER.certificate.public_bytes(Encoding.DER)).digest()
    with pytest.raises(EnrolmentError, match="not the one with this pin"):
        root_by_pin(serving.url, pin)


def test_the_root_is_fetched_by_its_pin(fleet: Fleet, serving: Serving) -> None:
    found = root_by_pin(serving.url, pin_of(fleet))
    assert found == fleet.folder.root_certificate()
    shown = provision(fleet.path, "ca", "show", "--folder", fleet.path).stdout
    assert pin_text(pin_of(fleet)) in shown


def ask(serving: Serving, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
    """Send anything, as anybody can."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    line = http.client.HTTPSConnection("127.0.0.1", serving.port, timeout=30, context=context)
    with contextlib.closing(line):
        line.request(method, path, body)
        answer = line.getresponse()
        return answer.status, answer.read()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{}", 400),
        (b"[" * 10_000, 400),
        (b'{"version": 2}', 400),
        (b"\xff\xfe", 400),
        (b"x" * (MAX_REQUEST_BYTES + 1), 400),
        (b'{"claim": "a", "request": "b"}', 400),
        (b'{"claim": "a", "request": "b", "more": 1}', 400),
        (b'{"certificate": "a", "request": "b", "proof": "00112233445566778899"}', 400),
    ],
)
@pytest.mark.threat("feed-enrolment-server")
def test_what_is_no_request_is_refused_and_not_quoted(
    serving: Serving, body: bytes, status: int
) -> None:
    for path in ("/v1/redeem", RENEW):
        found, answer = ask(serving, "POST", path, body)
        assert found == status
        assert b'"refused":"request"' in answer
        assert len(answer) < 300


@pytest.mark.threat("feed-enrolment-server")
def test_whoever_asks_too_often_is_told_to_wait(serving: Serving) -> None:
    found = {ask(serving, "GET", "/v1/root")[0] for _ in range(200)}
    assert found == {200, 429}


def test_revocations_are_told_to_everybody(fleet: Fleet, serving: Serving) -> None:
    status, raw = ask(serving, "GET", "/v1/crl")
    assert status == 200
    assert raw == fleet.folder.revocations.read_bytes()


@pytest.mark.threat("go-on-after-revocation")
def test_a_broker_that_runs_here_hears_of_a_revocation(fleet: Fleet, tmp_path: Path) -> None:
    file = fleet.write(tmp_path / "kiosk", fleet.enrolled("hk-042/door-1"))
    given: list[str | Path] = ["--folder", fleet.path]
    phrase: list[str | Path] = ["--passphrase-file", Serving(fleet).phrase]
    where: list[str | Path] = ["--host", "127.0.0.1", "--bind", "127.0.0.1"]
    port = free_port()
    provision(tmp_path, "broker", "write", "br", "--port", str(port), *where, *given, *phrase)
    with running(tmp_path, "broker", "run", "br", *given) as said:
        said.waits_for(" running")
        client = Client(port, file, file.with_name(many.ROOT))
        with client:
            assert client.says("kiosk/v1/hk-042/door-1/status") != "Not authorized"
        provision(tmp_path, "device", "revoke", "hk-042/door-1", *given, *phrase)
        said.waits_for("Reloading config")
        assert Client(port, file, file.with_name(many.ROOT)).outcome() != "Success"
