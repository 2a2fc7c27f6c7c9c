"""A thief with one kiosk's key and whole disk, against a real broker and another real kiosk.

The disk is made by the product: a kiosk is enrolled, gets its lists, records a check-in and loses
its power. What the broker lets an operator's certificate do is tried with that too, because it may
be lost as well: then the signatures alone stand between the thief and the doors.
"""

import random
import signal
import time
from collections.abc import Iterator

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from kiosk.app.status import Status
from kiosk.commands.form import KIND as COMMAND_KIND
from kiosk.commands.form import Command, CommandName, command_topic, payload_of
from kiosk.commands.wire import CommandStatus, Reply
from kiosk.door.event import Acknowledgement, source_of
from kiosk.door.sealed import Occasion, unix_us
from kiosk.enrolment.claim import CLAIM_BYTES, claim_text
from kiosk.enrolment.client import EnrolmentServer
from kiosk.enrolment.keys import new_key
from kiosk.errors import EnrolmentError, OnboardingRefused
from kiosk.eye.people import person
from kiosk.lists import drain, manifest
from kiosk.lists.form import DRAIN_TOPIC, ListName, manifest_topic
from kiosk.lists.signed import LIST_KIND, kid_of, signing
from kiosk.onboarding import form
from kiosk.payloads.parts.trust import Context
from ledger.authority import Authority, NotOpened
from provisioning.fleet.names import Role
from provisioning.lists.making import signed
from tests.e2e.door import Door
from tests.parts.authorities import office
from tests.parts.commands import commander
from tests.parts.fleets import Client
from tests.parts.issuers import CARD, card, card_text, sign1, trust, ward
from tests.parts.lists import ISSUED_S, a_list, operator, public_of
from tests.parts.stolen import OUTBOX, PRIVATE_KEYS, Disk
from tests.parts.streets import THIEF, VICTIM, Street, found_in

