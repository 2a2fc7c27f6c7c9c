"""The whole courier, thread and network, against brokers that are strict, silent or real."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from kiosk.app.inbox import ListsChanged
from kiosk.app.lists_thread import ListsThread
from kiosk.door.event import LEDGER_TOPIC, Acknowledgement, QueuedEvent
from kiosk.lists.form import DRAIN_TOPIC
from kiosk.lists.reception import Reception
from kiosk.outbox import memory
from kiosk.uplink import Post, Puback, Report, Uplink, Wanted
from kiosk.uplink.courier import CourierState, CourierThread
from kiosk.uplink.delivery.rows import NO_SUBSCRIBERS, PAYLOAD_FORMAT_INVALID, QUOTA_EXCEEDED
from tests.parts.broker import Broker
from tests.parts.check_ins import SOURCE, check_in
from tests.parts.lists import SITE, a_rate, keeper_in, operator
from tests.parts.mqtt_uplinks import uplink_to
from tests.parts.scripted_broker import (
    CONNECT,
    Published,
    ScriptedBroker,
    accepted,
    doubling,
    puback,
    refusing,
    success,
    withholding,
)
from tests.parts.subscriber import Subscriber

_PATIENCE_S = 30.0


class Desk:
    """A courier on an MQTT uplink, with a clock that the test moves."""

    def __init__(self, uplink: Uplink, count: int, folder: Path | None) -> None:
        self.outbox = memory.build(memory.Settings(), SOURCE)
        self.now_s = 0.0
        self.states: list[CourierState] = []
        self.courier = CourierThread(
            self.outbox.sibling, uplink, lambda: self.now_s, self.states.append, drain_hz=10_000
        )
        for number in range(1, count + 1):
            self.outbox.commit(check_in(number))
        self.lists = None if folder is None else self._listening(folder)

    def _listening(self, folder: Path) -> ListsThread:
        """Let an operator be heard, who signs with the tests' key."""
        keeper, courier = keeper_in(folder), self.courier
        reception = Reception(keeper, SITE)
        changed: list[ListsChanged] = []
        lists = ListsThread(
            keeper, reception, courier.listen, courier.govern, changed.append, lambda: self.now_s
        )
        courier.heard_by(lists.hear)
        lists.start()
        return lists

    @property
    def unsent(self) -> int:
        return self.outbox.depth().unsent

    def wait_until(self, met: Callable[[], bool], pace_s: float = 0.0) -> None:
        """Wait until `met` holds, while the clock moves on by `pace_s` at a time."""
        pause = threading.Event()
        for _ in range(int(_PATIENCE_S / 0.02)):
            if met():
                return
            self.now_s += pace_s
            self.courier.nudge()
            pause.wait(0.02)
        pytest.fail(f"not met: {self.unsent} unsent, {self.states[-1:]}")


@contextmanager
def desk(
    port: int, count: int, uplink: Uplink | None = None, folder: Path | None = None
) -> Iterator[Desk]:
    """Open the courier; with a `folder` for lists an operator may speak to it."""
    courier = Desk(uplink or uplink_to(port), count, folder)
    courier.courier.start()
    try:
        yield courier
    finally:
        courier.courier.close(b'{"online":false}', _PATIENCE_S)
        if courier.lists is not None:
            courier.lists.close(_PATIENCE_S)


@pytest.mark.parametrize("receive_maximum", [1, 2, 3, 20, 21])
def test_a_strict_broker_is_never_given_one_too_many(receive_maximum: int) -> None:
    with ScriptedBroker(receive_maximum=receive_maximum) as stub, desk(stub.port, 100) as courier:
        for number in range(30):
            courier.courier.say(f"status {number}".encode())
            stub.wait_for(more_than(len(stub.heard)))
        courier.wait_until(lambda: courier.unsent == 0, pace_s=0.1)
        assert stub.exceeded == 0
        assert stub.packets.count(CONNECT) == 1
        assert sorted({p.body for p in stub.events}) == sorted(
            event.body for event in memory_events(courier)
        )


