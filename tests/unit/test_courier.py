"""The courier's policy against every answer and silence of a broker, without one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.uplink import STATUS_ROW, Connected, Disconnected, Puback
from kiosk.uplink.delivery.connection import (
    BACKOFF_S,
    CONNECT_PATIENCE_S,
    TRANSITIONS,
    Connection,
    Link,
    Turn,
)
from kiosk.uplink.delivery.policy import ANSWER_PATIENCE_S, PAUSE_S, WINDOW, Courier
from kiosk.uplink.delivery.rows import NO_SUBSCRIBERS, QUOTA_EXCEEDED, SUCCESS
from tests.parts.couriers import connected, send, ungoverned

REFUSALS = [NO_SUBSCRIBERS, 0x80, 0x83, 0x87, 0x90, QUOTA_EXCEEDED]
SHORTEST_S = 0.2


@pytest.mark.parametrize("receive_maximum", [1, 2, 5, 19, 20, 21, 65535])
def test_the_window_is_never_above_ours_nor_the_brokers(receive_maximum: int) -> None:
    room = connected(receive_maximum).room(0)
    assert 1 <= room <= min(WINDOW, receive_maximum)
    assert WINDOW == 20


@pytest.mark.parametrize("receive_maximum", [2, 5, 20])
def test_the_status_has_a_place_of_its_own_in_what_the_broker_takes(receive_maximum: int) -> None:
    # The status goes out with QoS 1 too: a window full of events must leave it a place.
    courier = connected(receive_maximum)
    assert courier.room(0) + 1 == receive_maximum
    send(courier, courier.room(0), at_s=0)
    assert courier.may_say()
    courier.said(0)
    assert not courier.may_say()
    courier.report(Puback(STATUS_ROW, SUCCESS), 0)
    assert courier.may_say()


def test_a_broker_that_takes_one_gets_the_status_or_an_event() -> None:
    courier = connected(1)
    assert courier.may_say()
    courier.said(0)
    assert courier.room(0) == 0
    courier.report(Puback(STATUS_ROW, SUCCESS), 0)
    assert courier.room(0) == 1
    courier.sent(1, 0)
    assert not courier.may_say()


def test_what_is_in_flight_takes_room_until_it_is_answered() -> None:
    courier = connected()
    send(courier, 5, at_s=0)
    assert courier.room(1) == WINDOW - 5
    courier.report(Puback(3, SUCCESS), 1)
    assert courier.room(1) == WINDOW - 4
    assert courier.taken == {3}
    assert [courier.may_send(row) for row in (2, 3, 6)] == [False, False, True]


def test_nothing_is_sent_before_the_connection_and_after_it() -> None:
    courier = Courier(pace=ungoverned())
    assert courier.room(0) == 0
    courier.begin(0)
    assert courier.room(0) == 0
    assert not courier.may_say()
    courier.report(Connected(20), 0)
    assert courier.room(0) > 0
    courier.report(Disconnected("gone"), 1)
    assert courier.room(1) == 0
    assert courier.trouble == "gone"


def test_what_was_in_flight_when_the_connection_ended_is_sent_on_the_next() -> None:
    courier = connected()
    send(courier, 3, at_s=0)
    courier.report(Disconnected("gone"), 1)
    assert not courier.in_flight
    assert not courier.taken
    assert courier.rewind


def test_what_was_taken_over_before_the_end_stays_so() -> None:
    courier = connected()
    send(courier, 1, at_s=0)
    courier.report(Puback(1, SUCCESS), 0.5)
    courier.report(Disconnected("gone"), 1)
    assert courier.taken == {1}


def test_an_answer_after_the_end_still_says_what_a_broker_took_over() -> None:
    courier = connected()
    send(courier, 2, at_s=0)
    courier.report(Disconnected("gone"), 1)
    courier.report(Puback(1, SUCCESS), 1)
    courier.report(Puback(2, NO_SUBSCRIBERS), 1)
    assert courier.taken == {1}
    assert courier.trouble == "gone"


def test_an_event_without_an_answer_ends_the_connection_and_is_not_sent_again_on_it() -> None:
    courier = connected()
    send(courier, 1, at_s=0, first=1)
    send(courier, 1, at_s=10, first=2)
    assert courier.silent(ANSWER_PATIENCE_S - 0.1) is None
    assert not courier.may_send(1)
    assert courier.silent(ANSWER_PATIENCE_S) == "the broker does not answer what was sent"
    assert ANSWER_PATIENCE_S == 30


def test_a_status_without_an_answer_ends_the_connection() -> None:
    # A network thread that hangs says nothing at all, and at a quiet door only this shows it.
    courier = connected()
    courier.said(0)
    assert courier.silent(ANSWER_PATIENCE_S - 0.1) is None
    assert courier.silent(ANSWER_PATIENCE_S)


@pytest.mark.parametrize("code", REFUSALS)
def test_a_refusal_keeps_the_event_pauses_and_is_said(code: int) -> None:
    courier = connected()
    send(courier, 1, at_s=0)
    courier.report(Puback(1, code), 1)
    assert not courier.taken
    assert not courier.in_flight
    assert courier.rewind
    assert courier.trouble
    assert "kept" in courier.trouble
    assert courier.room(1 + PAUSE_S[0] - 0.01) == 0
    assert courier.room(1 + PAUSE_S[0]) > 0


def test_each_trouble_is_told_apart() -> None:
    told = set()
    for code in REFUSALS:
        courier = connected()
        courier.sent(1, 0)
        courier.report(Puback(1, code), 1)
        told.add(courier.trouble)
    assert len(told) == len(REFUSALS)


@pytest.mark.parametrize("code", [NO_SUBSCRIBERS, 0x87, QUOTA_EXCEEDED])
def test_a_window_of_refusals_pauses_once(code: int) -> None:
    courier = connected()
    send(courier, WINDOW, at_s=0)
    for row in range(1, WINDOW + 1):
        courier.report(Puback(row, code), 1)
    assert courier.refusals == 1
    assert courier.send_at_s == 1 + PAUSE_S[0]


def test_pauses_double_up_to_the_longest() -> None:
    courier = connected()
    at_s, pauses_s = 0.0, []
    for _ in range(8):
        courier.sent(1, at_s)
        courier.report(Puback(1, QUOTA_EXCEEDED), at_s)
        pauses_s.append(courier.send_at_s - at_s)
        at_s = courier.send_at_s
    assert pauses_s == pytest.approx([5, 10, 20, *[PAUSE_S[1]] * 5])


def test_success_ends_the_trouble_and_the_doubling() -> None:
    courier = connected()
    courier.sent(1, 0)
    courier.report(Puback(1, NO_SUBSCRIBERS), 0)
    courier.sent(1, 10)
    courier.report(Puback(1, SUCCESS), 10)
    assert courier.trouble is None
    courier.sent(2, 20)
    courier.report(Puback(2, NO_SUBSCRIBERS), 20)
    assert courier.send_at_s == pytest.approx(20 + PAUSE_S[0])


def test_a_broker_that_hangs_up_at_each_refusal_does_not_hide_why() -> None:
    courier = connected()
    courier.sent(1, 0)
    courier.report(Puback(1, 0x87), 1)
    courier.report(Disconnected("the broker hung up"), 1)
    courier.begin(10)
    courier.report(Connected(20), 10)
    assert "0x87" in str(courier.trouble)
    # But a broker that cannot be reached is the newer and the weightier trouble.
    courier.report(Disconnected("gone"), 11)
    courier.begin(20)
    courier.report(Disconnected("no route"), 21)
    assert courier.trouble == "no route"


def test_reconnecting_is_tried_later_and_later_up_to_five_minutes() -> None:
    courier = Courier(jitter=lambda: 1.0)
    at_s, delays_s = 0.0, []
    for _ in range(11):
        assert courier.connection.wants(at_s)
        courier.begin(at_s)
        assert not courier.connection.wants(at_s)
        courier.report(Disconnected("refused"), at_s)
        delays_s.append(courier.connection.connect_at_s - at_s)
        assert not courier.connection.wants(courier.connection.connect_at_s - 0.01)
        at_s = courier.connection.connect_at_s
    assert delays_s == pytest.approx([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300])


def test_a_broker_that_takes_and_drops_connections_is_tried_later_and_later() -> None:
    # Two kiosks with one name push each other off the broker: neither may spin.
    courier = Courier(jitter=lambda: 1.0)
    at_s = 0.0
    for _ in range(11):
        courier.begin(at_s)
        courier.report(Connected(20), at_s)
        courier.report(Disconnected("session taken over"), at_s + 0.1)
        at_s = courier.connection.connect_at_s
    courier.begin(at_s)
    courier.report(Connected(20), at_s)
    courier.report(Disconnected("session taken over"), at_s)
    assert courier.connection.connect_at_s - at_s == pytest.approx(BACKOFF_S[1])


def test_a_connection_that_lasted_is_made_again_soon() -> None:
    courier = Courier(jitter=lambda: 1.0)
    for _ in range(9):
        courier.begin(0)
        courier.report(Disconnected("refused"), 0)
    courier.begin(100)
    courier.report(Connected(20), 100)
    courier.report(Disconnected("the broker restarts"), 4000)
    assert courier.connection.connect_at_s - 4000 == pytest.approx(BACKOFF_S[0])


def test_two_reports_of_one_end_count_once() -> None:
    courier = connected()
    courier.report(Disconnected("gone"), 1)
    courier.report(Disconnected("gone again"), 1)
    assert courier.connection.connect_at_s == pytest.approx(1 + BACKOFF_S[0])
    assert courier.trouble == "gone"


def test_a_connection_that_nobody_waits_for_any_more_is_not_taken() -> None:
    courier = connected()
    courier.report(Disconnected("gone"), 1)
    courier.report(Connected(20), 1)
    assert not courier.connected
    assert courier.trouble == "gone"


def test_an_attempt_without_an_end_is_given_up() -> None:
    courier = Courier()
    courier.begin(0)
    assert courier.silent(CONNECT_PATIENCE_S - 0.1) is None
    assert courier.silent(CONNECT_PATIENCE_S) == "the broker does not answer"


def test_a_district_whose_power_returns_does_not_arrive_at_once() -> None:
    connection = Connection(jitter=lambda: 0.5)
    connection.spread(100, 60)
    assert [connection.wants(at_s) for at_s in (100, 129.9, 130)] == [False, False, True]
    connection.spread(100, 0)
    assert connection.wants(100)


@pytest.mark.parametrize("link", Link)
@pytest.mark.parametrize("turn", Turn)
def test_a_connection_moves_by_its_table_only(link: Link, turn: Turn) -> None:
    connection = Connection(link=link)
    after = TRANSITIONS.get((link, turn))
    assert connection.turn(turn, 0) is (after is not None)
    assert connection.link is (after or link)


@given(st.floats(0, 1), st.integers(1, 12))
def test_jitter_is_full_and_within_bounds(jitter: float, failures: int) -> None:
    courier = Courier(jitter=lambda: jitter)
    for n in range(failures):
        courier.begin(0)
        courier.report(Disconnected("no"), 0)
        longest_s = min(BACKOFF_S[1], BACKOFF_S[0] * 2.0**n)
        delay_s = courier.connection.connect_at_s
        assert delay_s == pytest.approx(max(SHORTEST_S, longest_s * jitter))
        assert SHORTEST_S <= delay_s <= BACKOFF_S[1]
