"""A real mosquitto with the fleet's own settings: what one kiosk's stolen key is good for.

The thief is `hk-042/door-1`, with its key and its certificate.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.enrolment.keys import Held
from kiosk.uplink import Connected, Puback
from kiosk.uplink.mqtt import Settings, build
from provisioning.fleet import broker_files, certificates, many
from provisioning.fleet.names import Role
from tests.parts.broker import program
from tests.parts.check_ins import events
from tests.parts.fleets import PHRASE, ROOT_PHRASE, Client, Fleet, FleetBroker, clients
from tests.parts.reports import Reports

pytestmark = [
    pytest.mark.skipif(program() is None, reason="mosquitto is not installed"),
    # paho leaves the socket of a failed handshake to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

THIEF, OTHER, ELSEWHERE = "hk-042/door-1", "hk-042/door-2", "hk-043/door-1"
HONEST = "hk-045/door-1"
REFUSED = "Not authorized"
FORBIDDEN = [
    f"kiosk/v1/{OTHER}/event/checkin",
    f"kiosk/v1/{ELSEWHERE}/event/checkin",
    f"kiosk/v1/{OTHER}/status",
    f"kiosk/v1/{OTHER}/ack",
    f"kiosk/v1/{THIEF}/ack",
    "kiosk/v1/ledger",
    f"kiosk/v1/{OTHER}/cmd/identify",
    f"kiosk/v1/{THIEF}/cmd/identify",
    f"kiosk/v1/{OTHER}/cmd/identify/reply",
    "kiosk/v1/lists/revoked",
    "kiosk/v1/hk-042/lists/barred",
    "kiosk/v1/config/drain",
    f"kiosk/v1/{THIEF}/event/checkin/more",
    "kiosk/v1/hk-042/event/checkin",
    "anything",
]
ALLOWED = [
    f"kiosk/v1/{THIEF}/event/checkin",
    f"kiosk/v1/{THIEF}/event/clock",
    f"kiosk/v1/{THIEF}/status",
    f"kiosk/v1/{THIEF}/cmd/identify/reply",
]


class Place:
    """A fleet, its broker, and certificates of whoever is asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fleet = Fleet(folder / "fleet")
        self.held: dict[str, Path] = {}
        for name in (THIEF, OTHER, ELSEWHERE, HONEST):
            self.held[name] = self.fleet.write(folder / name, self.fleet.enrolled(name))
        for role in Role:
            held = self.fleet.registrar.service(role.value, role)
            self.held[role.value] = self.fleet.write(folder / role.value, held)
        self.broker = FleetBroker(folder, self.fleet)

    def client(self, name: str, will: str | None = None) -> Client:
        held = self.held[name]
        return Client(self.broker.port, held, held.with_name(many.ROOT), will)

    def refresh(self) -> None:
        assert broker_files.refresh(self.broker.files, self.fleet.folder)
        self.broker.reload()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    made = Place(tmp_path_factory.mktemp("fleet"))
    with made.broker:
        yield made


@pytest.mark.parametrize("topic", FORBIDDEN)
@pytest.mark.parametrize("retain", [False, True])
@pytest.mark.threat("publish-as-another", "write-acknowledgement", "forge-list", "forge-command")
def test_a_thief_may_not_write(place: Place, topic: str, *, retain: bool) -> None:
    # One word a connection: with unlimited queues mosquitto 2.0.11 ends it after a refusal.
    with place.client(THIEF) as thief:
        assert thief.says(topic, b"x", retain=retain) == REFUSED


@pytest.mark.parametrize("topic", ALLOWED)
def test_a_kiosk_may_write_its_own(place: Place, topic: str) -> None:
    with place.client("operator") as operator, place.client(THIEF) as kiosk:
        operator.listens(f"kiosk/v1/{THIEF}/#")
        assert kiosk.says(topic) in {"Success", "No matching subscribers"}


