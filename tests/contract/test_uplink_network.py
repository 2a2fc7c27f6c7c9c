"""The network thread: whatever happens in it, that connection ends, is told, and is mended."""

import threading
from pathlib import Path

import pytest

from kiosk.errors import BrokerUnreachable
from kiosk.uplink import STATUS_ROW, Connected, Disconnected, Puback
from kiosk.uplink.delivery.network import LAST_WORDS_S, PACKET_TOO_LARGE
from kiosk.uplink.mqtt import MOST_HUNG
from tests.parts.broker import Broker
from tests.parts.check_ins import SOURCE, events
from tests.parts.mqtt_uplinks import WILL, attempted, connected, uplink_to
from tests.parts.reports import Reports, join
from tests.parts.scripted_broker import (
    DISCONNECT,
    ScriptedBroker,
    accepted,
    puback,
    withholding,
)
from tests.parts.subscriber import Subscriber

SECRET = "what the error was about"


class Bug(Reports):
    """A `post` that fails once, at the first answer to an event."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self._error: BaseException | None = error

    def __call__(self, report: object) -> None:
        if isinstance(report, Puback) and self._error is not None:
            error, self._error = self._error, None
            raise error
        super().__call__(report)


class Hang(Reports):
    """A `post` that does not return from the first answer until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.hangs = threading.Event()
        self.let_go = threading.Event()

    def __call__(self, report: object) -> None:
        if isinstance(report, Puback):
            self.hangs.set()
            self.let_go.wait()
        super().__call__(report)


def networks() -> set[threading.Thread]:
    return {t for t in threading.enumerate() if t.name == "network"}


@pytest.mark.parametrize("error", [ValueError(SECRET), KeyError(SECRET), SystemExit(SECRET)])
def test_a_bug_in_a_callback_ends_that_connection_only(error: BaseException) -> None:
    with ScriptedBroker() as stub:
        uplink, reports = uplink_to(stub.port), Bug(error)
        uplink.connect(reports)
        reports.next(Connected)
        before = networks()
        uplink.send(events(1)[0])

        why = reports.next(Disconnected).why
        assert type(error).__name__ in why
        assert "test_uplink_network.py:" in why
        assert SECRET not in why
        for thread in before:
            join(thread)
        with pytest.raises(BrokerUnreachable):
            uplink.send(events(1)[0])

        uplink.connect(reports)
        reports.next(Connected)
        uplink.send(events(1)[0])
        assert reports.next(Puback) == Puback(1, 0)
        uplink.disconnect()
        assert reports.rest() == []


def test_a_kiosk_that_dies_leaves_its_will(broker: Broker) -> None:
    """Its sockets close and nothing is said, as after SIGKILL."""
    with Subscriber(broker.port, f"{SOURCE}/status") as watcher:
        uplink, reports = uplink_to(broker.port, will_delay_s=0), Bug(SystemExit())
        uplink.connect(reports)
        reports.next(Connected)
        uplink.send_status(b'{"online":true}')

        assert watcher.next().body == b'{"online":true}'
        assert watcher.next().body == WILL
        uplink.disconnect()


def test_a_kiosk_that_is_back_within_the_delay_was_never_offline(broker: Broker) -> None:
    with Subscriber(broker.port, f"{SOURCE}/status") as watcher:
        uplink, reports = uplink_to(broker.port, will_delay_s=30), Bug(SystemExit())
        uplink.connect(reports)
        reports.next(Connected)
        uplink.send_status(b'{"online":true}')
        assert watcher.next().body == b'{"online":true}'
        for thread in networks():
            join(thread)

        again = Reports()
        uplink.connect(again)
        again.next(Connected)
        uplink.send_status(b'{"online":"again"}')
        assert watcher.next().body == b'{"online":"again"}'
        uplink.disconnect()


def test_the_session_lasts_as_long_as_the_will_is_held_back() -> None:
    """By the standard a will is told when its session ends; not every broker waits longer."""
    with ScriptedBroker() as stub, connected(stub.port, will_delay_s=30):
        (connect,) = stub.connects
    # Protocol name, version, flags and keep-alive are 10 bytes; then the properties.
    properties = connect[11 : 11 + connect[10]]
    session_expiry = b"\x11" + (30).to_bytes(4, "big")
    assert session_expiry in properties


def test_a_kiosk_that_stays_away_is_offline_after_the_delay(broker: Broker) -> None:
    with Subscriber(broker.port, f"{SOURCE}/status") as watcher:
        uplink, reports = uplink_to(broker.port, will_delay_s=1), Bug(SystemExit())
        uplink.connect(reports)
        reports.next(Connected)
        uplink.send_status(b'{"online":true}')
        assert watcher.next().body == b'{"online":true}'
        assert watcher.next().body == WILL
        uplink.disconnect()


