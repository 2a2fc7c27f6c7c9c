"""The courier connects anew when it is told to: with what its files hold then, losing nothing."""

import threading
from collections.abc import Iterator

import pytest

from tests.parts.office import DEADLINE_S, Office


@pytest.fixture
def office() -> Iterator[Office]:
    office = Office()
    yield office
    office.close()


def test_what_was_in_flight_goes_over_the_new_connection(office: Office) -> None:
    office.broker.script.append(None)
    office.commit(1)
    office.courier.start()
    office.wait_received(1)
    ended, up = threading.Event(), list[bool]()

    def done() -> None:
        up.append(office.broker.up)
        ended.set()

    office.courier.redial(done)
    assert ended.wait(DEADLINE_S)
    assert up == [False], "whoever waits is told when the old connection has ended"
    office.now_s = 5.0
    office.settle(unsent=0)
    assert office.broker.received == [1, 1]
    assert office.courier.connected


def test_before_there_is_a_connection_it_only_tells(office: Office) -> None:
    office.broker.refuse_connections = 1
    office.courier.start()
    ended = threading.Event()
    office.courier.redial(ended.set)
    assert ended.wait(DEADLINE_S)
