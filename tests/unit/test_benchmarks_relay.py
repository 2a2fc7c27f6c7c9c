"""The network of a chaos run: what it passes on, and what it does to answers when it is told to."""

import random

from benchmarks.chaos.relay import CALM, Relay, Temper
from benchmarks.chaos.wire import CONNACK, Framer, puback, with_receive_maximum
from kiosk.uplink import Connected, Disconnected, Puback
from tests.parts.check_ins import events
from tests.parts.mqtt_uplinks import attempted, connected
from tests.parts.reports import Reports
from tests.parts.scripted_broker import ScriptedBroker, accepted


def rng() -> random.Random:
    return random.Random("relay")


def test_packets_are_cut_out_of_whatever_arrives() -> None:
    stream = accepted(20) + puback(b"12", 0) + puback(b"34", 0x97)
    framer = Framer()
    kinds = [p.kind for byte in stream for p in framer.packets(bytes((byte,)))]
    assert kinds == [CONNACK, 4, 4]


def test_a_receive_maximum_replaces_the_brokers_own_and_leaves_the_rest() -> None:
    told = bytes((0x20, 11, 0, 0, 8, 0x22, 0, 10, 0x21, 0, 20, 0x25, 1))
    changed = with_receive_maximum(next(Framer().packets(told)), 5)
    assert changed == bytes((0x20, 11, 0, 0, 8, 0x22, 0, 10, 0x25, 1, 0x21, 0, 5))


def send_through(temper: Temper, count: int = 1) -> tuple[ScriptedBroker, Relay, Reports]:
    """Send events through a relay of that temper to a broker that takes everything."""
    with ScriptedBroker() as broker, Relay(broker.port, rng()) as relay:
        relay.temper = temper
        with connected(relay.port) as (uplink, reports):
            for event in events(count):
                uplink.send(event)
            kind: type[Puback | Disconnected] = Disconnected if temper.cut else Puback
            reports(reports.next(kind))
    return broker, relay, reports


def test_a_calm_relay_passes_everything() -> None:
    broker, relay, reports = send_through(CALM)
    assert reports.next(Puback) == Puback(1, 0)
    assert [event.body for event in broker.events] == [event.body for event in events(1)]
    assert relay.published == {events(1)[0].event_id: 1}
    assert relay.repeated == 0


def test_what_is_swallowed_is_answered_and_never_arrives() -> None:
    broker, relay, reports = send_through(Temper(swallow=1))
    assert reports.next(Puback) == Puback(1, 0)
    assert broker.events == []
    assert relay.swallowed == 1


def test_what_is_refused_never_arrives() -> None:
    broker, _, reports = send_through(Temper(refuse_with=0x97))
    assert reports.next(Puback) == Puback(1, 0x97)
    assert broker.events == []


def test_a_cut_ends_the_connection_in_the_middle_of_an_event() -> None:
    broker, relay, _ = send_through(Temper(cut=1))
    assert all(len(cut.body) < len(events(1)[0].body) for cut in broker.events)
    assert relay.cuts == 1


def test_a_receive_maximum_is_told_and_held() -> None:
    with ScriptedBroker(accepted(20)) as broker, Relay(broker.port, rng()) as relay:
        relay.temper = Temper(receive_maximum=2, withhold=1)
        with attempted(relay.port) as (uplink, reports):
            assert reports.next(Connected) == Connected(2)
            for event in events(3):
                uplink.send(event)
            reports.next(Disconnected)
        assert relay.exceeded == 1
        # The third never went on.
        assert len(broker.events) <= 2