def test_a_network_thread_that_hangs_is_left_behind_for_a_new_one() -> None:
    with ScriptedBroker() as stub:
        uplink, hang, reports = uplink_to(stub.port), Hang(), Reports()
        uplink.connect(hang)
        hang.next(Connected)
        (hung,) = networks()
        uplink.send(events(1)[0])
        assert hang.hangs.wait(20)

        # The stub has one connection at a time; a broker would end the old one for its name.
        stub.hang_up()
        uplink.connect(reports)
        reports.next(Connected)
        uplink.send(events(2)[1])
        assert reports.next(Puback) == Puback(2, 0)
        assert hung.is_alive()

        hang.let_go.set()
        join(hung)
        assert hang.take(Puback, 1) == [Puback(1, 0)]
        assert hang.rest() == []
        uplink.disconnect()


def test_one_hanging_thread_after_the_other_is_a_bug_that_only_a_new_process_mends() -> None:
    with ScriptedBroker() as stub:
        uplink, hang = uplink_to(stub.port), Hang()
        for _ in range(MOST_HUNG):
            hang.hangs.clear()
            uplink.connect(hang)
            hang.next(Connected)
            uplink.send(events(1)[0])
            assert hang.hangs.wait(20)
            stub.hang_up()
        with pytest.raises(RuntimeError, match="network threads hang"):
            uplink.connect(hang)

        left = networks()
        hang.let_go.set()
        for thread in left:
            join(thread)
        hang.rest()
        # Those that came back in the end count no more.
        uplink.connect(hang)
        hang.next(Connected)
        uplink.disconnect()


def test_a_window_is_sent_without_waiting_for_the_first_answer() -> None:
    with (
        ScriptedBroker(answer=withholding()) as stub,
        connected(stub.port) as (uplink, reports),
    ):
        for event in events(20):
            uplink.send(event)
        stub.wait_for(lambda b: len(b.events) == 20)
        assert stub.release() == 20
        assert [p.row for p in reports.take(Puback, 20)] == list(range(1, 21))


def test_an_answer_that_comes_twice_is_reported_once() -> None:
    with (
        ScriptedBroker(answer=lambda p: puback(p.mid) * 2) as stub,
        connected(stub.port) as (uplink, reports),
    ):
        for event in events(3):
            uplink.send(event)
            reports.next(Puback)
        assert reports.rest() == []


@pytest.mark.parametrize(("limit", "code"), [(300, PACKET_TOO_LARGE), (3000, 0)])
def test_what_is_larger_than_the_broker_takes_is_never_sent(limit: int, code: int) -> None:
    with (
        ScriptedBroker(accepted(20, limit)) as stub,
        connected(stub.port) as (uplink, reports),
    ):
        event = events(1)[0]
        assert 300 < len(event.body) < 2000
        uplink.send(event)
        uplink.send_status(b"{}")
        assert [reports.next(Puback) for _ in range(2)] == [Puback(1, code), Puback(STATUS_ROW, 0)]
        assert len(stub.events) == (code == 0)


def test_last_words_are_no_straw_that_breaks_the_window() -> None:
    """One more than the broker takes, and it would hang up; its will says the same."""
    with (
        ScriptedBroker(answer=withholding(), receive_maximum=3) as stub,
        connected(stub.port) as (uplink, _),
    ):
        for event in events(3):
            uplink.send(event)
        stub.wait_for(lambda b: len(b.events) == 3)
        uplink.disconnect(b"{}")
        stub.wait_for(lambda b: DISCONNECT in b.packets)
        assert stub.exceeded == 0
        assert len(stub.heard) == 3


def test_last_words_wait_for_their_answer_but_not_for_ever() -> None:
    with (
        ScriptedBroker(answer=withholding(lambda _: True)) as stub,
        connected(stub.port) as (uplink, reports),
    ):
        uplink.disconnect(b"last")
        stub.wait_for(lambda b: DISCONNECT in b.packets)
        assert [p.body for p in stub.heard] == [b"last"]
        assert reports.rest() == []
    assert LAST_WORDS_S < 1


def test_a_broker_that_says_why_it_hangs_up_is_quoted() -> None:
    with ScriptedBroker() as stub, connected(stub.port) as (_, reports):
        stub.hang_up(0x93)
        assert "Receive maximum exceeded" in reports.next(Disconnected).why


def test_a_certificate_folder_that_cannot_be_read_is_no_bug(tmp_path: Path) -> None:
    with attempted(1, tls=True, ca_file=tmp_path) as (_, reports):
        assert str(tmp_path) in reports.next(Disconnected).why
