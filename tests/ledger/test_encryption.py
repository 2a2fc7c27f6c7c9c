"""A worker's certificate is renewed on its disk, and the next connection shows the new one."""

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from structlog.testing import capture_logs

from kiosk.door.event import LEDGER_TOPIC
from ledger.errors import SettingsError
from ledger.source import Limits
from ledger.sources import mqtt
from ledger.sources.encryption import Encryption
from provisioning.fleet import broker_files, certificates, many
from provisioning.fleet.folder import write
from provisioning.fleet.names import Role
from tests.parts.broker import program
from tests.parts.fleets import Client, Fleet, FleetBroker

NAME = "ledger-1"
STAYS = "the certificate of before stays in use"
CUT_BYTES = 400
# paho leaves the socket of a failed handshake to the garbage collector.
leaves_sockets = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


class City:
    """A fleet's broker, a worker's file, and somebody who hears whether a ledger is there."""

    def __init__(self, folder: Path) -> None:
        self.fleet = Fleet(folder / "fleet")
        self.held = self.renewed(folder / NAME)
        self.other = self.fleet.write(
            folder / "watch", self.fleet.registrar.service("watch", Role.LEDGER)
        )
        self.broker = FleetBroker(folder, self.fleet)

    def renewed(self, folder: Path) -> Path:
        """Write the next key and certificate of the worker."""
        return self.fleet.write(folder, self.fleet.registrar.service(NAME, Role.LEDGER))

    def refuse(self, raw: bytes) -> None:
        """Have the broker refuse this very certificate from its next start on."""
        certificate = x509.load_pem_x509_certificate(raw[raw.index(b"-----BEGIN CERT") :])
        signer, now_s = self.fleet.signers[-1], int(time.time())
        made = certificates.revocations(signer, [(certificate.serial_number, now_s)], 9, now_s)
        write(self.broker.files / broker_files.REVOCATIONS, made.public_bytes(Encoding.PEM))

    def restart(self) -> None:
        """End all sessions; what was retained is gone as well."""
        self.broker.kill()
        self.broker.start()

    def client(self, held: Path) -> Client:
        return Client(self.broker.port, held, held.with_name(many.ROOT))

    def hears_the_worker(self) -> None:
        """Wait until the worker has a session and says so."""
        with self.client(self.other) as watcher:
            watcher.listens(LEDGER_TOPIC)
            while b"true" not in watcher.hears()[1]:
                pass

    @contextmanager
    def worker(self) -> Iterator[None]:
        """Let a worker hold a session while `with` lasts."""
        settings = mqtt.Settings(
            host="127.0.0.1",
            port=self.broker.port,
            ca_file=self.held.with_name(many.ROOT),
            cert_file=self.held,
            key_file=self.held,
            client_id=NAME,
        )
        made = mqtt.build(settings, Limits(events=50))
        made.open()
        made.be_present(online=True)
        try:
            self.hears_the_worker()
            yield
        finally:
            made.close()


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    """Give a fleet whose broker runs."""
    if program() is None:
        pytest.skip("mosquitto is not installed")
    made = City(tmp_path)
    with made.broker:
        yield made


@leaves_sockets
def test_a_renewed_certificate_is_shown_at_the_next_connection(city: City) -> None:
    before = city.held.read_bytes()
    with city.worker():
        city.renewed(city.held.parent)
        city.refuse(before)
        city.restart()
        city.hears_the_worker()
        # The one of before would not have got in.
        old = city.held.with_name("before.key")
        old.write_bytes(before)
        assert city.client(old).outcome() != "Success"


def test_a_certificate_that_is_half_written_leaves_the_one_before_in_use(city: City) -> None:
    whole = city.held.read_bytes()
    with city.worker(), capture_logs() as said:
        city.held.write_bytes(whole[:CUT_BYTES])
        for _ in range(2):
            city.restart()
            city.hears_the_worker()
    told = [each["why"] for each in said if each["event"] == STAYS]
    assert len(told) == 1
    assert told[0].startswith("source.cert_file: cannot be used")


def damaged_key(held: Path, whole: bytes) -> None:
    """The certificate can be read, and its key cannot."""
    held.write_bytes(whole[whole.index(b"-----BEGIN CERT") :])


def nothing(held: Path, _whole: bytes) -> None:
    held.unlink()


@pytest.mark.parametrize("damage", [damaged_key, nothing])
def test_trouble_is_told_once_until_the_file_is_whole_again(
    tmp_path: Path, damage: Callable[[Path, bytes], None]
) -> None:
    fleet = Fleet(tmp_path / "fleet")
    held = fleet.write(tmp_path / NAME, fleet.registrar.service(NAME, Role.LEDGER))
    whole = held.read_bytes()
    encryption = Encryption(held.with_name(many.ROOT), held, held)
    context = encryption.context
    with capture_logs() as said:
        for _ in range(2):
            damage(held, whole)
            encryption.renew()
            encryption.renew()
            held.write_bytes(whole)
            encryption.renew()
    assert [each["event"] for each in said] == [STAYS, STAYS]
    assert encryption.context is context


def test_an_authority_that_is_added_is_trusted_without_a_restart(tmp_path: Path) -> None:
    fleet, next_one = Fleet(tmp_path / "fleet"), certificates.make_root("Next", int(time.time()))
    ca_file = tmp_path / "ca.pem"
    ca_file.write_bytes(fleet.folder.root.read_bytes())
    encryption = Encryption(ca_file, None, None)
    added = next_one.certificate.public_bytes(Encoding.PEM)
    ca_file.write_bytes(fleet.folder.root.read_bytes() + added)
    encryption.renew()
    trusted = encryption.context.get_ca_certs(binary_form=True)
    assert ssl.PEM_cert_to_DER_cert(added.decode()) in trusted


def test_files_that_cannot_be_used_are_told_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"source\.ca_file: cannot be used"):
        Encryption(tmp_path / "no.pem", None, None)
