"""The courier moves rows: oldest first, a bounded window in flight, gone only when acknowledged.

`Courier` is a pure policy: reports and time go in, what to do comes out, so that every refusal and
silence of a broker is a test without one. `CourierThread` runs it.
"""

import queue
import random
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from kiosk.door.event import QueuedEvent
from kiosk.errors import DeliveryError, OutboxError
from kiosk.uplink import Acknowledged, Connected, Disconnected, Report, Uplink

WINDOW = 20
"""Events in flight; never above what the broker says that it takes."""
RESEND_S = 30.0
"""An event without an answer for so long is sent again on the same connection."""
BACKOFF_S = (1.0, 30.0)
"""Reconnect after a random part of a delay that doubles between these."""
STEADY_S = 30.0
"""Only a connection that held for so long was a success: two kiosks with one name are each
accepted, and each throws the other off."""
CONNECT_PATIENCE_S = 30.0
KEEP_S = 5.0
"""Pause after "nobody subscribed" or a refusal, doubling like the reconnect delay."""

SUCCESS = 0x00
NO_SUBSCRIBERS = 0x10
QUOTA_EXCEEDED = 0x97

_TICK_S = 0.5


class Queue(Protocol):
    """The part of an outbox that the courier needs; an object of its own thread."""

    def pending(self, after_seq: int, limit: int) -> list[QueuedEvent]:
        """Return unsent events above `after_seq`, oldest first."""

    def mark_sent(self, seqs: Iterable[int]) -> None:
        """Remember that a broker took these over."""

    def close(self) -> None:
        """Release the file."""


@dataclass(frozen=True, slots=True)
class CourierState:
    """What the rest of the kiosk may know of the courier."""

    connected: bool = False
    trouble: str | None = None


@dataclass(slots=True)
class Courier:
    """The policy; times in monotonic seconds, `jitter` returns 0 to 1."""

    jitter: Callable[[], float] = random.random
    in_flight: dict[int, float] = field(default_factory=dict)
    acknowledged: set[int] = field(default_factory=set)
    connected: bool = False
    connecting: bool = False
    trouble: str | None = None
    window: int = WINDOW
    connect_at_s: float = 0.0
    connecting_since_s: float = 0.0
    connected_since_s: float = 0.0
    send_at_s: float = 0.0
    failures: int = 0
    refusals: int = 0

    def report(self, report: Report, now_s: float) -> None:
        """Take in what the uplink said."""
        match report:
            case Connected(receive_maximum):
                self.connected, self.connecting = True, False
                # The status goes out with QoS 1 too and needs a place of its own.
                self.window = max(1, min(WINDOW, receive_maximum - 1))
                self.connected_since_s = now_s
                # A broker may end the connection at each refusal: that trouble is over only when
                # an event was taken.
                if not self.refusals:
                    self.trouble = None
            case Disconnected(why):
                self.lost(why, now_s)
            case Acknowledged(seq, code):
                self._answered(seq, code, now_s)

    def lost(self, why: str, now_s: float) -> None:
        """The connection is gone, or was never made: forget the window and try again later."""
        if self.connected and now_s - self.connected_since_s >= STEADY_S:
            self.failures = 0
        if self.connected or self.connecting:
            self.connect_at_s = now_s + self._delay_s(BACKOFF_S[0], self.failures)
            self.failures += 1
        self.connected = self.connecting = False
        self.in_flight.clear()
        if not self.refusals:
            self.trouble = why

    def wants_connection(self, now_s: float) -> bool:
        """Tell whether to try to connect now; an attempt without an outcome is given up."""
        if self.connecting and now_s - self.connecting_since_s >= CONNECT_PATIENCE_S:
            self.lost("the broker does not answer", now_s)
        return not self.connected and not self.connecting and now_s >= self.connect_at_s

    def begin(self, now_s: float) -> None:
        """Note that a connection is being made."""
        self.connecting, self.connecting_since_s = True, now_s

    def room(self, now_s: float) -> int:
        """Return how many events may be sent now; those without an answer are due again."""
        if not self.connected or now_s < self.send_at_s:
            return 0
        self.in_flight = {s: t for s, t in self.in_flight.items() if now_s - t < RESEND_S}
        return self.window - len(self.in_flight)

    def _answered(self, seq: int, code: int, now_s: float) -> None:
        if code == SUCCESS:
            self.in_flight.pop(seq, None)
            self.acknowledged.add(seq)
            self.refusals = 0
            self.trouble = None
            return
        self.in_flight.pop(seq, None)
        if now_s >= self.send_at_s:
            # One pause for a window full of refusals, not one for each.
            self.send_at_s = now_s + self._delay_s(KEEP_S, self.refusals)
            self.refusals += 1
        self.trouble = _trouble(code)

    def _delay_s(self, base_s: float, count: int) -> float:
        longest_s: float = min(BACKOFF_S[1], base_s * 2.0 ** min(count, 16))
        # Full jitter spreads a fleet's return; the floor keeps one kiosk from spinning.
        return max(0.2, longest_s * self.jitter())


