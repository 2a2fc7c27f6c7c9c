"""The courier at work: a thread over an outbox in memory and a broker that plays a script."""

import threading
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from kiosk.door.event import CheckIn, ClockReading, QueuedEvent, source_of
from kiosk.door.rules import Reason, Verdict
from kiosk.errors import BrokerUnreachable, OutboxFull
from kiosk.outbox.memory import MemoryOutbox, Settings, build
from kiosk.uplink import Acknowledged, Connected, Disconnected, Post
from kiosk.uplink.courier import NO_SUBSCRIBERS, SUCCESS, WINDOW, CourierState, CourierThread

DEADLINE_S = 20.0
CHECK_IN = CheckIn(
    verdict=Verdict.REJECTED,
    reason=Reason.URL,
    direction=None,
    kind=None,
    assurance=None,
    handle=None,
    clock=ClockReading(utc=datetime(2021, 8, 14, tzinfo=UTC), trusted=True, boot="b", mono_ns=1),
)


class Broker:
    """An uplink that keeps the contract; answers by script, and when that ends with success."""

    def __init__(
        self, script: list[int | None] | None = None, receive_maximum: int = 65535
    ) -> None:
        self.changed = threading.Condition()
        self.script: deque[int | None] = deque(script or [])
        self.receive_maximum = receive_maximum
        self.refuse_connections = 0
        self.up = False
        self.post: Post | None = None
        self.received: list[int] = []
        self.statuses: list[bytes] = []
        self.last_words: bytes | None = None
        self.connections = 0
        self.unanswered: set[int] = set()
        self.most_unanswered = 0

    def connect(self, post: Post) -> None:
        with self.changed:
            self.connections += 1
            self.post = post
            self.unanswered.clear()
            if self.refuse_connections:
                self.refuse_connections -= 1
                raise BrokerUnreachable("no route to the broker")
            self.up = True
            self.changed.notify_all()
        post(Connected(self.receive_maximum))

    def send(self, event: QueuedEvent) -> None:
        with self.changed:
            if not self.up or self.post is None:
                raise BrokerUnreachable("not connected to the broker")
            self.received.append(event.seq)
            self.unanswered.add(event.seq)
            self.most_unanswered = max(self.most_unanswered, len(self.unanswered))
            answer = self.script.popleft() if self.script else SUCCESS
            if answer is not None:
                self.unanswered.discard(event.seq)
                self.post(Acknowledged(event.seq, answer))
            self.changed.notify_all()

    def send_status(self, body: bytes) -> None:
        with self.changed:
            if not self.up:
                raise BrokerUnreachable("not connected to the broker")
            self.statuses.append(body)
            self.changed.notify_all()

    def disconnect(self, status: bytes | None = None) -> None:
        with self.changed:
            self.up = False
            self.last_words = status
            self.changed.notify_all()

    def drop(self) -> None:
        """End the connection, as a broker that restarts."""
        with self.changed:
            self.up = False
        assert self.post is not None
        self.post(Disconnected("the broker restarts"))


class Office:
    """An outbox, a broker, the courier between them, and what it said of itself."""

    def __init__(self) -> None:
        self.outbox: MemoryOutbox = build(Settings(), source_of("hk-042", "door-1"))
        self.broker = Broker()
        self.states: list[CourierState] = []
        self.now_s = 0.0
        self.courier = CourierThread(
            self.outbox.sibling, self.broker, lambda: self.now_s, self.told
        )

    def told(self, state: CourierState) -> None:
        with self.broker.changed:
            self.states.append(state)
            self.broker.changed.notify_all()

    def commit(self, count: int) -> None:
        for _ in range(count):
            self.outbox.commit(CHECK_IN)
            self.courier.nudge()

    def wait_for(self, what: str) -> None:
        """Wait until the courier's last word on its trouble holds `what`."""
        with self.broker.changed:
            assert self.broker.changed.wait_for(
                lambda: any(what in (s.trouble or "") for s in self.states), DEADLINE_S
            )

    def wait_received(self, count: int) -> None:
        with self.broker.changed:
            assert self.broker.changed.wait_for(
                lambda: len(self.broker.received) >= count, DEADLINE_S
            )

    def close(self) -> None:
        """End the courier; every answer that was given has been heard when this returns."""
        self.courier.close(b"last words", DEADLINE_S)


@pytest.fixture
def office() -> Iterator[Office]:
    office = Office()
    yield office
    office.close()