def more_than(count: int) -> Callable[[ScriptedBroker], bool]:
    """Tell of a broker whether it has heard more, or was given too many."""
    return lambda broker: len(broker.heard) > count or broker.exceeded > 0


def memory_events(courier: Desk) -> list[QueuedEvent]:
    """Return all events of the outbox, once they are asked for again."""
    courier.outbox.send_again()
    return courier.outbox.pending(0, 1000)


@pytest.mark.parametrize("receive_maximum", [2, 10])
def test_the_stub_would_notice_one_too_many(receive_maximum: int) -> None:
    # The Receive Maximum that is enforced is less than the one that was told.
    with ScriptedBroker(receive_maximum=receive_maximum, answer=withholding()) as stub:
        stub.greet_with(accepted(receive_maximum + 5))
        with desk(stub.port, 100):
            stub.wait_for(lambda b: b.exceeded > 0)


@pytest.mark.parametrize("answer", [success, doubling, lambda p: puback(p.mid, 0)])
def test_whatever_the_form_of_an_answer_each_event_is_sent_once(
    answer: Callable[[Published], bytes],
) -> None:
    with ScriptedBroker(answer=answer) as stub, desk(stub.port, 300) as courier:
        courier.wait_until(lambda: courier.unsent == 0, pace_s=0.01)
        assert len(stub.events) == 300


def test_late_answers_are_waited_for() -> None:
    with ScriptedBroker(answer=withholding()) as stub, desk(stub.port, 60) as courier:
        for _ in range(3):
            stub.wait_for(lambda b: b.waiting == 20)
            courier.now_s += 20
            assert stub.release() == 20
        courier.wait_until(lambda: courier.unsent == 0, pace_s=0.1)
        assert stub.packets.count(CONNECT) == 1
        assert len(stub.events) == 60


def test_a_broker_that_falls_silent_is_left_and_everything_is_sent_on_a_new_connection() -> None:
    with ScriptedBroker(answer=withholding(lambda _: True)) as stub, desk(stub.port, 3) as courier:
        stub.wait_for(lambda b: len(b.events) == 3)
        stub.answer = success
        courier.now_s += 31
        courier.wait_until(lambda: courier.unsent == 0, pace_s=0.1)
        assert stub.packets.count(CONNECT) == 2
        assert len(stub.events) == 6


@pytest.mark.parametrize("code", [NO_SUBSCRIBERS, 0x80, 0x87, QUOTA_EXCEEDED])
def test_a_broker_that_refuses_for_a_while_gets_everything_later(code: int) -> None:
    with ScriptedBroker(answer=refusing(code)) as stub, desk(stub.port, 50) as courier:
        courier.wait_until(lambda: any("kept" in (s.trouble or "") for s in courier.states))
        assert courier.unsent == 50
        stub.answer = success
        courier.wait_until(lambda: courier.unsent == 0, pace_s=1.0)
        assert courier.states[-1].trouble is None


def test_a_window_of_bad_events_does_not_stop_the_good_ones() -> None:
    bad: set[bytes] = set()

    def answer(published: Published) -> bytes:
        if published.is_event and len(bad) < 25:
            bad.add(published.body)
        return puback(published.mid, PAYLOAD_FORMAT_INVALID if published.body in bad else None)

    with ScriptedBroker(answer=answer) as stub, desk(stub.port, 100) as courier:
        courier.wait_until(lambda: courier.unsent == 25, pace_s=0.1)
        courier.wait_until(lambda: courier.states[-1].apart == 25)
        stub.answer = success
        courier.now_s += 3601
        courier.wait_until(lambda: courier.unsent == 0, pace_s=0.1)


