"""An outbox in memory, for tests and trials: nothing survives the process.

It keeps the same contract and plays a full disk on demand.
"""

import itertools
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field

from kiosk.door.event import (
    Acknowledgement,
    BootClock,
    CheckIn,
    ClockReading,
    Event,
    QueuedEvent,
    enclose,
    enclose_clock,
    queued,
)
from kiosk.errors import OutboxFull
from kiosk.outbox import Depth, Memory, MemoryChange, StoredPassage, StoredVisits
from kiosk.outbox.store.age import Age, advanced
from kiosk.outbox.store.expiry import expired

_DAY_S = 86400.0
_AT_ONCE = 200
_Kind = TypeVar("_Kind", StoredPassage, StoredVisits)


class Settings(BaseModel):
    """Which fault to play, and what is kept for how long."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    full_while: Path | None = Field(
        default=None, description="While this file exists, the disk is full."
    )
    retention_days: float = Field(
        default=14.0,
        gt=0,
        le=3650,
        description="Days, after which an event loses `handle` and `sealed`, delivered or not.",
    )
    acknowledged_days: float = Field(
        default=7.0,
        ge=1,
        le=365,
        description="Days for which an event stays after the ledger acknowledged it.",
    )


@dataclass(slots=True)
class _Kept:
    """One event and what is known of it; ages in seconds."""

    event: QueuedEvent
    age_s: float
    is_sent: bool = False
    acknowledged_s: float | None = None
    is_blanked: bool = False


@dataclass(slots=True)
class _Store:
    """What siblings share; each operation is one step under the interpreter's lock."""

    epoch: str = field(default_factory=lambda: secrets.token_hex(8))
    last_seq: int = 0
    sent_upto: int = 0
    acknowledged: int = 0
    age: Age = field(default_factory=Age)
    kept: dict[int, _Kept] = field(default_factory=dict)
    passages: dict[str, StoredPassage] = field(default_factory=dict)
    visits: dict[str, StoredVisits] = field(default_factory=dict)
    boots: set[str] = field(default_factory=set)
    full: bool = False


