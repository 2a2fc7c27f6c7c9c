"""What an outbox remembers of who passed, in short."""

from collections.abc import Mapping

from kiosk.door.event import Direction
from kiosk.outbox import Memory, MemoryChange, Outbox, StoredPassage


def came_in(since: Mapping[str, float | None]) -> MemoryChange:
    """Return the change by which these came in at a Unix time, or (None) are forgotten."""
    passages = {m: None if s is None else StoredPassage(Direction.IN, s) for m, s in since.items()}
    return MemoryChange(passages)


def inside(outbox: Outbox) -> dict[str, float]:
    """Return who came in last, and when in Unix seconds."""
    return inside_of(outbox.memory())


def inside_of(memory: Memory) -> dict[str, float]:
    """Return who came in last of those in a memory."""
    passages = memory.passages
    return {m: p.since_unix_s for m, p in passages.items() if p.direction is Direction.IN}
