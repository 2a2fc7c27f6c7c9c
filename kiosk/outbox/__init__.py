"""The outbox: where a check-in is on disk before the light is green, until it is delivered.

The file name is `[outbox] kind`. An outbox is one module with a frozen `Settings` model, a class
that keeps this contract, and `build(settings, source) -> Outbox`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from kiosk.door.event import CheckIn, QueuedEvent


@dataclass(frozen=True, slots=True)
class Depth:
    """How much the outbox holds: all rows, and those no broker has taken over."""

    rows: int
    unsent: int


class Outbox(Protocol):
    """A durable, gaplessly numbered queue. One object belongs to one thread.

    Contract, held by `tests/contract/test_outboxes.py` for every adapter: what `commit` returned
    survives a power cut; `seq` starts at 1 within an `epoch` and has no gap, whatever failed in
    between; bytes of an event never change; after a failure the next call tries afresh, so that
    the outbox recovers when the disk does.
    """

    def commit(self, check_in: CheckIn, inside: Mapping[str, float] | None = None) -> QueuedEvent:
        """Number `check_in` and put it on disk; durable when this returns.

        `inside`, when given, replaces who is inside (mark to Unix seconds) in the same
        transaction.

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

    def pending(self, after_seq: int, limit: int) -> list[QueuedEvent]:
        """Return unsent events with a number above `after_seq`, oldest first."""

    def mark_sent(self, seqs: Iterable[int]) -> None:
        """Remember that a broker took these over; unknown numbers are ignored."""

    def depth(self) -> Depth:
        """Return how much is held."""

    def sibling(self) -> "Outbox":
        """Return another object on the same queue, for another thread."""

    def close(self) -> None:
        """Release files. Never raises."""
