"""One turn after the other: what a courier does with its outbox and its uplink. No thread, no wait.

Rows are read ahead and marked in batches, because every commit waits for the disk: what was marked
late costs duplicates at worst, and the ledger stores each event once.
"""

import contextlib
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from kiosk.door.event import Acknowledgement, ClockReading, QueuedEvent
from kiosk.errors import DeliveryError, OutboxError
from kiosk.uplink import Post, Report, Uplink, Wanted
from kiosk.uplink.delivery.policy import Courier

READ_AHEAD = 200
MARK_ROWS = 500
MARK_S = 0.5
"""Rows that a broker took over are marked when so many wait, after so long, or when all is sent."""
KEEP_S = 60.0
"""How often the outbox is asked to prune; until all is done it is asked every second."""
KEEP_BUSY_S = 1.0


class Queue(Protocol):
    """The part of an outbox that the courier needs; an object of its own thread."""

    def pending(self, after_row: int, limit: int) -> list[QueuedEvent]:
        """Return unsent events at places above `after_row`, oldest first."""

    def mark_sent(self, rows: Iterable[int]) -> None:
        """Remember that a broker took these over."""

    def acknowledge(self, acknowledgement: Acknowledgement) -> int:
        """Note what the ledger has stored; return how many rows are to be sent again."""

    def send_again(self) -> int:
        """Make what was sent and is not acknowledged unsent again; return how many rows."""

    def keep(self, now: ClockReading) -> bool:
        """Prune and blank a little; tell whether more is left to do."""

    def close(self) -> None:
        """Release the file."""


class Turns:
    """Moves rows between `rows` and `uplink` as `courier` says; all calls from one thread."""

    def __init__(
        self,
        courier: Courier,
        rows: Queue,
        uplink: Uplink,
        post: Post,
        reading: Callable[[], ClockReading] | None = None,
    ) -> None:
        """Prepare; `post` is what the uplink reports to, any thread."""
        self._courier = courier
        self._rows = rows
        self._uplink = uplink
        self._post = post
        self._reading = reading
        self._status: bytes | None = None
        self._status_sent: bytes | None = None
        self._ahead: deque[QueuedEvent] = deque()
        self._after_row = 0
        self._more = True
        self._unmarked_since_s: float | None = None
        self._keep_at_s = float("-inf")

    def committed(self) -> None:
        """Note that there may be more rows than were read."""
        self._more = True

    def say(self, status: bytes) -> None:
        """Replace the kiosk's status."""
        self._status = status

    def hear(self, report: Report, now_s: float) -> None:
        """Take in what the uplink said."""
        self._courier.report(report, now_s)

    def govern(self, drain_hz: float | None) -> None:
        """Send at most so many events a second from now on; None: as the settings say."""
        self._courier.pace.told_hz = drain_hz

    def redial(self, now_s: float) -> None:
        """Give the connection up for a new one."""
        self._courier.lost("the certificate is a new one", now_s)
        self._uplink.disconnect()

    def listen(self, wanted: Sequence[Wanted]) -> None:
        """Hear these topics besides; whoever wants them asks again on the next connection."""
        with contextlib.suppress(DeliveryError):
            self._uplink.listen(wanted)

    def answer(self, name: str, body: bytes) -> None:
        """Answer a command; without a connection nobody waits for it any more."""
        with contextlib.suppress(DeliveryError):
            self._uplink.answer(name, body)

    def wait_s(self, now_s: float, longest_s: float) -> float:
        """Return how long there is nothing to do, where nobody says anything."""
        if self._more or self._ahead or self._courier.rewind:
            return min(longest_s, self._courier.wait_s(now_s))
        return longest_s

    def turn(self, now_s: float) -> str | None:
        """Do what is due now; return what is wrong with the disk, where something is."""
        try:
            self._meet(now_s)
            # Sending comes first: a broker that has room must not wait for the disk.
            self._send(now_s)
            self._settle(now_s)
        except DeliveryError as error:
            self._courier.lost(str(error), now_s)
        except OutboxError as error:
            # The door shows a failing disk; the courier only waits for it.
            self._courier.rewind = True
            return str(error)
        return None

    def finish(self) -> None:
        """Mark what a broker took over, as the last thing that is done."""
        try:
            self._mark()
        except OutboxError:
            # It goes out twice: better than never.
            self._courier.taken.clear()
        self._rows.close()

    def _meet(self, now_s: float) -> None:
        """Keep the connection: give up a silent one, make a new one, say the status."""
        courier = self._courier
        silence = courier.silent(now_s)
        if silence is not None:
            courier.lost(silence, now_s)
            self._uplink.disconnect()
        if courier.connection.wants(now_s):
            self._status_sent = None
            courier.begin(now_s)
            self._uplink.connect(self._post)
        elif courier.may_say() and self._status is not None and self._status != self._status_sent:
            self._status_sent = self._status
            courier.said(now_s)
            self._uplink.send_status(self._status)

    def _send(self, now_s: float) -> None:
        courier = self._courier
        for _ in range(courier.room(now_s)):
            event = self._next()
            if event is None:
                break
            courier.sent(event.row, now_s)
            self._uplink.send(event)
        left = self._more or self._ahead or courier.rewind or courier.in_flight
        if courier.connected and not left:
            courier.resending.drained(now_s)

    def _next(self) -> QueuedEvent | None:
        """Return the oldest event that may be sent, reading ahead of what is in flight."""
        if self._courier.rewind:
            self._mark()
            self._courier.rewind = False
            self._ahead.clear()
            self._after_row, self._more = 0, True
        while self._ahead or self._more:
            while self._ahead:
                event = self._ahead.popleft()
                if self._courier.may_send(event.row):
                    return event
            read = self._rows.pending(self._after_row, READ_AHEAD)
            self._more = len(read) == READ_AHEAD
            self._ahead.extend(read)
            if read:
                self._after_row = read[-1].row
        return None

    def _settle(self, now_s: float) -> None:
        """Bring the outbox up to date: what was taken over, what the ledger said, what is old."""
        courier, resending = self._courier, self._courier.resending
        self._mark_in_time(now_s)
        if resending.word is not None:
            self._mark()
            if self._rows.acknowledge(resending.word):
                courier.rewind = True
            resending.word = None
        if courier.connected and resending.due(now_s):
            self._mark()
            if resending.newest is not None:
                self._rows.acknowledge(resending.newest)
            resending.resent(self._rows.send_again())
            courier.rewind = True
        courier.retry(now_s)
        if self._reading is not None and now_s >= self._keep_at_s:
            more = self._rows.keep(self._reading())
            self._keep_at_s = now_s + (KEEP_BUSY_S if more else KEEP_S)
            # What was read ahead may have been blanked: it must not leave as it was.
            courier.rewind = True

    def _mark_in_time(self, now_s: float) -> None:
        taken = self._courier.taken
        if not taken:
            return
        if self._unmarked_since_s is None:
            self._unmarked_since_s = now_s
        idle = not self._courier.in_flight and not self._ahead and not self._more
        late = now_s - self._unmarked_since_s >= MARK_S
        if idle or late or len(taken) >= MARK_ROWS or not self._courier.connected:
            self._mark()

    def _mark(self) -> None:
        if self._courier.taken:
            self._rows.mark_sent(self._courier.taken)
            self._courier.taken.clear()
        self._unmarked_since_s = None
