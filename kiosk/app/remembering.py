"""Keeps the outbox's memory of who passed in step with the door's; main thread only."""

from kiosk.app.memory import Recollection
from kiosk.clock import Clock
from kiosk.door.event import QueuedEvent
from kiosk.door.passage import Memory
from kiosk.outbox import MemoryChange, Outbox

LATE_S = 1.0


class Remembering:
    """What changed with an event goes with its commit; the rest when nobody waits."""

    def __init__(self, outbox: Outbox, clock: Clock, utc_offset_s: float) -> None:
        self._outbox = outbox
        self._recollection = Recollection(clock, utc_offset_s)
        self._late_at_s = float("-inf")
        self._epoch: str | None = None
        self.is_loaded = False

    def load(self) -> Memory:
        """Return what is on the disk.

        Raises:
            OutboxError: It cannot be read.
        """
        memory = self._recollection.recall(self._outbox.memory())
        self.is_loaded = True
        return memory

    def settle(self, memory: Memory) -> Memory:
        """Return the same now that the clock is right."""
        return self._recollection.settle(memory) if self.is_loaded else memory

    def change(self, memory: Memory, before: Memory, mark: str) -> MemoryChange | None:
        """Return what a commit is to change, because this one passed; None: nothing."""
        return None if memory is before else self._recollection.change(memory, (mark,))

    def committed(self, event: QueuedEvent, memory: Memory) -> None:
        """Look whether the outbox began another file, which may have inherited only a part."""
        epoch = event.event_id.partition(":")[0]
        if self._epoch not in (None, epoch):
            self.forget(memory.passages.keys() | memory.visits.keys())
        self._epoch = epoch

    def forget(self, marks: frozenset[str] | set[str]) -> None:
        """Let the disk learn soon what the door remembers of these, if anything."""
        self._recollection.be_late(marks)

    def write_late(self, memory: Memory, now_s: float) -> None:
        """Write a bounded part of what is late, now and then.

        Raises:
            OutboxError: It stays late.
        """
        if now_s < self._late_at_s or not self.is_loaded:
            return
        self._late_at_s = now_s + LATE_S
        change = self._recollection.late(memory)
        if change is not None:
            self._outbox.remember(change)
            self._recollection.written(change)