class Sabotaged:
    """The MQTT uplink, but its first answer to an event is met by a bug in the network thread."""

    def __init__(self, port: int, bug: Callable[[], None]) -> None:
        self._inner = uplink_to(port)
        self._bug: Callable[[], None] | None = bug

    def connect(self, post: Post) -> None:
        def sabotaged(report: Report) -> None:
            if isinstance(report, Puback) and self._bug is not None:
                bug, self._bug = self._bug, None
                bug()
            post(report)

        self._inner.connect(sabotaged)

    def send(self, event: QueuedEvent) -> None:
        self._inner.send(event)

    def send_status(self, body: bytes) -> None:
        self._inner.send_status(body)

    def listen(self, wanted: Sequence[Wanted]) -> None:
        self._inner.listen(wanted)

    def answer(self, name: str, body: bytes) -> None:
        self._inner.answer(name, body)

    def disconnect(self, status: bytes | None = None) -> None:
        self._inner.disconnect(status)


def fail() -> None:
    raise ZeroDivisionError


def end_the_thread() -> None:
    raise SystemExit


@pytest.mark.parametrize("bug", [fail, end_the_thread])
def test_a_network_thread_that_dies_is_replaced(bug: Callable[[], None]) -> None:
    with ScriptedBroker() as stub, desk(stub.port, 50, Sabotaged(stub.port, bug)) as courier:
        courier.wait_until(lambda: courier.unsent == 0, pace_s=0.1)
        assert stub.packets.count(CONNECT) == 2
        assert any("the network thread failed" in (s.trouble or "") for s in courier.states)


def test_a_network_thread_that_hangs_is_replaced() -> None:
    let_go, hangs = threading.Event(), threading.Event()

    def hang() -> None:
        hangs.set()
        let_go.wait()

    with ScriptedBroker() as stub, desk(stub.port, 50, Sabotaged(stub.port, hang)) as courier:
        try:
            assert hangs.wait(_PATIENCE_S)
            courier.now_s += 31
            # The stub has one connection at a time; a broker would end the old one for its name.
            stub.hang_up()
            courier.wait_until(lambda: courier.unsent == 0, pace_s=0.1)
            assert stub.packets.count(CONNECT) == 2
        finally:
            let_go.set()


def test_a_ledger_at_a_real_broker_is_heard(broker: Broker) -> None:
    with Subscriber(broker.port) as ward, desk(broker.port, 30) as courier:
        epoch = courier.outbox.pending(0, 1)[0].event_id.partition(":")[0]
        courier.wait_until(lambda: courier.unsent == 0, pace_s=0.1)
        first = [ward.next().body for _ in range(30)]
        ward.say(LEDGER_TOPIC, b'{"online":true}', retain=True)
        word = Acknowledgement(epochs={epoch: 20}).model_dump_json().encode()
        ward.say(f"{SOURCE}/ack", word, retain=True)
        courier.wait_until(lambda: courier.outbox.depth().unacknowledged == 10)
        assert courier.states[-1].ledger_online
        assert [ward.next().topic for _ in range(2)] == [LEDGER_TOPIC, f"{SOURCE}/ack"]
        # What the ledger misses comes again while it is there.
        courier.now_s += 60
        courier.wait_until(lambda: not ward.none_waiting(), pace_s=1.0)
        courier.wait_until(lambda: courier.unsent == 0, pace_s=1.0)
        assert [ward.next().body for _ in range(10)] == first[20:]


def test_an_operator_at_a_real_broker_is_heard_and_nobody_else(
    broker: Broker, tmp_path: Path
) -> None:
    with Subscriber(broker.port) as ward, desk(broker.port, 0, folder=tmp_path) as courier:
        ward.say(DRAIN_TOPIC, a_rate(2, version=5), retain=True)
        courier.wait_until(lambda: courier.states[-1:] != [] and courier.states[-1].drain_hz == 2)
        old, stranger = a_rate(7, version=4), a_rate(3, version=9, key=operator(8))
        for body in (b'{"drain_hz":1}', old, stranger, b""):
            ward.say(DRAIN_TOPIC, body, retain=True)
        ward.say(DRAIN_TOPIC, a_rate(None, version=6), retain=True)
        courier.wait_until(lambda: not courier.states[-1].drain_told)
        assert {state.drain_hz for state in courier.states} == {10_000, 2}
