"""The courier's policy against every answer and silence of a broker, without one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.uplink import Acknowledged, Connected, Disconnected
from kiosk.uplink.courier import (
    BACKOFF_S,
    CONNECT_PATIENCE_S,
    KEEP_S,
    NO_SUBSCRIBERS,
    QUOTA_EXCEEDED,
    RESEND_S,
    SUCCESS,
    WINDOW,
    Courier,
)

REFUSALS = [NO_SUBSCRIBERS, 0x80, 0x83, 0x87, 0x90, QUOTA_EXCEEDED, 0x99]
SHORTEST_S = 0.2


def connected(receive_maximum: int = 65535, at_s: float = 0.0, jitter: float = 1.0) -> Courier:
    courier = Courier(jitter=lambda: jitter)
    courier.begin(at_s)
    courier.report(Connected(receive_maximum), at_s)
    return courier


def send(courier: Courier, count: int, at_s: float, first: int = 1) -> None:
    for seq in range(first, first + count):
        courier.in_flight[seq] = at_s


@pytest.mark.parametrize("receive_maximum", [1, 2, 5, 19, 20, 21, 65535])
def test_the_window_is_never_above_ours_nor_the_brokers(receive_maximum: int) -> None:
    room = connected(receive_maximum).room(0)
    assert 1 <= room <= min(WINDOW, receive_maximum)
    assert WINDOW == 20


@pytest.mark.parametrize("receive_maximum", [2, 5, 20])
def test_the_status_has_a_place_of_its_own_in_what_the_broker_takes(receive_maximum: int) -> None:
    # The status goes out with QoS 1 too: a window full of events must leave it a place.
    assert connected(receive_maximum).room(0) + 1 <= receive_maximum


def test_what_is_in_flight_takes_room_until_it_is_answered() -> None:
    courier = connected()
    send(courier, 5, at_s=0)
    assert courier.room(1) == WINDOW - 5
    courier.report(Acknowledged(3, SUCCESS), 1)
    assert courier.room(1) == WINDOW - 4
    assert courier.acknowledged == {3}


def test_nothing_is_sent_before_the_connection_and_after_it() -> None:
    courier = Courier()
    assert courier.room(0) == 0
    courier.begin(0)
    assert courier.room(0) == 0
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
    assert not courier.acknowledged


def test_what_was_acknowledged_before_the_end_stays_so() -> None:
    courier = connected()
    send(courier, 1, at_s=0)
    courier.report(Acknowledged(1, SUCCESS), 0.5)
    courier.report(Disconnected("gone"), 1)
    assert courier.acknowledged == {1}


def test_silence_makes_an_event_due_again() -> None:
    courier = connected()
    send(courier, 1, at_s=0, first=1)
    send(courier, 1, at_s=10, first=2)
    courier.room(RESEND_S - 0.1)
    assert set(courier.in_flight) == {1, 2}
    courier.room(RESEND_S)
    assert set(courier.in_flight) == {2}
    assert RESEND_S == 30


@pytest.mark.parametrize("code", REFUSALS)
def test_a_refusal_keeps_the_event_pauses_and_is_said(code: int) -> None:
    courier = connected()
    send(courier, 1, at_s=0)
    courier.report(Acknowledged(1, code), 1)
    assert not courier.acknowledged
    assert not courier.in_flight
    assert courier.trouble
    assert "kept" in courier.trouble
    assert courier.room(1 + KEEP_S - 0.01) == 0
    assert courier.room(1 + KEEP_S) > 0


def test_each_trouble_is_told_apart() -> None:
    told = set()
    for code in REFUSALS:
        courier = connected()
        courier.report(Acknowledged(1, code), 1)
        told.add(courier.trouble)
    assert len(told) == len(REFUSALS)


@pytest.mark.parametrize("code", [NO_SUBSCRIBERS, 0x87])
def test_a_window_of_refusals_pauses_once(code: int) -> None:
    courier = connected()
    send(courier, WINDOW, at_s=0)
    for seq in range(1, WINDOW + 1):
        courier.report(Acknowledged(seq, code), 1)
    assert courier.refusals == 1
    assert courier.send_at_s == 1 + KEEP_S


def test_pauses_double_up_to_the_longest() -> None:
    courier = connected()
    at_s, pauses_s = 0.0, []
    for _ in range(8):
        courier.report(Acknowledged(1, 0x97), at_s)
        pauses_s.append(courier.send_at_s - at_s)
        at_s = courier.send_at_s
    assert pauses_s == pytest.approx([5, 10, 20, *[BACKOFF_S[1]] * 5])


def test_success_ends_the_trouble_and_the_doubling() -> None:
    courier = connected()
    courier.report(Acknowledged(1, 0x10), 0)
    courier.report(Acknowledged(1, SUCCESS), 10)
    assert courier.trouble is None
    courier.report(Acknowledged(2, 0x10), 20)
    assert courier.send_at_s == pytest.approx(20 + KEEP_S)


def test_reconnecting_is_tried_later_and_later() -> None:
    courier = Courier(jitter=lambda: 1.0)
    at_s, delays_s = 0.0, []
    for _ in range(9):
        assert courier.wants_connection(at_s)
        courier.begin(at_s)
        assert not courier.wants_connection(at_s)
        courier.report(Disconnected("refused"), at_s)
        delays_s.append(courier.connect_at_s - at_s)
        assert not courier.wants_connection(courier.connect_at_s - 0.01)
        at_s = courier.connect_at_s
    assert delays_s == pytest.approx([1, 2, 4, 8, 16, *[BACKOFF_S[1]] * 4])


def test_a_broker_that_takes_and_drops_connections_is_tried_later_and_later() -> None:
    # Two kiosks with one name push each other off the broker: neither may spin.
    courier = Courier(jitter=lambda: 1.0)
    at_s = 0.0
    for _ in range(9):
        courier.begin(at_s)
        courier.report(Connected(20), at_s)
        courier.report(Disconnected("session taken over"), at_s + 0.1)
        at_s = courier.connect_at_s
    courier.begin(at_s)
    courier.report(Connected(20), at_s)
    courier.report(Disconnected("session taken over"), at_s)
    assert courier.connect_at_s - at_s == pytest.approx(BACKOFF_S[1])


def test_a_connection_that_lasted_is_made_again_soon() -> None:
    courier = Courier(jitter=lambda: 1.0)
    for _ in range(9):
        courier.begin(0)
        courier.report(Disconnected("refused"), 0)
    courier.begin(100)
    courier.report(Connected(20), 100)
    courier.report(Disconnected("the broker restarts"), 4000)
    assert courier.connect_at_s - 4000 == pytest.approx(BACKOFF_S[0])


def test_two_reports_of_one_end_count_once() -> None:
    courier = connected()
    courier.report(Disconnected("gone"), 1)
    courier.report(Disconnected("gone again"), 1)
    assert courier.connect_at_s == pytest.approx(1 + BACKOFF_S[0])


def test_an_attempt_without_an_outcome_is_given_up() -> None:
    courier = Courier(jitter=lambda: 1.0)
    courier.begin(0)
    wants = [
        courier.wants_connection(CONNECT_PATIENCE_S + after_s)
        for after_s in (-0.1, 0.0, BACKOFF_S[0] - 0.1, BACKOFF_S[0])
    ]
    assert wants == [False, False, False, True]
    assert courier.trouble == "the broker does not answer"


@given(st.floats(0, 1), st.integers(1, 12))
def test_jitter_is_full_and_within_bounds(jitter: float, failures: int) -> None:
    courier = Courier(jitter=lambda: jitter)
    for n in range(failures):
        courier.begin(0)
        courier.report(Disconnected("no"), 0)
        longest_s = min(BACKOFF_S[1], BACKOFF_S[0] * 2.0**n)
        assert courier.connect_at_s == pytest.approx(max(SHORTEST_S, longest_s * jitter))
        assert SHORTEST_S <= courier.connect_at_s <= BACKOFF_S[1]