@pytest.mark.threat("read-anothers")
def test_a_thief_hears_nothing_of_others(place: Place) -> None:
    others = [f"kiosk/v1/{name}/cmd/identify" for name in (OTHER, ELSEWHERE)]
    names = ("operator", "ledger", THIEF, OTHER)
    with clients(place.client, *names) as (operator, ledger, thief, other):
        thief.listens("#", "kiosk/v1/#", "+/+/+/+/cmd/+", *others, f"kiosk/v1/{OTHER}/ack")
        other.listens(f"kiosk/v1/{OTHER}/cmd/+", f"kiosk/v1/{OTHER}/ack")
        for topic in others:
            operator.says(topic, b"secret")
        ledger.says(f"kiosk/v1/{OTHER}/ack", b"secret", retain=True)
        other.says(f"kiosk/v1/{OTHER}/event/checkin", b"secret")
        # What is said last and is the thief's own comes first where nothing else comes.
        operator.says(f"kiosk/v1/{THIEF}/cmd/identify", b"own")
        assert thief.hears() == (f"kiosk/v1/{THIEF}/cmd/identify", b"own")
        assert {other.hears()[0] for _ in range(2)} == {others[0], f"kiosk/v1/{OTHER}/ack"}
        ledger.says(f"kiosk/v1/{OTHER}/ack", b"", retain=True)


@pytest.mark.threat("read-anothers")
def test_what_is_retained_for_another_is_not_told_to_a_thief(place: Place) -> None:
    with place.client("ledger") as ledger, place.client(THIEF) as thief:
        ledger.says(f"kiosk/v1/{ELSEWHERE}/ack", b"secret", retain=True)
        ledger.says(f"kiosk/v1/{THIEF}/ack", b"own", retain=True)
        thief.listens(f"kiosk/v1/{ELSEWHERE}/ack")
        thief.listens(f"kiosk/v1/{THIEF}/ack")
        assert thief.hears() == (f"kiosk/v1/{THIEF}/ack", b"own")
        for name in (ELSEWHERE, THIEF):
            ledger.says(f"kiosk/v1/{name}/ack", b"", retain=True)


@pytest.mark.threat("will-as-another")
def test_a_forged_will_is_told_to_nobody(place: Place) -> None:
    with place.client("operator") as operator:
        operator.listens(f"kiosk/v1/{OTHER}/status", f"kiosk/v1/{THIEF}/status")
        thief = place.client(THIEF, will=f"kiosk/v1/{OTHER}/status")
        assert thief.outcome() == "Success"
        thief.vanish()
        honest = place.client(THIEF, will=f"kiosk/v1/{THIEF}/status")
        assert honest.outcome() == "Success"
        honest.vanish()
        assert operator.hears() == (f"kiosk/v1/{THIEF}/status", b"forged")
    with place.client(THIEF) as kiosk:
        kiosk.says(f"kiosk/v1/{THIEF}/status", b"", retain=True)


@pytest.mark.threat("take-connection")
def test_nobody_is_thrown_off_by_somebody_with_the_same_client_id(place: Place) -> None:
    # All of them say that they are called "anything".
    with place.client(OTHER) as other, place.client("operator") as operator:
        operator.listens(f"kiosk/v1/{OTHER}/status")
        with place.client(THIEF):
            assert other.says(f"kiosk/v1/{OTHER}/status", b"here") == "Success"


@pytest.mark.threat("play-broker")
def test_with_a_kiosks_key_nobody_plays_the_broker(place: Place, tmp_path: Path) -> None:
    impostor = FleetBroker(tmp_path, place.fleet)
    stolen = place.held[THIEF].read_bytes()
    (impostor.files / broker_files.CERTIFICATE).write_bytes(stolen)
    (impostor.files / broker_files.KEY).write_bytes(stolen)
    with impostor:
        held = place.held[OTHER]
        victim = Client(impostor.port, held, held.with_name(many.ROOT))
        assert "verify failed" in victim.outcome()


