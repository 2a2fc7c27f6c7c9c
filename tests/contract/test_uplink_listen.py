"""Topics that somebody wants besides: bounded in size and in number, over a real broker."""

from collections.abc import Iterator

import pytest

from kiosk.uplink import Puback, Retained, Wanted, Word, WordRefused
from kiosk.uplink.mqtt import MAX_MESSAGE_BYTES
from tests.parts.broker import Broker
from tests.parts.check_ins import events
from tests.parts.mqtt_uplinks import connected
from tests.parts.reports import Reports
from tests.parts.scripted_broker import ScriptedBroker
from tests.parts.subscriber import Subscriber

TOPIC = "kiosk/v1/lists/revoked"
LARGEST = 1000


@pytest.fixture
def other(broker: Broker) -> Iterator[Subscriber]:
    with Subscriber(broker.port, "#") as subscriber:
        yield subscriber


def retain(other: Subscriber, topic: str, body: bytes) -> None:
    """Have a message retained; returns when the broker has it."""
    other.say(topic, body, retain=True)
    assert other.next().topic == topic


def test_what_is_retained_comes_and_so_does_what_follows(broker: Broker, other: Subscriber) -> None:
    retain(other, TOPIC, b"one")
    with connected(broker.port) as (uplink, reports):
        uplink.listen([Wanted(TOPIC, LARGEST)])
        assert reports.next(Retained) == Retained(TOPIC, b"one")
        retain(other, TOPIC, b"two")
        assert reports.next(Retained) == Retained(TOPIC, b"two")


def test_once_is_once_and_may_be_wanted_again(broker: Broker, other: Subscriber) -> None:
    shard = f"{TOPIC}/0f"
    retain(other, shard, b"one")
    with connected(broker.port) as (uplink, reports):
        uplink.listen([Wanted(shard, LARGEST, once=True), Wanted(TOPIC, LARGEST)])
        assert reports.next(Retained) == Retained(shard, b"one")
        retain(other, shard, b"two")
        # What follows shows that nothing came in between.
        retain(other, TOPIC, b"a manifest")
        assert reports.next(Retained) == Retained(TOPIC, b"a manifest")

        uplink.listen([Wanted(shard, LARGEST, once=True)])
        assert reports.next(Retained) == Retained(shard, b"two")


@pytest.mark.threat("flood-kiosk")
def test_what_is_too_large_is_dropped_and_the_connection_stays(
    broker: Broker, other: Subscriber
) -> None:
    retain(other, TOPIC, b"one")
    with connected(broker.port) as (uplink, reports):
        uplink.listen([Wanted(TOPIC, LARGEST)])
        # From now on the subscription holds.
        assert reports.next(Retained) == Retained(TOPIC, b"one")
        other.say(TOPIC, bytes(LARGEST + 1))
        other.say(TOPIC, bytes(2 * MAX_MESSAGE_BYTES))
        other.say(TOPIC, bytes(LARGEST))
        assert reports.next(Retained) == Retained(TOPIC, bytes(LARGEST))
        uplink.send(events(1)[0])
        assert reports.next(Puback).code == 0


def test_the_largest_shard_comes(broker: Broker, other: Subscriber) -> None:
    retain(other, TOPIC, bytes(MAX_MESSAGE_BYTES))
    with connected(broker.port) as (uplink, reports):
        uplink.listen([Wanted(TOPIC, MAX_MESSAGE_BYTES, once=True)])
        assert reports.next(Retained) == Retained(TOPIC, bytes(MAX_MESSAGE_BYTES))


def test_nothing_comes_of_what_nobody_wanted(broker: Broker, other: Subscriber) -> None:
    retain(other, TOPIC, b"one")
    with connected(broker.port) as (uplink, reports):
        uplink.listen([Wanted(f"{TOPIC}/00", LARGEST)])
        retain(other, f"{TOPIC}/00", b"wanted")
        assert reports.next(Retained) == Retained(f"{TOPIC}/00", b"wanted")
    assert [r for r in reports.rest() if isinstance(r, Retained)] == []


def test_nothing_wanted_is_kept_for_the_next_connection(broker: Broker, other: Subscriber) -> None:
    retain(other, TOPIC, b"one")
    with connected(broker.port) as (uplink, reports):
        uplink.listen([Wanted(TOPIC, LARGEST)])
        reports.next(Retained)
        again = Reports()
        uplink.connect(again)
        assert again.next(object) is not None
        uplink.send(events(1)[0])
        assert again.next(Puback).code == 0
        assert again.rest() == []


def test_a_broker_that_keeps_lists_from_us_is_told() -> None:
    with ScriptedBroker() as stub, connected(stub.port) as (uplink, reports):
        stub.wait_for(lambda b: bool(b.subscribed))
        stub.granted = 0x87
        uplink.listen([Wanted(TOPIC, LARGEST), Wanted(f"{TOPIC}/00", LARGEST)])
        refused = reports.take(WordRefused, 2)
    assert {report.word for report in refused} == {Word.LIST}
