"""Words over a real broker and over one that says what it should not."""

import pytest

from kiosk.door.event import LEDGER_TOPIC, Acknowledgement, LedgerPresence
from kiosk.uplink import LedgerSaid, Puback, Word, WordRefused
from kiosk.uplink.delivery.words import MAX_WORD_BYTES
from tests.parts.broker import Broker
from tests.parts.check_ins import SOURCE, events
from tests.parts.mqtt_uplinks import connected
from tests.parts.scripted_broker import ScriptedBroker
from tests.parts.subscriber import Subscriber

EPOCH = "0123456789abcdef"
STORED = Acknowledgement(epochs={EPOCH: 3})
ACK_TOPIC = f"{SOURCE}/ack"


def test_what_the_ledger_says_is_heard(broker: Broker) -> None:
    with Subscriber(broker.port) as ward, connected(broker.port) as (_, reports):
        # Retained: it comes with the subscription, which from then on holds.
        ward.say(LEDGER_TOPIC, b'{"online":true}', retain=True)
        assert reports.next(LedgerSaid).word == LedgerPresence(online=True)
        for topic, body in [
            (ACK_TOPIC, STORED.model_dump_json().encode()),
            (LEDGER_TOPIC, b'{"online":7}'),
            (LEDGER_TOPIC, b""),
        ]:
            ward.say(topic, body)
        assert reports.next(LedgerSaid).word == STORED
        assert reports.next(WordRefused).word is Word.PRESENCE
        assert reports.next(LedgerSaid).word == LedgerPresence(online=False)


def test_what_is_retained_is_heard_on_every_connection(broker: Broker) -> None:
    with Subscriber(broker.port) as ward:
        ward.say(LEDGER_TOPIC, b'{"online":true}', retain=True)
        ward.next()
        for _ in range(2):
            with connected(broker.port) as (_, reports):
                assert reports.next(LedgerSaid).word == LedgerPresence(online=True)


def test_another_kiosks_acknowledgement_is_not_heard() -> None:
    """A broker that delivers what nobody subscribed to is no reason to believe it."""
    with ScriptedBroker() as stub, connected(stub.port) as (uplink, reports):
        stub.wait_for(lambda b: bool(b.subscribed))
        stub.say(ACK_TOPIC.replace("door-1", "door-2"), STORED.model_dump_json().encode())
        stub.say("kiosk/v1/lists/revoked", b"{}")
        stub.say(ACK_TOPIC, b"\xff")
        assert reports.next(WordRefused).word is Word.ACKNOWLEDGEMENT
        uplink.send(events(1)[0])
        assert reports.next(Puback) == Puback(1, 0)
        assert reports.rest() == []


@pytest.mark.parametrize("size", [MAX_WORD_BYTES + 1, 5_000_000])
@pytest.mark.threat("flood-kiosk")
def test_a_word_of_any_size_is_refused_and_the_connection_holds(size: int) -> None:
    with ScriptedBroker() as stub, connected(stub.port) as (uplink, reports):
        stub.wait_for(lambda b: bool(b.subscribed))
        stub.say(LEDGER_TOPIC, b" " * size)
        assert str(size) in reports.next(WordRefused).why
        uplink.send(events(1)[0])
        assert reports.next(Puback) == Puback(1, 0)


def test_a_broker_that_keeps_a_word_from_us_is_told() -> None:
    """A mosquitto 2.0 grants every subscription and then delivers nothing; others say so."""
    stub = ScriptedBroker()
    stub.granted = 0x87
    with stub, connected(stub.port) as (_, reports):
        refused = reports.take(WordRefused, 2)

    assert {report.word for report in refused} == set(Word) - {Word.LIST, Word.COMMAND}
    assert all("Not authorized" in report.why for report in refused)
