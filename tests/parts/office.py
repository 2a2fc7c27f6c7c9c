"""A courier at work: its thread over an outbox in memory and a broker that plays a script."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest

from kiosk.door.event import CheckIn, ClockReading, QueuedEvent, source_of
from kiosk.door.rules import Reason, Verdict
from kiosk.errors import BrokerUnreachable
from kiosk.outbox.memory import MemoryOutbox, Settings, build
from kiosk.uplink import STATUS_ROW, Connected, Disconnected, Post, Puback, Report, Wanted
from kiosk.uplink.courier import CourierState, CourierThread
from kiosk.uplink.delivery.rows import SUCCESS

DEADLINE_S = 20.0
UNGOVERNED_HZ = 10_000.0
CHECK_IN = CheckIn(
    verdict=Verdict.REJECTED,
    reason=Reason.URL,
    direction=None,
    kind=None,
    assurance=None,
    handle=None,
    clock=ClockReading(utc=datetime(2021, 8, 14, tzinfo=UTC), trusted=True, boot="b", mono_ns=1),
)


class PlayedBroker:
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
        self.wanted: list[Wanted] = []
        self.answers: list[tuple[str, bytes]] = []
        self.last_words: bytes | None = None
        self.connections = 0
        self.unanswered: set[int] = set()
        self.most_unanswered = 0
        self.answers_statuses = True

    def connect(self, post: Post) -> None:
        """Accept, or not, as told."""
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
        """Answer by script."""
        with self.changed:
            if not self.up or self.post is None:
                raise BrokerUnreachable("not connected to the broker")
            self.received.append(event.row)
            self.unanswered.add(event.row)
            self.most_unanswered = max(self.most_unanswered, len(self.unanswered))
            answer = self.script.popleft() if self.script else SUCCESS
            if answer is not None:
                self.unanswered.discard(event.row)
                self.post(Puback(event.row, answer))
            self.changed.notify_all()

    def listen(self, wanted: Sequence[Wanted]) -> None:
        """Note what is wanted."""
        with self.changed:
            if not self.up:
                raise BrokerUnreachable("not connected to the broker")
            self.wanted.extend(wanted)
            self.changed.notify_all()

    def answer(self, name: str, body: bytes) -> None:
        """Note what a command is answered."""
        with self.changed:
            if not self.up:
                raise BrokerUnreachable("not connected to the broker")
            self.answers.append((name, body))
            self.changed.notify_all()

    def send_status(self, body: bytes) -> None:
        """Keep it, and answer where told so."""
        with self.changed:
            if not self.up:
                raise BrokerUnreachable("not connected to the broker")
            self.statuses.append(body)
            if self.answers_statuses and self.post is not None:
                self.post(Puback(STATUS_ROW, SUCCESS))
            self.changed.notify_all()

    def disconnect(self, status: bytes | None = None) -> None:
        """End it, and keep the last words."""
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
        self.broker = PlayedBroker()
        self.states: list[CourierState] = []
        self.now_s = 0.0
        self.courier = CourierThread(
            self.outbox.sibling, self.broker, lambda: self.now_s, self.told, drain_hz=UNGOVERNED_HZ
        )

    def told(self, state: CourierState) -> None:
        """Keep what the courier says of itself."""
        with self.broker.changed:
            self.states.append(state)
            self.broker.changed.notify_all()

    def commit(self, count: int) -> None:
        """Commit so many events and say so."""
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
        """Wait until the broker has had so many events."""
        with self.broker.changed:
            assert self.broker.changed.wait_for(
                lambda: len(self.broker.received) >= count, DEADLINE_S
            )

    def wait_received_while(self, count: int, pace_s: float) -> None:
        """Wait until the broker has had so many events, while the clock moves on."""
        self.wait_until(lambda: len(self.broker.received) >= count, pace_s)

    def settle(self, unsent: int, pace_s: float = 0.0) -> None:
        """Wait until so many events are unsent, while the clock moves on by `pace_s` at a time."""
        self.wait_until(lambda: self.outbox.depth().unsent == unsent, pace_s)

    def wait_until(self, met: Callable[[], bool], pace_s: float = 0.0) -> None:
        """Wait until `met` holds, while the clock moves on by `pace_s` at a time."""
        with self.broker.changed:
            for _ in range(int(DEADLINE_S * 20)):
                if met():
                    return
                self.now_s += pace_s
                self.courier.nudge()
                self.broker.changed.wait(0.05)
        pytest.fail(f"not met: {self.outbox.depth()}, {self.broker.received[-30:]} received")

    def said(self, report: Report) -> None:
        """Let the uplink report something more."""
        assert self.broker.post is not None
        self.broker.post(report)

    def close(self) -> None:
        """End the courier; every answer that was given has been heard when this returns."""
        self.courier.close(b"last words", DEADLINE_S)
