"""Who signs for the fleet is replaced while kiosks, broker, server and ledger are at work."""

import hashlib
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from kiosk.enrolment.claim import Code
from kiosk.enrolment.keys import held_in
from provisioning.fleet import many
from provisioning.fleet.folder import FleetFolder, Terms
from tests.e2e.commands import kiosk
from tests.e2e.door import Door
from tests.e2e.door import toml as as_toml
from tests.parts.broker import program
from tests.parts.fleet_at_work import CA_ROOT_PHRASE, SITE, AtWork
from tests.parts.fleets import DAY_S, PHRASE, ROOT_PHRASE, Client, Fleet
from tests.parts.serving import Serving, provision

pytestmark = [
    pytest.mark.skipif(program() is None, reason="mosquitto is not installed"),
    pytest.mark.timeout(300),
    # paho leaves the socket of a failed handshake to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

DEVICE, OTHER = "door-1", "door-2"


@pytest.fixture
def work(tmp_path: Path) -> Iterator[AtWork]:
    made = AtWork(tmp_path)
    with made.running():
        yield made


def command(work: AtWork, *words: str) -> str:
    given = ("--folder", "fleet", "--passphrase-file", "passphrase")
    return provision(work.folder, *words, *given).stdout


def signed_by(work: AtWork, file: Path) -> int:
    """Return which of the fleet's issuing keys signed the certificate in a file."""
    numbers = {each: number for number, each in work.fleet.folder.issuing()}
    return numbers[held_in(file.read_bytes()).chain[1]]


def redeemed(folder: Path, fleet: Fleet, serving: Serving, device: str) -> Path:
    """Enrol a kiosk by a claim at a server, as a technician does; return its file."""
    root = fleet.folder.root_certificate().public_bytes(Encoding.DER)
    claim, _ = fleet.registrar.claim_for(SITE, device)
    code = Code(serving.url, claim, hashlib.sha256(root).digest()).text()
    folder.mkdir(exist_ok=True)
    enrolment = {"key_file": folder / many.KEY, "ca_file": folder / many.ROOT}
    door = {"site": SITE, "device": device, "direction": "in"}
    config = folder / "enrol.toml"
    config.write_text(as_toml({"kiosk": door, "enrolment": enrolment}))
    done = kiosk("enrol", "--claim", code, "--config", config)
    assert done.returncode == 0, done.stderr
    return folder / many.KEY


def client(work: AtWork, file: Path) -> Client:
    return Client(work.broker.port, file, file.with_name(many.ROOT))


def shown_by_broker(work: AtWork, file: Path) -> x509.Certificate:
    """Return the certificate that the broker shows to a kiosk now."""
    context = ssl.create_default_context(cafile=file.with_name(many.ROOT))
    context.load_cert_chain(file)
    with (
        socket.create_connection(("127.0.0.1", work.broker.port), 20) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as wire,
    ):
        raw = wire.getpeercert(binary_form=True)
    assert raw is not None
    return x509.load_der_x509_certificate(raw)


def passes(work: AtWork, door: Door) -> None:
    """Let somebody pass, and wait until the ledger has it."""
    epoch, _, number = door.passes(work.somebody()).partition(":")
    work.wait_until_stored(f"{SITE}/{DEVICE}", int(number), epoch)


def test_the_next_issuing_key_signs_and_the_old_one_goes_when_nobody_needs_it(
    work: AtWork,
) -> None:
    work.fleet.ahead_s = -70 * DAY_S
    file = work.enrolled(f"{SITE}/{DEVICE}")
    work.fleet.ahead_s = 0
    command(work, "ca", "issuing", "--root-passphrase-file", CA_ROOT_PHRASE)
    work.refresh()
    assert signed_by(work, file) == 1
    # The server was started before there was the next key, and is told by nobody.
    with Door(work.folder / "door", work.door_settings(file, DEVICE)) as door:
        door.next("certificate", what="the new one has connected")
        assert signed_by(work, file) == 2
        passes(work, door)
        for name in ("ledger", "watch"):
            command(work, "service", "enrol", name, "--role", "ledger", "--out", name)
        shown = provision(work.folder, "ca", "show", "--folder", "fleet").stdout.splitlines()
        assert [line.rpartition(", ")[2] for line in shown[2:]] == ["needed by 0", "needed by 3"]
        command(work, "ca", "distrust", "1")
        command(work, "broker", "write", "broker", "--host", "127.0.0.1")
        work.broker.stop()
        work.broker.start()
        passes(work, door)
        assert door.process.poll() is None
        assert door.says("starting") == door.says("starting")[:1]


def test_a_broker_shows_its_next_certificate_after_a_reload_and_throws_nobody_out(
    work: AtWork,
) -> None:
    file = work.enrolled(f"{SITE}/{DEVICE}")
    before = shown_by_broker(work, file)
    with client(work, file) as connected:
        command(work, "broker", "write", "broker", "--host", "127.0.0.1")
        work.broker.reload()
        after = shown_by_broker(work, file)
        assert after.public_key() != before.public_key()
        assert connected.says(f"kiosk/v1/{SITE}/{DEVICE}/status") == "Success"


def test_a_service_gets_its_next_certificate_and_the_one_before_counts_on(work: AtWork) -> None:
    file = work.folder / "ledger" / many.KEY
    before = work.folder / "before" / many.KEY
    before.parent.mkdir()
    for name in (many.KEY, many.ROOT):
        before.with_name(name).write_bytes(file.with_name(name).read_bytes())
    command(work, "service", "enrol", "ledger", "--role", "ledger", "--out", "ledger")
    assert held_in(file.read_bytes()).chain[0] != held_in(before.read_bytes()).chain[0]
    for each in (before, file):
        with client(work, each) as ledger:
            assert ledger.says(f"kiosk/v1/{SITE}/{OTHER}/ack", b"{}") in {
                *("Success", "No matching subscribers")
            }


def other_root(folder: Path) -> Fleet:
    """Return a fleet whose root is another one."""
    made = Fleet(folder)
    for path in folder.iterdir():
        path.unlink()
    made.folder = FleetFolder(folder)
    made.folder.make(Terms(name="Tests 2"), ROOT_PHRASE, PHRASE, int(made.now_s()))
    made.signers = made.folder.signers(PHRASE)
    made.registrar = made.opened()
    made.add_sites(SITE)
    return made


def test_a_kiosk_moves_to_another_root_while_both_are_trusted(work: AtWork) -> None:
    file = work.enrolled(f"{SITE}/{DEVICE}")
    with Serving(other := other_root(work.folder / "fleet-2")) as serving:
        # What the page says, with files: both roots everywhere, the new one first.
        both = b"".join(each.folder.root.read_bytes() for each in (other, work.fleet))
        file.with_name(many.ROOT).write_bytes(both)
        (work.broker.files / "ca.pem").write_bytes(both)
        lists = [each.folder.revocations.read_bytes() for each in (other, work.fleet)]
        (work.broker.files / "crl.pem").write_bytes(b"".join(lists))
        work.broker.reload()
        with client(work, file):
            pass
        assert redeemed(file.parent, other, serving, DEVICE) == file
    assert held_in(file.read_bytes()).chain[1] == other.folder.issuing()[0][1]
    with Door(work.folder / "door", work.door_settings(file, DEVICE)) as door:
        passes(work, door)
    # The broker's own comes last, when every kiosk has both roots.
    words = ("--folder", "fleet-2", "--passphrase-file", "passphrase")
    provision(work.folder, "broker", "write", "next", "--host", "127.0.0.1", *words)
    for name in ("broker.pem", "broker.key"):
        raw = (work.folder / "next" / name).read_bytes()
        (work.broker.files / name).write_bytes(raw)
    work.broker.reload()
    assert shown_by_broker(work, file).issuer == other.folder.issuing()[0][1].subject


def test_what_the_next_root_signed_is_refused_where_only_the_old_one_is_trusted(
    work: AtWork,
) -> None:
    other = other_root(work.folder / "fleet-2")
    file = other.write(work.folder / "held", other.enrolled(f"{SITE}/{DEVICE}"))
    file.with_name(many.ROOT).write_bytes(work.fleet.folder.root.read_bytes())
    assert client(work, file).outcome() != "Success"