class MemoryOutbox:
    """The queue in memory; a row's place is its number. `full` is the scripted fault."""

    def __init__(self, settings: Settings, source: str, store: _Store | None = None) -> None:
        self._settings = settings
        self._source = source
        self._store = store or _Store()

    def fill(self, *, full: bool = True) -> None:
        """Let the disk be full, or not, from now on."""
        self._store.full = full

    def commit(self, check_in: CheckIn, change: MemoryChange | None = None) -> QueuedEvent:
        """Number `check_in` and keep it."""
        self.probe()
        store = self._store
        seq = store.last_seq + 1
        event = enclose(check_in, source=self._source, epoch=store.epoch, seq=seq)
        added = self._add(event, seq, check_in.clock)
        if change is not None:
            self._change(change)
        return added

    def commit_clock(self, boot_clock: BootClock, now: ClockReading) -> QueuedEvent | None:
        """Number what this boot's clock means, once a boot."""
        self.probe()
        store = self._store
        if boot_clock.boot in store.boots:
            return None
        store.boots.add(boot_clock.boot)
        seq = store.last_seq + 1
        event = enclose_clock(
            boot_clock, time=now.utc, source=self._source, epoch=store.epoch, seq=seq
        )
        return self._add(event, seq, now)

    def _add(self, event: Event, seq: int, now: ClockReading) -> QueuedEvent:
        store = self._store
        store.age = advanced(store.age, now)
        added = queued(event, seq)
        store.kept[seq] = _Kept(added, store.age.age_s)
        store.last_seq = seq
        return added

    def probe(self) -> None:
        """Fail while the disk is said to be full."""
        full_while = self._settings.full_while
        if self._store.full or (full_while is not None and full_while.exists()):
            raise OutboxFull("the outbox in memory plays a full disk")

    def remember(self, change: MemoryChange) -> None:
        """Change the memory of who passed, without an event."""
        self.probe()
        self._change(change)

    def _change(self, change: MemoryChange) -> None:
        _put(self._store.passages, change.passages)
        _put(self._store.visits, {m: v and _copied(v) for m, v in change.visits.items()})

    def memory(self) -> Memory:
        """Return what is kept of those who passed."""
        visits = {mark: _copied(each) for mark, each in self._store.visits.items()}
        return Memory(dict(self._store.passages), visits)

    def pending(self, after_row: int, limit: int) -> list[QueuedEvent]:
        """Return unsent events at places above `after_row`, oldest first."""
        kept = list(self._store.kept.values())
        unsent = (k.event for k in kept if not k.is_sent and k.event.row > after_row)
        return [event for _, event in zip(range(limit), unsent, strict=False)]

    def mark_sent(self, rows: Iterable[int]) -> None:
        """Remember that a broker took these over."""
        store = self._store
        for row in rows:
            if row in store.kept:
                store.kept[row].is_sent = True
        upto = store.sent_upto
        never = (seq for seq, k in list(store.kept.items()) if seq > upto and not k.is_sent)
        store.sent_upto = next(never, store.last_seq + 1) - 1

    def acknowledge(self, acknowledgement: Acknowledgement) -> int:
        """Note what the ledger has stored; return how many rows are to be sent again."""
        store = self._store
        upto = acknowledgement.epochs.get(store.epoch)
        if upto is None or upto > store.sent_upto:
            return 0
        before, store.acknowledged = store.acknowledged, upto
        for seq, kept in store.kept.items():
            if seq > upto:
                kept.acknowledged_s = None
            elif kept.acknowledged_s is None:
                kept.acknowledged_s, kept.is_sent = store.age.age_s, True
        return self.send_again() if upto < before else 0

    def send_again(self) -> int:
        """Make what was sent and is not acknowledged unsent again; return how many rows."""
        store = self._store
        sent = [k for seq, k in store.kept.items() if seq > store.acknowledged and k.is_sent]
        for kept in sent:
            kept.is_sent = False
        return len(sent)

    def keep(self, now: ClockReading) -> bool:
        """Let the age advance to `now`; prune and blank a bounded number of rows."""
        store = self._store
        store.age = advanced(store.age, now)
        gone = list(itertools.takewhile(self._may_go, store.kept.values()))
        for kept in gone[:_AT_ONCE]:
            del store.kept[kept.event.seq]
        old_s = store.age.age_s - self._settings.retention_days * _DAY_S
        old = [k for k in store.kept.values() if k.age_s <= old_s and not k.is_blanked]
        for kept in old[:_AT_ONCE]:
            kept.event = replace(kept.event, body=expired(kept.event.body))
            kept.is_blanked = True
        return bool(gone or old)

    def _may_go(self, kept: _Kept) -> bool:
        """Tell whether a row was acknowledged long ago."""
        kept_s = self._settings.acknowledged_days * _DAY_S
        acknowledged_s = kept.acknowledged_s
        return acknowledged_s is not None and self._store.age.age_s - acknowledged_s > kept_s

    def depth(self) -> Depth:
        """Return how much is held."""
        store = self._store
        kept = list(store.kept.values())
        unsent = [k for k in kept if not k.is_sent]
        unacknowledged = sum(k.acknowledged_s is None for k in kept)
        waited_s = max(0.0, store.age.age_s - unsent[0].age_s) if unsent else None
        return Depth(len(kept), len(unsent), unacknowledged, waited_s)

    def sibling(self) -> "MemoryOutbox":
        """Return another object on the same queue."""
        return MemoryOutbox(self._settings, self._source, self._store)

    def close(self) -> None:
        """Keep everything: there is no file to release."""


def _copied(visits: StoredVisits) -> StoredVisits:
    return replace(visits, counts=dict(visits.counts))


def _put(kept: dict[str, _Kind], wanted: Mapping[str, _Kind | None]) -> None:
    for mark, each in wanted.items():
        if each is None:
            kept.pop(mark, None)
        else:
            kept[mark] = each


def build(settings: Settings, source: str) -> MemoryOutbox:
    """Return an empty outbox."""
    return MemoryOutbox(settings, source)
