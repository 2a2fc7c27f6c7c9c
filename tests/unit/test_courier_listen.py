"""The courier carries what somebody else wants to hear, and keeps none of it."""

import queue
from collections.abc import Iterator

import pytest

from kiosk.uplink import Commanded, Connected, Retained, Wanted
from kiosk.uplink.courier import Heard
from tests.parts.office import DEADLINE_S, Office

MANIFEST = Wanted("kiosk/v1/lists/revoked", 100)
SHARD = Wanted("kiosk/v1/lists/revoked/00", 100, once=True)


@pytest.fixture
def office() -> Iterator[Office]:
    office = Office()
    yield office
    office.close()


def test_connections_and_wanted_messages_reach_whoever_listens(office: Office) -> None:
    heard: queue.Queue[Heard] = queue.Queue()
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


def test_commands_reach_everybody_who_listens_and_are_answered(office: Office) -> None:
    one, other = queue.Queue[Heard](), queue.Queue[Heard]()
    office.courier.heard_by(one.put)
    office.courier.heard_by(other.put)
    office.courier.start()
    for heard in (one, other):
        assert isinstance(heard.get(timeout=DEADLINE_S), Connected)
    office.said(command := Commanded("identify", b"now", 3, retained=False))
    assert (one.get(timeout=DEADLINE_S), other.get(timeout=DEADLINE_S)) == (command, command)

    office.courier.answer("identify", b"done")
    with office.broker.changed:
        assert office.broker.changed.wait_for(
            lambda: office.broker.answers == [("identify", b"done")], DEADLINE_S
        )


def test_what_was_answered_last_leaves_before_the_last_words(office: Office) -> None:
    office.courier.start()
    office.wait_until(lambda: office.broker.up)
    office.courier.answer("restart", b"it ends")
    office.courier.close(b"last words", DEADLINE_S)
    assert office.broker.answers == [("restart", b"it ends")]
    assert office.broker.last_words == b"last words"


def test_an_answer_without_a_connection_is_nobodys(office: Office) -> None:
    office.broker.refuse_connections = 1
    office.courier.answer("identify", b"done")
    office.commit(1)
    office.courier.start()
    office.now_s = 60.0
    office.settle(unsent=0)
    assert office.broker.answers == []
