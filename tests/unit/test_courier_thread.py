"""The courier at work: a thread over an outbox in memory and a broker that plays a script."""

from collections.abc import Iterator

import pytest

from kiosk.door.event import QueuedEvent, source_of
from kiosk.errors import OutboxFull
from kiosk.outbox.memory import MemoryOutbox, Settings
from kiosk.uplink.courier import CourierThread
from kiosk.uplink.delivery.policy import WINDOW
from kiosk.uplink.delivery.rows import NO_SUBSCRIBERS, SUCCESS
from tests.parts.office import DEADLINE_S, UNGOVERNED_HZ, Office


@pytest.fixture
def office() -> Iterator[Office]:
    office = Office()
    yield office
    office.close()


def test_everything_is_sent_once_and_oldest_first(office: Office) -> None:
    office.commit(50)
    office.courier.start()
    office.settle(unsent=0)
    assert office.broker.received == list(range(1, 51))


def test_what_is_committed_later_leaves_at_a_nudge(office: Office) -> None:
    office.courier.start()
    office.commit(1)
    office.settle(unsent=0)
    office.commit(1)
    office.settle(unsent=0)
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


def test_a_silent_broker_is_left_and_gets_the_same_on_a_new_connection(office: Office) -> None:
    office.broker.script.extend([None] * 2)
    office.commit(2)
    office.courier.start()
    office.wait_received(2)
    office.now_s = 29.0
    office.commit(1)
    office.wait_received(3)
    assert office.broker.connections == 1
    office.now_s = 31.0
    office.settle(unsent=0, pace_s=1.0)
    assert office.broker.received == [1, 2, 3, 1, 2]
    assert office.broker.connections == 2


def test_a_status_that_nobody_answers_gets_a_new_connection(office: Office) -> None:
    """At a quiet door this is how a network thread that hangs is noticed."""
    office.broker.answers_statuses = False
    office.courier.start()
    office.courier.say(b"one")
    office.wait_until(lambda: office.broker.statuses == [b"one"])
    office.courier.say(b"two")
    office.commit(1)
    office.settle(unsent=0)
    # One at a time: the second waits for the answer to the first.
    assert office.broker.statuses == [b"one"]
    office.now_s = 31.0
    office.wait_for("does not answer")
    office.broker.answers_statuses = True
    office.wait_until(lambda: b"two" in office.broker.statuses, pace_s=1.0)
    assert office.broker.connections == 2


def test_when_nobody_is_subscribed_everything_is_kept_and_sent_later(office: Office) -> None:
    office.broker.script.extend([NO_SUBSCRIBERS] * 3)
    office.commit(3)
    office.courier.start()
    office.wait_for("nobody is subscribed")
    assert office.outbox.depth().unsent == 3
    office.now_s = 10.0
    office.settle(unsent=0)
    assert office.broker.received == [1, 2, 3, 1, 2, 3]


def test_after_a_lost_connection_only_what_was_not_acknowledged_is_sent_again(
    office: Office,
) -> None:
    office.broker.script.extend([SUCCESS, None, SUCCESS, None])
    office.commit(4)
    office.courier.start()
    office.settle(unsent=2, pace_s=0.1)
    office.broker.drop()
    office.wait_for("the broker restarts")
    office.now_s = 5.0
    office.settle(unsent=0)
    assert office.broker.received == [1, 2, 3, 4, 2, 4]
    assert office.broker.connections == 2


def test_a_broker_that_cannot_be_reached_is_said_and_tried_again(office: Office) -> None:
    office.broker.refuse_connections = 2
    office.commit(1)
    office.courier.start()
    office.wait_for("no route to the broker")
    assert office.outbox.depth().unsent == 1
    office.settle(unsent=0, pace_s=10.0)
    assert office.broker.connections == 3


def test_the_status_is_said_again_on_every_connection_and_not_twice_on_one(office: Office) -> None:
    office.courier.start()
    office.courier.say(b"one")
    office.courier.say(b"one")
    office.commit(1)
    office.settle(unsent=0)
    office.broker.drop()
    office.wait_for("the broker restarts")
    office.now_s = 5.0
    office.commit(1)
    office.settle(unsent=0)
    assert office.broker.statuses == [b"one", b"one"]


def test_its_last_words_are_left_behind() -> None:
    office = Office()
    office.courier.start()
    office.commit(1)
    office.settle(unsent=0)
    office.close()
    assert office.broker.last_words == b"last words"


class BadDisk(MemoryOutbox):
    """A disk that fails for a while."""

    failures = 2

    def pending(self, after_row: int, limit: int) -> list[QueuedEvent]:
        if self.failures:
            self.failures -= 1
            raise OutboxFull("the disk is full")
        return super().pending(after_row, limit)


def test_a_failing_disk_is_waited_for_and_its_trouble_ends_with_it() -> None:
    office = Office()
    disk = BadDisk(Settings(), source_of("hk-042", "door-1"))
    office.courier = CourierThread(
        lambda: disk, office.broker, lambda: 0.0, office.told, drain_hz=UNGOVERNED_HZ
    )
    office.courier.start()
    office.wait_for("the disk is full")
    with office.broker.changed:
        healed = office.broker.changed.wait_for(
            lambda: office.states[-1].connected and not office.states[-1].trouble, DEADLINE_S / 4
        )
    office.close()
    assert healed
