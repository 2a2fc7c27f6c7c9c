"""The courier's policy and what is said to it: by a ledger, by an operator, and by a bad event."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.door.event import Acknowledgement, LedgerPresence
from kiosk.uplink import (
    Connected,
    Disconnected,
    LedgerSaid,
    Puback,
    Word,
    WordRefused,
)
from kiosk.uplink.delivery.pace import BURST, Pace
from kiosk.uplink.delivery.policy import APART_MOST, APART_S, STRIKES, WINDOW, Courier
from kiosk.uplink.delivery.resending import RESEND_S, Resending
from kiosk.uplink.delivery.rows import (
    NO_SUBSCRIBERS,
    PACKET_TOO_LARGE,
    PAYLOAD_FORMAT_INVALID,
    SUCCESS,
)
from tests.parts.couriers import connected, send

EPOCH = "0123456789abcdef"
ONLINE = LedgerSaid(LedgerPresence(online=True))
OFFLINE = LedgerSaid(LedgerPresence(online=False))


def stored(upto_seq: int) -> LedgerSaid:
    return LedgerSaid(Acknowledgement(epochs={EPOCH: upto_seq}))


def waiting(at_s: float = 0.0) -> Courier:
    """Return a courier that has sent all it has, beside a ledger that says nothing yet."""
    courier = connected(at_s=at_s, jitter=0.0)
    courier.report(ONLINE, at_s)
    courier.sent(1, at_s)
    courier.report(Puback(1, SUCCESS), at_s)
    courier.resending.drained(at_s)
    return courier


def test_what_is_not_acknowledged_is_sent_again_later_and_later() -> None:
    courier, at_s, delays_s = waiting(), 0.0, []
    for _ in range(10):
        due_at_s = courier.resending.due_at_s
        assert due_at_s is not None
        assert not courier.resending.due(due_at_s - 0.1)
        assert courier.resending.due(due_at_s)
        delays_s.append(due_at_s - at_s)
        at_s = due_at_s
        courier.resending.resent(1)
        courier.resending.drained(at_s)
    assert delays_s == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    assert RESEND_S == (30, 3600)


@pytest.mark.parametrize("words", [[], [OFFLINE], [ONLINE, OFFLINE]])
def test_without_a_ledger_nothing_is_sent_again(words: list[LedgerSaid]) -> None:
    courier = connected()
    courier.sent(1, 0)
    courier.report(Puback(1, SUCCESS), 0)
    for word in words:
        courier.report(word, 0)
    courier.resending.drained(0)
    assert not courier.resending.due(1e9)


def test_after_the_connection_nobody_says_that_a_ledger_is_there() -> None:
    courier = waiting()
    courier.report(Disconnected("gone"), 1)
    assert courier.resending.online is None
    assert not courier.resending.due(1e9)


def test_progress_begins_the_delays_anew() -> None:
    courier = waiting()
    for _ in range(5):
        courier.resending.resent(9)
        courier.resending.drained(100)
    courier.report(stored(5), 200)
    assert courier.resending.due_at_s == 200 + RESEND_S[0]
    courier.resending.resent(9)
    courier.resending.drained(300)
    # The same word again, or a lower one, is no progress.
    courier.report(stored(5), 310)
    courier.report(stored(2), 320)
    assert courier.resending.due_at_s == 300 + 2 * RESEND_S[0]


def test_a_round_begins_only_when_the_one_before_has_left() -> None:
    courier = waiting()
    courier.resending.resent(1_000_000)
    assert not courier.resending.due(1e9)
    courier.resending.drained(500)
    assert courier.resending.due(500 + 2 * RESEND_S[0])


def test_when_all_is_acknowledged_nobody_asks_the_disk_again_until_something_is_sent() -> None:
    courier = waiting()
    courier.resending.resent(0)
    courier.resending.drained(100)
    assert not courier.resending.due(1e9)
    courier.sent(2, 200)
    courier.report(Puback(2, SUCCESS), 200)
    courier.resending.drained(200)
    assert courier.resending.due(200 + RESEND_S[0])


@given(st.floats(0, 1))
def test_a_ledger_that_comes_back_is_not_answered_by_all_doors_at_once(jitter: float) -> None:
    resending = Resending(jitter=lambda: jitter)
    resending.drained(0)
    resending.present(online=True, now_s=1000)
    due_at_s = resending.due_at_s
    assert due_at_s == pytest.approx(1000 + RESEND_S[0] * (1 + jitter))
    # That it still is there changes nothing.
    resending.present(online=True, now_s=1020)
    assert resending.due_at_s == due_at_s


def test_an_acknowledgement_waits_for_the_outbox_and_the_newest_counts() -> None:
    courier = connected()
    courier.report(stored(3), 1)
    courier.report(stored(7), 2)
    assert courier.resending.word == Acknowledgement(epochs={EPOCH: 7})


def test_a_drain_is_as_fast_as_was_told_and_a_quiet_door_sends_at_once() -> None:
    pace = Pace(drain_hz=10)
    assert pace.room(0) == BURST
    pace.spend(int(BURST))
    assert pace.room(0) == 0
    assert pace.wait_s() == pytest.approx(0.1)
    assert pace.room(0.1) == 1
    pace.spend(1)
    assert pace.room(3600) == BURST


@given(st.floats(0.1, 10_000), st.lists(st.floats(0.001, 2), min_size=1, max_size=200))
def test_no_pace_is_ever_exceeded(hz: float, pauses_s: list[float]) -> None:
    pace, now_s, left = Pace(drain_hz=hz), 0.0, 0
    for pause_s in pauses_s:
        room = pace.room(now_s)
        pace.spend(room)
        left += room
        assert left <= max(BURST, hz * 0.1) + hz * now_s + 1e-6 * (left + 1)
        now_s += pause_s


def test_the_operators_rate_overrules_the_settings_until_it_is_withdrawn() -> None:
    courier = connected()
    courier.pace.drain_hz = 10
    courier.pace.told_hz = 2.5
    assert courier.pace.hz == 2.5
    # No broker can end it: only what was signed does.
    courier.report(Disconnected("gone"), 1)
    courier.begin(2)
    courier.report(Connected(20), 2)
    assert courier.pace.hz == 2.5
    courier.pace.told_hz = None
    assert courier.pace.hz == 10


@pytest.mark.parametrize(
    ("word", "good"),
    [(Word.PRESENCE, ONLINE), (Word.ACKNOWLEDGEMENT, stored(0))],
)
def test_a_word_that_cannot_be_used_is_said_until_a_good_one_comes(
    word: Word, good: LedgerSaid
) -> None:
    courier = connected()
    courier.report(WordRefused(word, "it cannot be read"), 0)
    assert courier.trouble == f"{word}: it cannot be read"
    courier.report(good, 1)
    assert courier.trouble is None


@pytest.mark.parametrize("code", [PACKET_TOO_LARGE, PAYLOAD_FORMAT_INVALID])
def test_what_a_broker_cannot_take_is_set_apart_and_tried_again_rarely(code: int) -> None:
    courier = connected()
    send(courier, WINDOW, at_s=0)
    for row in range(1, WINDOW + 1):
        courier.report(Puback(row, code), 1)
    # A whole window of such does not stop the next.
    assert courier.room(1) == WINDOW
    assert not courier.may_send(1)
    assert courier.trouble == "20 set apart: the broker does not take them; they are kept"
    courier.retry(1 + APART_S - 0.1)
    assert not courier.may_send(1)
    courier.rewind = False
    courier.retry(1 + APART_S)
    assert courier.may_send(1)
    assert courier.rewind
    assert courier.trouble is None


@pytest.mark.parametrize("code", [NO_SUBSCRIBERS, 0x80, 0x87, 0x90])
def test_an_event_that_alone_is_refused_is_set_apart(code: int) -> None:
    courier, at_s = connected(), 0.0
    for strike in range(STRIKES):
        assert courier.may_send(1)
        send(courier, 2, at_s, first=1)
        courier.report(Puback(1, code), at_s)
        courier.report(Puback(2, SUCCESS), at_s)
        courier.taken.clear()
        assert (1 in courier.apart) is (strike == STRIKES - 1)
        at_s += 60
    assert courier.room(at_s) == WINDOW


def test_where_all_are_refused_none_is_set_apart() -> None:
    courier, at_s = connected(), 0.0
    for _ in range(50):
        send(courier, WINDOW, at_s)
        for row in range(1, WINDOW + 1):
            courier.report(Puback(row, 0x87), at_s)
        at_s += 60
    assert not courier.apart


def test_an_event_at_which_every_connection_ends_is_found_and_set_apart() -> None:
    courier, at_s = connected(), 0.0
    ends = 0
    while 3 not in courier.apart:
        ends += 1
        assert ends < 10
        rows = [r for r in range(1, 41) if courier.may_send(r)][: courier.room(at_s)]
        for row in rows:
            courier.sent(row, at_s)
        for row in rows:
            if row == 3:
                courier.report(Disconnected("packet too large"), at_s)
                break
            courier.report(Puback(row, SUCCESS), at_s)
        at_s = courier.connection.connect_at_s + 1
        courier.begin(at_s)
        courier.report(Connected(65535), at_s)
    assert set(courier.apart) == {3}
    send(courier, 1, at_s, first=4)
    courier.report(Puback(4, SUCCESS), at_s)
    assert courier.room(at_s) == WINDOW


def test_connections_that_end_for_no_event_set_nothing_apart() -> None:
    courier = connected()
    for n in range(20):
        courier.report(Disconnected("gone"), n * 400.0)
        courier.begin(n * 400.0 + 350)
        courier.report(Connected(20), n * 400.0 + 350)
    assert not courier.apart
    assert courier.room(1e6) > 1


def test_what_is_set_apart_is_bounded_and_the_rest_is_still_kept() -> None:
    courier = connected()
    for row in range(1, APART_MOST + 11):
        courier.sent(row, 0)
        courier.report(Puback(row, PAYLOAD_FORMAT_INVALID), 0)
    assert len(courier.apart) == APART_MOST
    assert courier.may_send(APART_MOST + 5)
    assert not courier.taken
    # So many are the broker's fault: it is given a rest.
    assert courier.room(0) == 0
    assert "0x99" in str(courier.trouble)
