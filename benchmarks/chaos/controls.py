"""What the kiosk is compared with: the same program without one of its promises.

`PubackDeletes` believes that a PUBACK means "stored". `PahoQueue` believes that a library's queue
is a queue. Both are what one would write first, and both must lose in this rig, or it proves
nothing.
"""

import secrets
import time
from collections.abc import Iterable

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from kiosk.door.event import (
    Acknowledgement,
    BootClock,
    CheckIn,
    ClockReading,
    EventName,
    QueuedEvent,
    enclose,
    queued,
)
from kiosk.outbox import Depth, Memory, MemoryChange, Outbox


class PubackDeletes:
    """The courier's view of an outbox in which a row is done at its PUBACK: nothing comes again."""

    def __init__(self, rows: Outbox) -> None:
        self._rows = rows

    def pending(self, after_row: int, limit: int) -> list[QueuedEvent]:
        """Return unsent events at places above `after_row`, oldest first."""
        return self._rows.pending(after_row, limit)

    def mark_sent(self, rows: Iterable[int]) -> None:
        """Be done with these."""
        self._rows.mark_sent(rows)

    def acknowledge(self, acknowledgement: Acknowledgement) -> int:
        """Do not listen."""
        del acknowledgement
        return 0

    def send_again(self) -> int:
        """Send nothing again."""
        return 0

    def keep(self, now: ClockReading) -> bool:
        """Prune nothing, so that it can be counted."""
        del now
        return False

    def close(self) -> None:
        """Release the file."""
        self._rows.close()


class PahoQueue:
    """An outbox that is paho's own queue: committed means that `publish` has returned.

    Also the courier: there is nothing else to do.
    """

    def __init__(self, port: int, source: str) -> None:
        self._source = source
        self._epoch = secrets.token_hex(8)
        self._seq = 0
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=source.replace("/", "_"),
            protocol=paho.MQTTv5,
        )
        self._client.connect_async("127.0.0.1", port)
        self._client.loop_start()

    @property
    def turned_s(self) -> float:
        """When its thread last turned: paho does not say."""
        return time.monotonic()

    def nudge(self) -> None:
        """Do nothing: it left already."""

    def say(self, status: bytes) -> None:
        """Say nothing: a status delivers no event."""
        del status

    def answer(self, name: str, body: bytes) -> None:
        """Answer nobody: it takes no command."""
        del name, body

    def commit(self, check_in: CheckIn, change: MemoryChange | None = None) -> QueuedEvent:
        """Publish, and believe it."""
        del change
        seq = self._seq + 1
        event = enclose(check_in, source=self._source, epoch=self._epoch, seq=seq)
        waiting = queued(event, seq)
        topic = f"{self._source}/event/{EventName.CHECK_IN}"
        self._client.publish(topic, waiting.body, qos=1)
        self._seq = seq
        return waiting

    def commit_clock(self, boot_clock: BootClock, now: ClockReading) -> QueuedEvent | None:
        """Record no clock."""
        del boot_clock, now
        return None

    def probe(self) -> None:
        """Believe that all is well."""

    def remember(self, change: MemoryChange) -> None:
        """Remember nobody."""
        del change

    def memory(self) -> Memory:
        """Return nobody."""
        return Memory()

    def pending(self, after_row: int, limit: int) -> list[QueuedEvent]:
        """Return nothing: paho keeps its own queue."""
        del after_row, limit
        return []

    def mark_sent(self, rows: Iterable[int]) -> None:
        """Remember nothing."""
        del rows

    def acknowledge(self, acknowledgement: Acknowledgement) -> int:
        """Do not listen."""
        del acknowledgement
        return 0

    def send_again(self) -> int:
        """Send nothing again."""
        return 0

    def keep(self, now: ClockReading) -> bool:
        """Keep nothing."""
        del now
        return False

    def depth(self) -> Depth:
        """Return nothing: paho does not say."""
        return Depth(0, 0)

    def sibling(self) -> Outbox:
        """Return itself."""
        return self

    def close(self) -> None:
        """Leave in order."""
        self._client.disconnect()
        self._client.loop_stop()
