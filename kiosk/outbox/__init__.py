"""The outbox: where a check-in is on disk before the light is green, until it is delivered.

The file name is `[outbox] kind`. An outbox is one module with a frozen `Settings` model, a class
that keeps this contract, and `build(settings, source) -> Outbox`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from kiosk.door.event import Acknowledgement, BootClock, CheckIn, ClockReading, QueuedEvent


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


class Outbox(Protocol):
    """A durable, gaplessly numbered queue. One object belongs to one thread.

    Contract, held by `tests/contract/test_outboxes.py` for every adapter: what `commit` returned
    survives a power cut; `seq` starts at 1 within an `epoch` and has no gap, whatever failed in
    between; bytes of an event never change, but for retention, which blanks `handle` and `sealed`
    and says `expired`; a row goes only after the ledger acknowledged it; after a failure the next
    call tries afresh, so that the outbox recovers when the disk does.
    """

    def commit(self, check_in: CheckIn, inside: Mapping[str, float] | None = None) -> QueuedEvent:
        """Number `check_in` and put it on disk; durable when this returns.

        `inside`, when given, replaces who is inside (mark to Unix seconds) in the same
        transaction.

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

    def inside(self) -> dict[str, float]:
        """Return who is inside, as last committed: mark to Unix seconds."""

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
