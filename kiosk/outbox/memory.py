"""An outbox in memory, for tests and trials: nothing survives the process.

It keeps the same contract and plays a full disk on demand.
"""

import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from kiosk.door.event import CheckIn, QueuedEvent, enclose
from kiosk.errors import OutboxFull
from kiosk.outbox import Depth


class Settings(BaseModel):
    """Which fault to play."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    full_while: Path | None = Field(
        default=None, description="While this file exists, the disk is full."
    )


class _Store:
    """What siblings share; each operation is one step under the interpreter's lock."""

    def __init__(self) -> None:
        self.epoch = secrets.token_hex(8)
        self.events: dict[int, QueuedEvent] = {}
        self.sent: set[int] = set()
        self.inside: dict[str, float] = {}
        self.full = False


class MemoryOutbox:
    """The queue in memory. `full` is the scripted fault."""

    def __init__(self, settings: Settings, source: str, store: _Store | None = None) -> None:
        self._settings = settings
        self._source = source
        self._store = store or _Store()

    def fill(self, *, full: bool = True) -> None:
        """Let the disk be full, or not, from now on."""
        self._store.full = full

    def commit(self, check_in: CheckIn, inside: Mapping[str, float] | None = None) -> QueuedEvent:
        """Number `check_in` and keep it."""
        self.probe()
        store = self._store
        event = enclose(check_in, source=self._source, epoch=store.epoch, seq=len(store.events) + 1)
        store.events[event.seq] = event
        if inside is not None:
            store.inside = dict(inside)
        return event

    def probe(self) -> None:
        """Fail while the disk is said to be full."""
        full_while = self._settings.full_while
        if self._store.full or (full_while is not None and full_while.exists()):
            raise OutboxFull("the outbox in memory plays a full disk")

    def inside(self) -> dict[str, float]:
        """Return who is inside: mark to Unix seconds."""
        return dict(self._store.inside)

    def pending(self, after_seq: int, limit: int) -> list[QueuedEvent]:
        """Return unsent events with a number above `after_seq`, oldest first."""
        store = self._store
        waiting = (s for s in sorted(store.events) if s > after_seq and s not in store.sent)
        return [store.events[seq] for _, seq in zip(range(limit), waiting, strict=False)]

    def mark_sent(self, seqs: Iterable[int]) -> None:
        """Remember that a broker took these over."""
        self._store.sent.update(set(seqs) & self._store.events.keys())

    def depth(self) -> Depth:
        """Return how much is held."""
        store = self._store
        return Depth(len(store.events), len(store.events) - len(store.sent))

    def sibling(self) -> "MemoryOutbox":
        """Return another object on the same queue."""
        return MemoryOutbox(self._settings, self._source, self._store)

    def close(self) -> None:
        """Keep everything: there is no file to release."""


def build(settings: Settings, source: str) -> MemoryOutbox:
    """Return an empty outbox."""
    return MemoryOutbox(settings, source)
