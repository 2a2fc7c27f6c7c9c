"""The MQTT uplink and brokers that mosquitto is not: strict, silent, or gone in the middle."""

import contextlib
import threading

import pytest

from kiosk.errors import BrokerUnreachable
from kiosk.uplink import Connected, Disconnected, Puback
from tests.parts.check_ins import events
from tests.parts.mqtt_uplinks import attempted, connected
from tests.parts.reports import join
from tests.parts.scripted_broker import (
    ACCEPTED,
    CONNECT,
    Published,
    ScriptedBroker,
    accepted,
    puback,
)


def test_what_was_in_flight_when_the_connection_broke_is_not_sent_again() -> None:
    """The outbox is the only queue: what paho remembered would come twice, or out of order."""
    answers: list[bytes | None] = [b"", b"", None]
    with (
        ScriptedBroker(answer=lambda p: answers.pop(0) if answers else puback(p.mid)) as stub,
        connected(stub.port) as (uplink, reports),
    ):
        for event in events(2):
            uplink.send(event)
        with contextlib.suppress(BrokerUnreachable):
            uplink.send(events(3)[2])
        reports.next(Disconnected)
        assert len(stub.heard) == 3

        uplink.connect(reports)
        reports.next(Connected)
        uplink.send(events(4)[3])
        assert reports.next(Puback) == Puback(4, 0)
        assert len(stub.heard) == 4
        assert reports.rest() == []


def test_nothing_is_held_back_behind_a_window_of_its_own() -> None:
    """The courier keeps the window; a second one would make events wait without a word."""
    waiting: list[bytes] = []

    def answers(published: Published) -> bytes:
        waiting.append(published.mid)
        return b"".join(map(puback, waiting)) if len(waiting) == 60 else b""

    with ScriptedBroker(answer=answers) as stub, connected(stub.port) as (uplink, reports):
        for event in events(60):
            uplink.send(event)

        assert [answer.row for answer in reports.take(Puback, 60)] == list(range(1, 61))


def test_a_lost_connection_is_not_made_again_behind_our_back() -> None:
    """When to connect is the courier's to say: a fleet must not come back all at once."""
    with ScriptedBroker(answer=lambda _: None) as stub, connected(stub.port) as (uplink, reports):
        network = {t for t in threading.enumerate() if t.name == "network"}
        # The broker may have hung up before `send` is back: then it says so as well.
        with contextlib.suppress(BrokerUnreachable):
            uplink.send(events(1)[0])
        reports.next(Disconnected)
        for thread in network:
            join(thread)

        assert stub.packets.count(CONNECT) == 1
        assert network


@pytest.mark.parametrize(
    ("greeting", "expected"), [(accepted(3), 3), (accepted(1), 1), (ACCEPTED, 65535)]
)
def test_the_receive_maximum_is_reported(greeting: bytes, expected: int) -> None:
    with ScriptedBroker(greeting) as stub, attempted(stub.port) as (_, reports):
        assert reports.next(Connected) == Connected(expected)


def test_a_broker_that_hangs_up_instead_of_greeting_is_reported_once() -> None:
    with ScriptedBroker(greeting=None) as stub, attempted(stub.port) as (uplink, reports):
        reports.next(Disconnected)
        uplink.disconnect()

        assert reports.rest() == []


def test_a_broker_that_never_greets_can_be_left() -> None:
    with ScriptedBroker(greeting=b"") as stub, attempted(stub.port) as (uplink, reports):
        with pytest.raises(BrokerUnreachable):
            uplink.send(events(1)[0])
        stub.wait_for(lambda it: it.packets == [CONNECT])
        uplink.disconnect(b"{}")

        assert reports.rest() == []
        assert stub.heard == []


def test_every_reason_code_comes_through() -> None:
    codes = iter([None, 0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x97, 0x99])
    with (
        ScriptedBroker(answer=lambda p: puback(p.mid, next(codes))) as stub,
        connected(stub.port) as (uplink, reports),
    ):
        for event in events(9):
            uplink.send(event)
        answers = reports.take(Puback, 9)

    assert [answer.row for answer in answers] == list(range(1, 10))
    assert [answer.code for answer in answers] == [
        *(0x00, 0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x97, 0x99)
    ]