@pytest.mark.threat("certify-another")
def test_a_certificate_that_a_kiosk_has_signed_is_refused(place: Place, tmp_path: Path) -> None:
    thief = place.fleet.enrolled("hk-044/door-1")
    signer = certificates.Signer(thief.key, thief.chain[0])
    key = certificates.new_key()
    forged = certificates.client(signer, key.public_key(), OTHER, int(place.fleet.now_s()), 10)
    held = place.fleet.write(tmp_path, Held(key, (forged, *thief.chain)))
    assert Client(place.broker.port, held, held.with_name(many.ROOT)).outcome() != "Success"


def test_the_kiosks_own_uplink_connects_and_delivers(place: Place) -> None:
    held, reports = place.held[HONEST], Reports()
    files = {"ca_file": held.with_name(many.ROOT), "cert_file": held, "key_file": held}
    settings = Settings.model_validate({"host": "127.0.0.1", "port": place.broker.port, **files})
    uplink = build(settings, f"kiosk/v1/{HONEST}", b"{}")
    with place.client("ledger") as ledger:
        ledger.listens("kiosk/v1/+/+/event/+")
        uplink.connect(reports)
        reports.next(Connected)
        uplink.send(events(1)[0])
        assert reports.next(Puback).code == 0
        assert ledger.hears()[0] == f"kiosk/v1/{HONEST}/event/checkin"
    uplink.disconnect()


@pytest.mark.threat("go-on-after-revocation")
def test_whoever_is_revoked_is_refused_and_silenced_at_once(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with place.broker, place.client(THIEF) as thief, place.client(OTHER) as other:
        place.fleet.registrar.revoke(THIEF, "stolen")
        place.refresh()
        assert place.client(THIEF).outcome() != "Success"
        # Nobody asks for revocations again while a connection lasts: so its rights are taken too.
        assert thief.says(f"kiosk/v1/{THIEF}/status") == REFUSED
        assert other.says(f"kiosk/v1/{OTHER}/status") != REFUSED
        # Enrolled anew, the door is there again, and the stolen key is not.
        anew = place.fleet.write(tmp_path / "anew", place.fleet.enrolled(THIEF))
        place.refresh()
        assert place.client(THIEF).outcome() != "Success"
        place.held[THIEF] = anew
        with place.client(THIEF) as kiosk:
            assert kiosk.says(f"kiosk/v1/{THIEF}/status") != REFUSED


@pytest.mark.threat("lost-issuing-key")
def test_what_a_lost_issuing_key_signed_is_refused_without_its_list(tmp_path: Path) -> None:
    place = Place(tmp_path)
    fleet, old = place.fleet, place.fleet.signers[-1]
    fleet.folder.add_issuing(fleet.folder.root_key, ROOT_PHRASE, PHRASE, int(fleet.now_s()))
    fleet.folder.distrust(old.number)
    fleet.signers = fleet.folder.signers(PHRASE)
    fleet.registrar = fleet.opened()
    fleet.registrar.revocations.write()
    place.held[HONEST] = fleet.write(tmp_path / "anew", fleet.enrolled(HONEST))
    key = certificates.new_key()
    forged = certificates.client(old, key.public_key(), OTHER, int(fleet.now_s()), 10)
    place.held[OTHER] = fleet.write(tmp_path / "forged", Held(key, (forged, old.certificate)))
    place.broker = FleetBroker(tmp_path, fleet)
    with place.broker, place.client(HONEST):
        # The thief has the key that signed all of them; the root above it is trusted still.
        assert place.client(OTHER).outcome() != "Success"
        assert place.client(THIEF).outcome() != "Success"


def test_the_settings_are_those_that_the_design_asks_for(place: Place) -> None:
    lines = (place.folder / "mosquitto.conf").read_text().splitlines()
    wanted = ["allow_anonymous false", "require_certificate true", "use_identity_as_username true"]
    for line in [*wanted, "max_queued_messages 0", "persistence true"]:
        assert line in lines
