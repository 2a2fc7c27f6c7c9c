"""The courier carries what somebody else wants to hear, and keeps none of it."""

import queue
from collections.abc import Iterator

import pytest

from kiosk.uplink import Connected, Retained, Wanted
from tests.parts.office import DEADLINE_S, Office

MANIFEST = Wanted("kiosk/v1/lists/revoked", 100)
SHARD = Wanted("kiosk/v1/lists/revoked/00", 100, once=True)


@pytest.fixture
def office() -> Iterator[Office]:
    office = Office()
    yield office
    office.close()


def test_connections_and_wanted_messages_reach_whoever_listens(office: Office) -> None:
    heard: queue.Queue[Connected | Retained] = queue.Queue()
    office.courier.heard_by(heard.put)
    office.commit(1)
    office.courier.start()
    assert isinstance(heard.get(timeout=DEADLINE_S), Connected)

    office.courier.listen([MANIFEST, SHARD])
    with office.broker.changed:
        assert office.broker.changed.wait_for(
            lambda: office.broker.wanted == [MANIFEST, SHARD], DEADLINE_S
        )
    post = office.broker.post
    assert post is not None
    post(Retained(SHARD.topic, b"a shard"))
    assert heard.get(timeout=DEADLINE_S) == Retained(SHARD.topic, b"a shard")
    office.settle(unsent=0)


def test_without_a_listener_or_a_connection_nothing_is_lost_of_the_events(office: Office) -> None:
    office.broker.refuse_connections = 1
    office.courier.listen([MANIFEST])
    office.commit(3)
    office.courier.start()
    office.now_s = 60.0
    office.settle(unsent=0)
    post = office.broker.post
    assert post is not None
    post(Retained(MANIFEST.topic, b"nobody asked"))
    office.commit(1)
    office.settle(unsent=0)
    assert office.broker.received == [1, 2, 3, 4]
