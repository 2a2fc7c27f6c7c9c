"""The witness of what was shown: each green is on record at the moment it is shown.

One `write` appends the event's id to a file. A page that the kernel holds survives a SIGKILL of the
process, so whatever a resident saw is known, whatever became of the kiosk.
"""

import os
import time
from collections.abc import Iterable
from pathlib import Path

from kiosk.door.cues import Show, ShowAll, Unlock
from kiosk.door.event import Acknowledgement, BootClock, CheckIn, ClockReading, QueuedEvent
from kiosk.door.signal import Signal
from kiosk.outbox import Depth, Memory, MemoryChange, Outbox

NO_COMMIT = "nothing"
"""Stands in the file where green was shown for what no commit had returned."""


class WitnessStage:
    """Where a player would be: notes each green. `green` counts those of this life."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.committed: str | None = None
        self.green = 0

    @property
    def turned_s(self) -> float:
        """When it last turned: always just now."""
        return time.monotonic()

    def play(self, effect: Show | ShowAll | Unlock) -> None:
        """Note a green, by the event that was committed for it."""
        if isinstance(effect, Show) and effect.signal is Signal.ACCEPTED:
            event_id, self.committed = self.committed, None
            os.write(self._file, f"{event_id or NO_COMMIT}\n".encode())
            self.green += 1


class WitnessedOutbox:
    """The main thread's outbox; tells the witness which event a green will stand for."""

    def __init__(self, outbox: Outbox, witness: WitnessStage) -> None:
        self._outbox = outbox
        self._witness = witness

    def commit(self, check_in: CheckIn, change: MemoryChange | None = None) -> QueuedEvent:
        """Number `check_in` and put it on disk."""
        event = self._outbox.commit(check_in, change)
        self._witness.committed = event.event_id
        return event

    def commit_clock(self, boot_clock: BootClock, now: ClockReading) -> QueuedEvent | None:
        """Number what this boot's clock means."""
        return self._outbox.commit_clock(boot_clock, now)

    def probe(self) -> None:
        """Prove that a commit would succeed."""
        self._outbox.probe()

    def remember(self, change: MemoryChange) -> None:
        """Change the memory of who passed."""
        self._outbox.remember(change)

    def memory(self) -> Memory:
        """Return what is kept of those who passed."""
        return self._outbox.memory()

    def pending(self, after_row: int, limit: int) -> list[QueuedEvent]:
        """Return unsent events at places above `after_row`, oldest first."""
        return self._outbox.pending(after_row, limit)

    def mark_sent(self, rows: Iterable[int]) -> None:
        """Remember that a broker took these over."""
        self._outbox.mark_sent(rows)

    def acknowledge(self, acknowledgement: Acknowledgement) -> int:
        """Note what the ledger has stored."""
        return self._outbox.acknowledge(acknowledgement)

    def send_again(self) -> int:
        """Make what was sent and is not acknowledged unsent again."""
        return self._outbox.send_again()

    def keep(self, now: ClockReading) -> bool:
        """Let the outbox's age advance."""
        return self._outbox.keep(now)

    def depth(self) -> Depth:
        """Return how much is held."""
        return self._outbox.depth()

    def sibling(self) -> Outbox:
        """Return another object on the same queue."""
        return self._outbox.sibling()

    def close(self) -> None:
        """Release files."""
        self._outbox.close()
