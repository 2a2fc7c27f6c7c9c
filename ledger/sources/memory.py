"""A broker in memory, for tests and rehearsals: keeps what is not committed, and can be cut off."""

import threading
from collections import deque

from pydantic import BaseModel, ConfigDict

from kiosk.door.event import LEDGER_TOPIC, LedgerPresence
from ledger.errors import SourceLost
from ledger.source import Batch, Limits, Message

_IDLE_S = 0.05


class Settings(BaseModel):
    """It has none."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class MemorySource:
    """A session with a broker that lives as long as this object; `retained` is what was told."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._changed = threading.Condition()
        self._waiting: deque[Message] = deque()
        self._out: dict[int, Message] = {}
        self._receipts = 0
        self._connection = 1
        self._connected = True
        self._statuses: list[Message] = []
        self._said: list[Message] = []
        self.retained: dict[str, bytes] = {}

    def publish(self, topic: str, body: bytes) -> None:
        """Let a kiosk say something; from any thread."""
        with self._changed:
            if topic.endswith("/status"):
                self._statuses.append(Message(topic, body))
            else:
                self._receipts += 1
                self._waiting.append(Message(topic, body, self._receipts))
            self._changed.notify_all()

    def cut(self) -> None:
        """Break the connection: nothing goes in or out until `mend`."""
        with self._changed:
            self._connected = False
            self._connection += 1
            self._waiting.extendleft(reversed(self._out.values()))
            self._out.clear()

    def mend(self) -> None:
        """Connect again: what was not committed comes again, and what is retained is heard."""
        with self._changed:
            self._connected = True
            self._said = [Message(t, b) for t, b in self.retained.items() if t.endswith("/ack")]
            self._changed.notify_all()

    def open(self) -> None:
        """Start a life: what an earlier one left uncommitted comes again."""
        self.cut()
        self.mend()

    def batch(self) -> Batch:
        """Return what there is."""
        with self._changed:
            self._changed.wait_for(lambda: self._connected and self._waiting, _IDLE_S)
            events: list[Message] = []
            while self._connected and self._waiting and len(events) < self._limits.events:
                message = self._waiting.popleft()
                self._out[message.receipt] = message
                events.append(message)
            statuses, self._statuses = self._statuses, []
            said, self._said = self._said, []
            return Batch(events, statuses, said, self._connection)

    def commit(self, batch: Batch) -> None:
        """Forget the events of `batch`."""
        with self._changed:
            if batch.connection == self._connection:
                for message in batch.events:
                    self._out.pop(message.receipt, None)

    def tell(self, topic: str, body: bytes) -> None:
        """Replace what is retained at `topic`."""
        with self._changed:
            if not self._connected:
                raise SourceLost("not connected to the broker")
            self.retained[topic] = body

    def be_present(self, *, online: bool) -> None:
        """Say whether events are stored here."""
        with self._changed:
            self.retained[LEDGER_TOPIC] = LedgerPresence(online=online).model_dump_json().encode()

    def close(self) -> None:
        """Say that nobody stores any more."""
        self.be_present(online=False)


def build(settings: Settings, limits: Limits) -> MemorySource:  # noqa: ARG001 - the family's shape
    """Return a broker with nothing in it."""
    return MemorySource(limits)
