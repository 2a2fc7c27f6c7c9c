"""The contract of all sources, over a broker in memory and over a real mosquitto."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest

from kiosk.door.event import LEDGER_TOPIC
from ledger.errors import SourceLost
from ledger.source import Batch, Limits, Message, Source
from ledger.sources import memory, mqtt
from tests.parts.broker import Broker
from tests.parts.kiosk_events import SOURCE, message, status
from tests.parts.subscriber import Subscriber

TURNS = 600
"""Each waits a moment for something to come: a deadline of two minutes, and mostly none at all."""
LIMITS = Limits(events=4, wait_s=0.05)


@dataclass(frozen=True, slots=True)
class Rig:
    """A broker, and how to begin a session with it; `cut` breaks the connection of one."""

    begin: Callable[[], Source]
    publish: Callable[[Message], None]
    cut: Callable[[Source], None]
    retained: Callable[[str], bytes]


def in_memory() -> Rig:
    broker = memory.build(memory.Settings(), LIMITS)

    def begin() -> Source:
        broker.open()
        return broker

    def cut(_source: Source) -> None:
        broker.cut()
        broker.mend()

    return Rig(
        begin,
        lambda each: broker.publish(each.topic, each.body),
        cut,
        lambda topic: broker.retained[topic],
    )


def over_mqtt(broker: Broker, kiosk: Subscriber) -> Rig:
    settings = mqtt.Settings(host="127.0.0.1", port=broker.port, tls=False, will_delay_s=0)

    def begin() -> Source:
        source = mqtt.build(settings, LIMITS)
        source.open()
        source.be_present(online=True)
        with Subscriber(broker.port, LEDGER_TOPIC) as watcher:
            while b"true" not in watcher.next().body:
                pass
        return source

    def cut(_source: Source) -> None:
        # Another one takes the session over, as when a connection is lost and made again.
        begin().close()

    def retained(topic: str) -> bytes:
        with Subscriber(broker.port, topic) as asking:
            return asking.next().body

    return Rig(begin, lambda each: kiosk.say(each.topic, each.body), cut, retained)


@pytest.fixture(params=["memory", "mqtt"])
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    if request.param == "memory":
        yield in_memory()
        return
    broker: Broker = request.getfixturevalue("broker")
    with Subscriber(broker.port, "nothing") as kiosk:
        yield over_mqtt(broker, kiosk)


@pytest.fixture
def source(rig: Rig) -> Iterator[Source]:
    begun = rig.begin()
    yield begun
    begun.close()


def batches(source: Source, count: int) -> list[Batch]:
    """Return batches, not committed, until they hold `count` events."""
    found: list[Batch] = []
    for _ in range(TURNS):
        if sum(len(batch.events) for batch in found) >= count:
            return found
        found.append(source.batch())
    raise AssertionError(f"waited in vain for {count} events")


def bodies(found: list[Batch]) -> list[bytes]:
    return [each.body for batch in found for each in batch.events]


def publish(rig: Rig, *numbers: int) -> list[bytes]:
    for n in numbers:
        rig.publish(message(n))
    return [message(n).body for n in numbers]


def test_events_come_in_order_and_with_their_topic(rig: Rig, source: Source) -> None:
    sent = publish(rig, *range(1, 11))
    found = batches(source, 10)
    assert bodies(found) == sent
    assert {each.topic for batch in found for each in batch.events} == {f"{SOURCE}/event/checkin"}


def test_no_batch_is_larger_than_the_limit_and_the_next_fills_meanwhile(
    rig: Rig, source: Source
) -> None:
    publish(rig, *range(1, 13))
    # None of them is committed: what is under way is more than one batch.
    assert max(len(batch.events) for batch in batches(source, 12)) <= LIMITS.events


def test_nothing_comes_where_nothing_is(source: Source) -> None:
    assert list(source.batch().events) == []


def test_what_was_not_committed_comes_again_in_the_next_life(rig: Rig, source: Source) -> None:
    sent = publish(rig, 1, 2, 3, 4, 5)
    first, *rest = batches(source, 5)
    source.commit(first)
    source.close()

    again = rig.begin()
    expected = sent[len(first.events) :]
    assert len(rest) >= 1
    assert bodies(batches(again, len(expected))) == expected
    again.close()


def test_what_was_published_while_nobody_was_here_is_kept(rig: Rig) -> None:
    rig.begin().close()
    sent = publish(rig, 1, 2, 3)
    source = rig.begin()
    assert bodies(batches(source, 3)) == sent
    source.close()


def test_a_batch_of_a_broken_connection_is_not_committed_on_the_next(
    rig: Rig, source: Source
) -> None:
    sent = publish(rig, 1, 2)
    old = batches(source, 2)
    rig.cut(source)
    again = batches(source, 2)
    for batch in old:
        source.commit(batch)
    source.close()

    assert set(bodies(again)) == set(sent)
    after = rig.begin()
    assert bodies(batches(after, 2)) == sent
    after.close()


def test_statuses_come_beside_events_and_need_no_answer(rig: Rig, source: Source) -> None:
    rig.publish(status())
    heard: list[Message] = []
    for _ in range(TURNS):
        heard += source.batch().statuses
        if heard:
            break
    assert [(each.topic, each.body) for each in heard] == [(status().topic, status().body)]


def tell(source: Source, topic: str, body: bytes) -> None:
    for _ in range(TURNS):
        with suppress(SourceLost):
            source.tell(topic, body)
            return
        source.batch()


def test_what_was_told_last_is_what_is_heard_later(rig: Rig, source: Source) -> None:
    for upto in (1, 2):
        tell(source, f"{SOURCE}/ack", b'{"epochs":{"0123456789abcdef":%d}}' % upto)
    source.close()
    assert rig.retained(f"{SOURCE}/ack") == b'{"epochs":{"0123456789abcdef":2}}'

    again = rig.begin()
    said: list[Message] = []
    for _ in range(TURNS):
        said += again.batch().said
        if said:
            break
    assert [each.topic for each in said] == [f"{SOURCE}/ack"]
    again.close()


def test_it_says_whether_events_are_stored(rig: Rig, source: Source) -> None:
    source.be_present(online=True)
    assert rig.retained(LEDGER_TOPIC) == b'{"online":true}'
    source.close()
    assert rig.retained(LEDGER_TOPIC) == b'{"online":false}'
