"""The outbox: where a check-in is on disk before the light is green, until it is delivered.

The file name is `[outbox] kind`. An outbox is one module with a frozen `Settings` model, a class
that keeps this contract, and `build(settings, source) -> Outbox`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from kiosk.door.event import (
    Acknowledgement,
    BootClock,
    CheckIn,
    ClockReading,
    Direction,
    QueuedEvent,
)


@dataclass(frozen=True, slots=True)
class Depth:
    """How much the outbox holds; costs the same however much that is.

    `unsent`: rows that no broker has taken over; `unacknowledged`: rows that no ledger has stored,
    those among them; `oldest_unsent_s`: how long the oldest unsent row has waited, in seconds of
    the outbox's own age, None where nothing waits; `trouble`: what a person should know, in one
    line, such as that a damaged file was set aside.
    """

    rows: int
    unsent: int
    unacknowledged: int = 0
    oldest_unsent_s: float | None = None
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """Which way somebody passed last, and when."""

    direction: Direction
    since_unix_s: float


@dataclass(frozen=True, slots=True)
class StoredVisits:
    """On which local days (since 1970) somebody came in how often; it counts for `days` days."""

    days: int
    counts: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Memory:
    """What is kept of those who passed, by mark."""

    passages: Mapping[str, StoredPassage] = field(default_factory=dict)
    visits: Mapping[str, StoredVisits] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MemoryChange:
    """What to keep instead for these marks, None where nothing; other marks stay as they are."""

    passages: Mapping[str, StoredPassage | None] = field(default_factory=dict)
    visits: Mapping[str, StoredVisits | None] = field(default_factory=dict)


class Outbox(Protocol):
    """A durable, gaplessly numbered queue. One object belongs to one thread.

    Contract, held by `tests/contract/test_outboxes.py` for every adapter: what `commit` returned
    survives a power cut; `seq` starts at 1 within an `epoch` and has no gap, whatever failed in
    between; bytes of an event never change, but for retention, which blanks `handle` and `sealed`
    and says `expired`; a row goes only after the ledger acknowledged it; after a failure the next
    call tries afresh, so that the outbox recovers when the disk does.
    """

    def commit(self, check_in: CheckIn, change: MemoryChange | None = None) -> QueuedEvent:
        """Number `check_in` and put it on disk; durable when this returns.

        `change`, when given, changes the memory of who passed in the same transaction.

        Raises:
            OutboxError: Nothing was committed and no number was used.
        """

    def commit_clock(self, boot_clock: BootClock, now: ClockReading) -> QueuedEvent | None:
        """Number what this boot's clock means, once a boot; None where that was done before.

        Raises:
            OutboxError: Nothing was committed and no number was used.
        """

    def probe(self) -> None:
        """Prove that a commit would succeed, by a durable write of its own.

        Raises:
            OutboxError: It would not.
        """

    def remember(self, change: MemoryChange) -> None:
        """Change the memory of who passed, without an event; a power cut may take it back.

        Raises:
            OutboxError: Nothing was changed.
        """

    def memory(self) -> Memory:
        """Return what is kept of those who passed."""

    def pending(self, after_row: int, limit: int) -> list[QueuedEvent]:
        """Return unsent events at places above `after_row`, oldest first."""

    def mark_sent(self, rows: Iterable[int]) -> None:
        """Remember that a broker took these over; unknown places are ignored."""

    def acknowledge(self, acknowledgement: Acknowledgement) -> int:
        """Note what the ledger has stored; return how many rows are to be sent again.

        An epoch that this outbox does not know, or a number above what was sent, is refused and
        changes nothing. A lower number than before makes all above it unsent again.
        """

    def send_again(self) -> int:
        """Make what was sent and is not acknowledged unsent again; return how many rows."""

    def keep(self, now: ClockReading) -> bool:
        """Let the outbox's age advance to `now`; prune and blank a bounded number of rows.

        Never holds the disk for long, so that a commit of another thread does not wait. Returns
        whether more is left to do.
        """

    def depth(self) -> Depth:
        """Return how much is held."""

    def sibling(self) -> "Outbox":
        """Return another object on the same queue, for another thread."""

    def close(self) -> None:
        """Release files. Never raises."""