def _trouble(code: int) -> str:
    if code == NO_SUBSCRIBERS:
        return "nobody is subscribed to this kiosk's events: they are kept"
    if code == QUOTA_EXCEEDED:
        return "the broker's quota is exceeded: events are kept"
    return f"the broker refuses events (0x{code:02x}): they are kept"


class CourierThread:
    """Runs a courier over one uplink and one outbox object, in a thread `courier`."""

    def __init__(
        self,
        open_queue: Callable[[], Queue],
        uplink: Uplink,
        monotonic_s: Callable[[], float],
        changed: Callable[[CourierState], None],
    ) -> None:
        self._open_queue = open_queue
        self._uplink = uplink
        self._monotonic_s = monotonic_s
        self._changed = changed
        self._inbox: queue.Queue[Report | bytes | None] = queue.Queue(maxsize=1024)
        self._stopping = threading.Event()
        self._state = CourierState()
        self._status: bytes | None = None
        self._status_sent: bytes | None = None
        self._last_status: bytes | None = None
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)

    def start(self) -> None:
        """Start moving rows."""
        self._thread.start()

    def nudge(self) -> None:
        """Say that a row was committed; any thread, never blocks."""
        self._put(None)

    def say(self, status: bytes) -> None:
        """Replace the kiosk's status; any thread, never blocks."""
        self._put(status)

    def close(self, last_status: bytes, timeout_s: float) -> None:
        """Stop; what is not delivered stays in the outbox."""
        self._last_status = last_status
        self._stopping.set()
        self._put(None)
        self._thread.join(timeout_s)

    def _put(self, item: Report | bytes | None) -> None:
        try:
            self._inbox.put_nowait(item)
        except queue.Full:
            # A lost nudge costs half a second, a lost answer costs one duplicate.
            return

    def _run(self) -> None:
        courier = Courier()
        rows = self._open_queue()
        while not self._stopping.is_set():
            self._hear(courier)
            now_s = self._monotonic_s()
            disk_trouble: str | None = None
            try:
                self._turn(courier, rows, now_s)
            except DeliveryError as error:
                courier.lost(str(error), now_s)
            except OutboxError as error:
                # The door shows a failing disk; the courier only waits for it.
                disk_trouble = str(error)
            self._publish_state(CourierState(courier.connected, disk_trouble or courier.trouble))
        self._uplink.disconnect(self._last_status)
        rows.close()

    def _hear(self, courier: Courier) -> None:
        """Wait for one item, then take all that is there."""
        try:
            item = self._inbox.get(timeout=_TICK_S)
            while True:
                if isinstance(item, bytes):
                    self._status = item
                elif item is not None:
                    courier.report(item, self._monotonic_s())
                item = self._inbox.get_nowait()
        except queue.Empty:
            return

    def _turn(self, courier: Courier, rows: Queue, now_s: float) -> None:
        if courier.acknowledged:
            rows.mark_sent(courier.acknowledged)
            courier.acknowledged.clear()
        if courier.wants_connection(now_s):
            self._status_sent = None
            courier.begin(now_s)
            self._uplink.connect(self._put)
            return
        if not courier.connected:
            return
        if self._status is not None and self._status != self._status_sent:
            self._uplink.send_status(self._status)
            self._status_sent = self._status
        room = courier.room(now_s)
        if room <= 0:
            return
        # The oldest rows first, with those in flight among them: there are at most a window.
        waiting = rows.pending(0, room + len(courier.in_flight))
        for event in [e for e in waiting if e.seq not in courier.in_flight][:room]:
            courier.in_flight[event.seq] = now_s
            self._uplink.send(event)

    def _publish_state(self, state: CourierState) -> None:
        if state != self._state:
            self._state = state
            self._changed(state)