pytestmark = [
    # paho leaves the socket of a failed handshake to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

REFUSED = "Not authorized"
TAKEN = 1000
"""The version of the lists on the stolen disk."""
REVOKED = manifest_topic(ListName.REVOKED, None)
KINDS = {operator(): LIST_KIND, commander(): COMMAND_KIND}
"""Keys of one operator, and what each of them may sign; none of them onboards a kiosk."""


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    made = Street(tmp_path_factory.mktemp("street"))
    with made.broker:
        made.publish(TAKEN)
        yield made


@pytest.fixture(scope="module")
def disk(street: Street) -> Disk:
    """What is left of a kiosk whose plug was pulled while it worked."""
    folder, sections = street.kiosk(THIEF)
    with street.client(Role.LEDGER) as ledger, Door(folder, sections) as door:
        ledger.listens("kiosk/v1/+/+/event/+")
        for name in (ListName.ISSUERS, ListName.REVOKED):
            door.next("list", name=name.value, version=TAKEN)
        door.passes(person(random.Random(1)))
        assert ledger.hears()[0] == f"kiosk/v1/{THIEF}/event/checkin"
    return Disk(folder)


@pytest.fixture(scope="module")
def victim(street: Street, disk: Disk) -> Iterator[Door]:
    """Another kiosk of the same venue, which the thief would like to deceive."""
    assert disk.held.name == THIEF
    folder, sections = street.kiosk(VICTIM)
    with Door(folder, sections) as door:
        door.next("list", name="revoked", version=street.newest)
        yield door


@pytest.mark.threat("other-keys-on-disk")
def test_a_disk_holds_its_own_keys_and_nobody_elses(street: Street, disk: Disk) -> None:
    files = disk.files()
    assert {OUTBOX, "kiosk.toml", "lists/issuers.list", "lists/revoked.list"} <= files.keys()
    assert {name for name, raw in files.items() if b"PRIVATE KEY" in raw} == PRIVATE_KEYS
    for name, secret in street.secrets().items():
        assert not found_in(files, secret), name
    # A search that finds nothing at all would prove nothing.
    found = {name for name, secret in disk.secrets().items() if found_in(files, secret)}
    assert found == disk.secrets().keys() - PRIVATE_KEYS


@pytest.mark.threat("open-identities")
def test_identities_on_a_disk_stay_shut(disk: Disk) -> None:
    (event,) = disk.events()
    clock = event.data.clock
    occasion = Occasion(event.source, unix_us(clock.utc), clock.boot, clock.mono_ns)
    assert office().authority.open(event.data.sealed, occasion).kind == "cccd"
    for secret in disk.secrets().values():
        thief = Authority(X25519PrivateKey.from_private_bytes(secret))
        thief.key_id = office().authority.key_id
        with pytest.raises(NotOpened, match="altered"):
            thief.open(event.data.sealed, occasion)


@pytest.mark.threat("publish-as-another", "will-as-another")
def test_a_stolen_kiosk_that_calls_itself_another_is_heard_by_nobody(
    street: Street, disk: Disk
) -> None:
    other = "hk-042/door-7"
    folder, sections = street.moved(disk, other)
    with street.client(Role.LEDGER) as ledger, Door(folder, sections) as door:
        ledger.listens(f"kiosk/v1/{other}/#", f"kiosk/v1/{THIEF}/status")
        event_id = door.passes(person(random.Random(2)))
        for _ in range(2):
            # This mosquitto also hangs up on whom it has refused.
            door.next("uplink", connected=False)
        # Its last will is told to nobody either.
        door.stop(signal.SIGKILL)
        assert event_id in Disk(folder).unsent()
        with street.stolen(disk) as thief:
            thief.says(f"kiosk/v1/{THIEF}/status", b"own")
        heard = ("", b"")
        while heard[1] != b"own":
            heard = ledger.hears()
            assert heard[0] == f"kiosk/v1/{THIEF}/status"


@pytest.mark.threat("read-anothers")
def test_with_a_stolen_key_nobody_hears_what_another_is_told(street: Street, disk: Disk) -> None:
    with (
        street.stolen(disk) as thief,
        street.client(Role.LEDGER) as ledger,
        street.client(Role.OPERATOR) as desk,
    ):
        thief.listens("kiosk/v1/hk-042/+/cmd/+", "kiosk/v1/+/+/ack", f"kiosk/v1/{VICTIM}/#")
        ledger.says(f"kiosk/v1/{VICTIM}/ack", b"secret")
        desk.says(command_topic(f"kiosk/v1/{VICTIM}", "identify"), b"secret")
        desk.says(command_topic(f"kiosk/v1/{THIEF}", "identify"), b"own")
        assert thief.hears()[1] == b"own"


@pytest.mark.parametrize(
    "topic",
    [
        f"kiosk/v1/{VICTIM}/ack",
        f"kiosk/v1/{THIEF}/ack",
        "kiosk/v1/ledger",
        command_topic(f"kiosk/v1/{VICTIM}", "restart"),
        REVOKED,
        DRAIN_TOPIC,
    ],
)
@pytest.mark.threat("write-acknowledgement", "forge-list", "forge-command")
def test_a_stolen_key_may_not_say_it_to_anybody(street: Street, disk: Disk, topic: str) -> None:
    with street.stolen(disk) as thief:
        assert thief.says(topic, b"{}", retain=True) == REFUSED


@pytest.mark.threat("forge-card")
def test_no_card_that_a_thief_signs_opens_a_door(victim: Door, disk: Disk) -> None:
    now_s = int(time.time())
    claims = {**CARD, 4: now_s + 86_400, 5: now_s - 86_400}
    issuer = ward()
    for number, forger in enumerate(disk.forgers(issuer.name, issuer.kid)):
        claims[7] = number.to_bytes(8, "big")
        victim.show(card_text(sign1(forger, cbor2.dumps(claims))).decode("ascii"))
        answer = victim.next("scan", verdict="rejected")
        assert answer["reason"] in {"forged", "untrusted-issuer", "malformed"}
    victim.passes(card(issuer, c4=now_s + 86_400, c5=now_s - 86_400).decode("ascii"))


@pytest.mark.threat("forge-command", "lost-operator-certificate")
def test_no_command_that_a_thief_signs_is_done(street: Street, victim: Door, disk: Disk) -> None:
    source = f"kiosk/v1/{VICTIM}"
    with street.client(Role.OPERATOR) as desk:
        desk.listens(f"{source}/status", f"{source}/cmd/+/reply")
        before = commands_of(desk, source)
        terms = (CommandName.RESTART, source_of(*VICTIM.split("/")), bytes.fromhex(before.nonce))
        forged = payload_of(Command(*terms, counter=1, until_s=3600))
        kid = kid_of(public_of(commander()))
        sent = [sign1(forger, forged) for forger in disk.forgers("operator", kid)]
        for body in sent:
            assert desk.says(command_topic(source, CommandName.RESTART), body) == "Success"
        now = commands_of(desk, source)
        while sum(now.refused.values()) < sum(before.refused.values()) + len(sent):
            now = commands_of(desk, source)
        assert now.done == before.done
        assert now.refused.keys() == {"not-genuine", "other-issuer", "unreadable"}
        real = payload_of(Command(CommandName.IDENTIFY, *terms[1:], counter=2, until_s=3600))
        desk.says(command_topic(source, CommandName.IDENTIFY), signed(real, commander()))
        victim.next("command", name="identify")
    assert victim.process.poll() is None


@pytest.mark.threat("forge-list", "lost-operator-certificate", "old-list")
def test_no_list_that_a_thief_signs_or_kept_is_taken(
    street: Street, victim: Door, disk: Disk
) -> None:
    genuine = street.publish(street.newest + 1)
    victim.next("list", name="revoked", version=genuine)
    says = manifest.payload_of(a_list(version=genuine + 500).manifest)
    rate = drain.payload_of(drain.DrainRate(genuine + 500, ISSUED_S, 0.1))
    kid = kid_of(public_of(operator()))
    with street.client(Role.OPERATOR) as desk:
        for forger in disk.forgers("operator", kid):
            desk.says(REVOKED, sign1(forger, says), retain=True)
            desk.says(DRAIN_TOPIC, sign1(forger, rate), retain=True)
            victim.next("a list is not as it should be", name="revoked")
        desk.says(REVOKED, a_list(version=TAKEN).raw, retain=True)
        old = victim.next("a list is not as it should be", name="revoked")
        assert f"version {TAKEN} is below {genuine}" in old["why"]
        desk.says(DRAIN_TOPIC, b"", retain=True)
    newest = street.publish(genuine + 1)
    victim.next("list", name="revoked", version=newest)
    assert {line["version"] for line in victim.says("list", name="revoked")} <= street.published
    assert victim.says("list", name="drain") == []


@pytest.mark.threat("lost-ledger-certificate", "false-acknowledgement")
def test_nobody_acknowledges_what_was_never_sent(street: Street, victim: Door) -> None:
    source = f"kiosk/v1/{VICTIM}"
    with street.client(Role.LEDGER) as ledger, street.client(Role.OPERATOR) as desk:
        ledger.listens(f"{source}/event/+")
        event_id = victim.passes(person(random.Random(3)))
        while event_id.encode() not in ledger.hears()[1]:
            pass
        epoch, _, seq = event_id.partition(":")
        desk.listens(f"{source}/status")
        for epochs in ({"0" * 16: 1}, {epoch: int(seq) + 1000}):
            ledger.says(f"{source}/ack", Acknowledgement(epochs=epochs).model_dump_json().encode())
        heard_s = said(desk, source).uptime_s
        while (status := said(desk, source)).uptime_s <= heard_s:
            pass
        assert status.outbox is not None
        assert status.outbox.unacknowledged >= 1
        stored = Acknowledgement(epochs={epoch: int(seq)})
        ledger.says(f"{source}/ack", stored.model_dump_json().encode())
        while (outbox := said(desk, source).outbox) is None or outbox.unacknowledged > 0:
            pass


@pytest.mark.threat("play-enrolment-server")
def test_with_a_stolen_key_nobody_plays_the_enrolment_server(street: Street, disk: Disk) -> None:
    with street.impostor(disk) as impostor:
        server = EnrolmentServer(f"https://127.0.0.1:{impostor.port}", [street.root])
        with pytest.raises(EnrolmentError, match="not our server"):
            server.redeem(claim_text(bytes(CLAIM_BYTES)), new_key(), None, None)


@pytest.mark.threat("forge-onboarding-code", "key-of-another-kind")
def test_only_an_operators_key_for_onboarding_signs_an_onboarding_code(disk: Disk) -> None:
    onboarder, kid = operator(31), kid_of(public_of(operator(31)))
    setup = form.Setup(
        "hk-042", "door-3", "https://localhost", bytes(32), bytes(CLAIM_BYTES), "localhost", 8883, 1
    )
    body = form.payload_of(setup)
    # A kiosk that trusts each of these keys, with what it is for.
    trusted = [signing([public_of(key)], kind) for key, kind in KINDS.items()]
    trusted += [trust(ward()), signing([public_of(onboarder)], form.KIND)]
    signers = Context({name: keys for each in trusted for name, keys in each.keys.items()})

    def refusal(envelope: bytes) -> str:
        with pytest.raises(OnboardingRefused) as refused:
            form.opened(form.text_of(envelope).encode(), signers, 0, None)
        return refused.value.refusal

    forged = [refusal(sign1(forger, body)) for forger in disk.forgers("operator", kid)]
    assert set(forged) == {"not-genuine", "other-issuer", "unreadable"}
    others = [refusal(signed(body, key)) for key in KINDS]
    assert {*others, refusal(sign1(ward(), body))} == {"other-issuer"}
    genuine = form.text_of(signed(body, onboarder)).encode()
    assert form.opened(genuine, signers, 0, None) == setup


def said(desk: Client, source: str) -> Status:
    """Return a kiosk's next status; no command may be done meanwhile."""
    while True:
        topic, body = desk.hears()
        if topic == f"{source}/status":
            return Status.model_validate_json(body)
        assert not Reply.model_validate_json(body).done


def commands_of(desk: Client, source: str) -> CommandStatus:
    """Return what a kiosk's next status says of commands."""
    while (status := said(desk, source)).commands is None:
        pass
    return status.commands