def settle(office: Office, unsent: int, pace_s: float = 0.0) -> None:
    """Wait until so many events are unsent, while the clock moves on by `pace_s` at a time."""
    courier, outbox = office.courier, office.outbox
    with office.broker.changed:
        for _ in range(int(DEADLINE_S * 20)):
            if outbox.depth().unsent == unsent:
                return
            office.now_s += pace_s
            courier.nudge()
            office.broker.changed.wait(0.05)
    pytest.fail(f"{outbox.depth().unsent} events are still unsent, not {unsent}")


def test_everything_is_sent_once_and_oldest_first(office: Office) -> None:
    office.commit(50)
    office.courier.start()
    settle(office, unsent=0)
    assert office.broker.received == list(range(1, 51))


def test_what_is_committed_later_leaves_at_a_nudge(office: Office) -> None:
    office.courier.start()
    office.commit(1)
    settle(office, unsent=0)
    office.commit(1)
    settle(office, unsent=0)
    assert office.broker.received == [1, 2]


@pytest.mark.parametrize("receive_maximum", [2, 5, 65535])
def test_a_silent_broker_gets_a_window_and_no_more(office: Office, receive_maximum: int) -> None:
    office.broker.receive_maximum = receive_maximum
    office.broker.script.extend([None] * 1000)
    office.commit(60)
    office.courier.start()
    window = min(WINDOW, receive_maximum - 1)
    office.wait_received(window)
    office.courier.say(b"still here")
    with office.broker.changed:
        assert office.broker.changed.wait_for(lambda: office.broker.statuses, DEADLINE_S)
    assert office.broker.most_unanswered == window
    assert office.outbox.depth().unsent == 60


def test_a_silent_broker_gets_the_same_again_after_a_while(office: Office) -> None:
    office.broker.script.extend([None] * 2)
    office.commit(2)
    office.courier.start()
    office.wait_received(2)
    office.now_s = 29.0
    office.commit(1)
    office.wait_received(3)
    office.now_s = 31.0
    settle(office, unsent=0)
    assert office.broker.received == [1, 2, 3, 1, 2]


def test_when_nobody_is_subscribed_everything_is_kept_and_sent_later(office: Office) -> None:
    office.broker.script.extend([NO_SUBSCRIBERS] * 3)
    office.commit(3)
    office.courier.start()
    office.wait_for("nobody is subscribed")
    assert office.outbox.depth().unsent == 3
    office.now_s = 10.0
    settle(office, unsent=0)
    assert office.broker.received == [1, 2, 3, 1, 2, 3]


def test_after_a_lost_connection_only_what_was_not_acknowledged_is_sent_again(
    office: Office,
) -> None:
    office.broker.script.extend([SUCCESS, None, SUCCESS, None])
    office.commit(4)
    office.courier.start()
    settle(office, unsent=2)
    office.broker.drop()
    office.wait_for("the broker restarts")
    office.now_s = 5.0
    settle(office, unsent=0)
    assert office.broker.received == [1, 2, 3, 4, 2, 4]
    assert office.broker.connections == 2


def test_a_broker_that_cannot_be_reached_is_said_and_tried_again(office: Office) -> None:
    office.broker.refuse_connections = 2
    office.commit(1)
    office.courier.start()
    office.wait_for("no route to the broker")
    assert office.outbox.depth().unsent == 1
    settle(office, unsent=0, pace_s=10.0)
    assert office.broker.connections == 3


def test_the_status_is_said_again_on_every_connection_and_not_twice_on_one(office: Office) -> None:
    office.courier.start()
    office.courier.say(b"one")
    office.courier.say(b"one")
    office.commit(1)
    settle(office, unsent=0)
    office.broker.drop()
    office.wait_for("the broker restarts")
    office.now_s = 5.0
    office.commit(1)
    settle(office, unsent=0)
    assert office.broker.statuses == [b"one", b"one"]


def test_its_last_words_are_left_behind() -> None:
    office = Office()
    office.courier.start()
    office.commit(1)
    settle(office, unsent=0)
    office.close()
    assert office.broker.last_words == b"last words"


class BadDisk(MemoryOutbox):
    """A disk that fails for a while."""

    failures = 2

    def pending(self, after_seq: int, limit: int) -> list[QueuedEvent]:
        if self.failures:
            self.failures -= 1
            raise OutboxFull("the disk is full")
        return super().pending(after_seq, limit)


def test_a_failing_disk_is_waited_for_and_its_trouble_ends_with_it() -> None:
    office = Office()
    disk = BadDisk(Settings(), source_of("hk-042", "door-1"))
    office.courier = CourierThread(lambda: disk, office.broker, lambda: 0.0, office.told)
    office.courier.start()
    office.wait_for("the disk is full")
    with office.broker.changed:
        healed = office.broker.changed.wait_for(
            lambda: office.states[-1] == CourierState(connected=True, trouble=None), DEADLINE_S / 4
        )
    office.close()
    assert healed
