"""The courier's thread: one turn after the other, woken by whatever there is to hear.

What it moves, and when, is in `turns` and `policy`; here is only the waiting.
"""

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kiosk.door.event import ClockReading
from kiosk.uplink import Commanded, Connected, Report, Retained, Uplink, Wanted
from kiosk.uplink.delivery.pace import DRAIN_HZ, Pace
from kiosk.uplink.delivery.policy import Courier
from kiosk.uplink.delivery.turns import Queue, Turns

_TICK_S = 0.5
_SHORTEST_S = 0.001


@dataclass(frozen=True, slots=True)
class CourierState:
    """What the rest of the kiosk may know of the courier; told when it changes.

    `ledger_online` is None while nobody has said so; `drain_hz` is the rate that holds, and
    `drain_told` whether the operator set it; `apart` are events that the broker does not take.
    """

    connected: bool = False
    trouble: str | None = None
    ledger_online: bool | None = None
    drain_hz: float = DRAIN_HZ
    drain_told: bool = False
    apart: int = 0


@dataclass(frozen=True, slots=True)
class _Listening:
    """Topics that somebody wants to hear."""

    wanted: tuple[Wanted, ...]


@dataclass(frozen=True, slots=True)
class _Governed:
    """Events a second from now on; None: as the settings say."""

    drain_hz: float | None


@dataclass(frozen=True, slots=True)
class _Answered:
    """What a command is answered."""

    name: str
    body: bytes


@dataclass(frozen=True, slots=True)
class _Redial:
    """Connect anew; somebody waits for the old connection's end."""

    done: Callable[[], None]


_Item = Report | _Listening | _Governed | _Answered | _Redial | bytes | None
Heard = Connected | Retained | Commanded
"""What the rest of the kiosk may hear of a connection."""


class CourierThread:
    """Runs a courier over one uplink and one outbox object, in a thread `courier`.

    `turned_s`, `heard_s` and `puback_s` may be read by any thread: when (monotonic s) the last turn
    was completed, when the uplink last said anything, and when a broker last answered an event.
    Only the first is proof of work: a network thread that hangs is replaced by the courier.
    """

    def __init__(
        self,
        open_queue: Callable[[], Queue],
        uplink: Uplink,
        monotonic_s: Callable[[], float],
        changed: Callable[[CourierState], None],
        *,
        reading: Callable[[], ClockReading] | None = None,
        drain_hz: float = DRAIN_HZ,
        start_spread_s: float = 0.0,
    ) -> None:
        """Prepare; without `reading` the outbox is never asked to prune.

        The first connection waits a random part of `start_spread_s`.
        """
        self._open_queue = open_queue
        self._uplink = uplink
        self._monotonic_s = monotonic_s
        self._changed = changed
        self._reading = reading
        self._listeners: list[Callable[[Heard], None]] = []
        now_s = monotonic_s()
        self._courier = Courier(pace=Pace(drain_hz, at_s=now_s))
        self._courier.connection.spread(now_s, start_spread_s)
        self._inbox: queue.Queue[_Item] = queue.Queue(maxsize=1024)
        self._stopping = threading.Event()
        self._state = CourierState(drain_hz=drain_hz)
        self._last_status: bytes | None = None
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)
        self.turned_s = self.heard_s = now_s

    @property
    def puback_s(self) -> float | None:
        """When a broker last answered an event; None: never since the start."""
        return self._courier.puback_at_s

    def heard_by(self, listener: Callable[[Heard], None]) -> None:
        """Tell `listener` too of each connection and of what came at topics that were wanted.

        Called before the start; it is told on the courier's thread and must not block.
        """
        self._listeners.append(listener)

    def start(self) -> None:
        """Start moving rows."""
        self._thread.start()

    def nudge(self) -> None:
        """Say that a row was committed; any thread, never blocks."""
        self._put(None)

    def say(self, status: bytes) -> None:
        """Replace the kiosk's status; any thread, never blocks."""
        self._put(status)

    def listen(self, wanted: Sequence[Wanted]) -> None:
        """Hear these topics besides while this connection lasts; any thread, never blocks."""
        self._put(_Listening(tuple(wanted)))

    def govern(self, drain_hz: float | None) -> None:
        """Send at most so many events a second; None: as the settings say; any thread, no wait."""
        self._put(_Governed(drain_hz))

    def answer(self, name: str, body: bytes) -> None:
        """Answer a command; any thread, never blocks."""
        self._put(_Answered(name, body))

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted us; any thread."""
        return self._state.connected

    def redial(self, done: Callable[[], None]) -> None:
        """Connect anew, with what the settings' files hold now; any thread, never blocks.

        `done` is called on the courier's thread when the old connection has ended.
        """
        self._put(_Redial(done))

    def close(self, last_status: bytes, timeout_s: float) -> None:
        """Stop; what is not delivered stays in the outbox."""
        self._last_status = last_status
        self._stopping.set()
        self._put(None)
        self._thread.join(timeout_s)

    def _put(self, item: _Item) -> None:
        try:
            self._inbox.put_nowait(item)
        except queue.Full:
            # A lost nudge costs half a second, a lost answer a new connection.
            return

    def _run(self) -> None:
        rows = self._open_queue()
        turns = Turns(self._courier, rows, self._uplink, self._put, self._reading)
        while not self._stopping.is_set():
            self._hear(turns)
            now_s = self._monotonic_s()
            self._publish_state(turns.turn(now_s))
            self.turned_s = now_s
        # What was left to be said goes out before the last words do.
        self._take_all(turns)
        self._uplink.disconnect(self._last_status)
        self._take_all(turns)
        turns.finish()

    def _hear(self, turns: Turns) -> None:
        """Wait for one item or until there is something to do, then take all that is there."""
        wait_s = max(_SHORTEST_S, turns.wait_s(self._monotonic_s(), _TICK_S))
        try:
            self._take(turns, self._inbox.get(timeout=wait_s))
        except queue.Empty:
            # Somebody else may have changed the outbox, or a nudge was lost.
            turns.committed()
            return
        self._take_all(turns)

    def _take_all(self, turns: Turns) -> None:
        while True:
            try:
                self._take(turns, self._inbox.get_nowait())
            except queue.Empty:
                return

    def _take(self, turns: Turns, item: _Item) -> None:
        if item is None:
            turns.committed()
        elif isinstance(item, bytes):
            turns.say(item)
        elif isinstance(item, _Listening):
            turns.listen(item.wanted)
        elif isinstance(item, _Governed):
            turns.govern(item.drain_hz)
        elif isinstance(item, _Answered):
            turns.answer(item.name, item.body)
        elif isinstance(item, _Redial):
            turns.redial(self._monotonic_s())
            item.done()
        else:
            self.heard_s = self._monotonic_s()
            turns.hear(item, self.heard_s)
            if isinstance(item, Heard):
                for listener in self._listeners:
                    listener(item)

    def _publish_state(self, disk_trouble: str | None) -> None:
        courier = self._courier
        state = CourierState(
            courier.connected,
            disk_trouble or courier.trouble,
            courier.resending.online,
            courier.pace.hz,
            courier.pace.told_hz is not None,
            len(courier.apart),
        )
        if state != self._state:
            self._state = state
            self._changed(state)
