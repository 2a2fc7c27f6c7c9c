"""What a row comes to: the set that was shown green against the set that is stored.

Nothing of the ledger's own bookkeeping is believed: the rows themselves are read. What the command
`kiosk-ledger gaps` says stands beside it.
"""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, func, select

from benchmarks.chaos.witness import NO_COMMIT
from ledger import listing
from ledger.storage.opening import Database
from ledger.storage.tables import event, gap, kiosk, series, unread

Stored = tuple[str, str, int]
"""Source, epoch and number of a row."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The figures of one row.

    `shown`: different events that were shown green; `stored`: those of them that are in the ledger;
    `lost`: those that are not. `duplicated`: rows too many, by source, epoch and number, and by the
    event's id; greens too many for one event. `gaps`: numbers missing below the highest that is
    stored. `ledger_gaps`: what `kiosk-ledger gaps` says. `without_commit`: greens for nothing.
    `raw`: messages that the ledger stored unread.
    """

    shown: int
    stored: int
    lost: int
    duplicated: int
    gaps: int
    ledger_gaps: int
    rows: int
    without_commit: int = 0
    raw: int = 0
    examples: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether nothing is lost, doubled, missing, or shown for nothing."""
        wrong = (self.lost, self.duplicated, self.gaps, self.ledger_gaps, self.without_commit)
        return not any(wrong) and not self.raw


def shown_in(files: Iterable[Path]) -> list[str]:
    """Return what witnesses noted, in order; a line is whole or not there."""
    return [line for path in files if path.exists() for line in path.read_text().splitlines()]


def count_shown(files: Iterable[Path]) -> int:
    """Return how many greens witnesses noted, without reading what they are.

    >>> count_shown([])
    0
    """
    return sum(path.read_bytes().count(b"\n") for path in files if path.exists())


def judge(
    shown: Sequence[str], stored: Sequence[Stored], raw: int = 0, ledger_gaps: int = 0
) -> Judgement:
    """Hold the greens against the rows.

    >>> found = judge(["a:1", "a:2", "a:4"], [("x", "a", 1), ("x", "a", 4), ("x", "a", 4)])
    >>> found.lost, found.duplicated, found.gaps, found.clean
    (1, 2, 2, False)
    """
    greens = Counter(shown)
    without_commit = greens.pop(NO_COMMIT, 0)
    keys = Counter(stored)
    ids = Counter(f"{epoch}:{seq}" for _, epoch, seq in stored)
    lost = lost_of(shown, stored)
    numbers: dict[tuple[str, str], set[int]] = defaultdict(set)
    for source, epoch, seq in keys:
        numbers[source, epoch].add(seq)
    return Judgement(
        shown=len(greens),
        stored=len(greens.keys() & ids.keys()),
        lost=len(lost),
        duplicated=_too_many(keys) + _too_many(ids) + _too_many(greens),
        gaps=sum(max(seqs) - len(seqs) for seqs in numbers.values()),
        ledger_gaps=ledger_gaps,
        rows=len(stored),
        without_commit=without_commit,
        raw=raw,
        examples=tuple(sorted(lost)[:5]),
    )


def lost_of(shown: Iterable[str], stored: Iterable[Stored]) -> set[str]:
    """Return what was shown green and is no row."""
    return {*shown} - {NO_COMMIT} - {f"{epoch}:{seq}" for _, epoch, seq in stored}


def _too_many(counted: Counter[str] | Counter[Stored]) -> int:
    return sum(counted.values()) - len(counted)


class LedgerView:
    """Looks into a ledger's database without writing there."""

    def __init__(self, url: str) -> None:
        self._engine: Engine = Database(url).engine(writes=False)

    def rows(self) -> list[Stored]:
        """Return every event's row."""
        wanted = (
            select(kiosk.c.source, series.c.epoch, event.c.seq)
            .join(series, series.c.id == event.c.series_id)
            .join(kiosk, kiosk.c.id == series.c.kiosk_id)
        )
        with self._engine.connect() as connection:
            return [(row.source, row.epoch, row.seq) for row in connection.execute(wanted)]

    def count(self) -> int:
        """Return how many events it has."""
        with self._engine.connect() as connection:
            return connection.scalar(select(func.count()).select_from(event)) or 0

    def whole_upto(self) -> dict[str, int]:
        """Return, for each epoch, up to where the ledger says that nothing is missing."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(series.c.epoch, series.c.upto))
            return {row.epoch: row.upto for row in rows}

    def has_gaps(self) -> bool:
        """Tell whether the ledger misses a number."""
        with self._engine.connect() as connection:
            return connection.execute(select(gap.c.first).limit(1)).first() is not None

    def raw(self) -> int:
        """Return how many messages were stored unread."""
        with self._engine.connect() as connection:
            return connection.scalar(select(func.count()).select_from(unread)) or 0

    def close(self) -> None:
        """Release connections."""
        self._engine.dispose()


def has_all(shown: Iterable[str], upto: dict[str, int]) -> bool:
    """Tell whether the ledger says that it has all that was shown.

    >>> has_all(["a:1", "a:2"], {"a": 2}), has_all(["a:1", "a:3"], {"a": 2}), has_all(["b:1"], {})
    (True, False, False)
    """
    return all(
        int(seq) <= upto.get(epoch, 0)
        for epoch, _, seq in (each.partition(":") for each in shown)
        if epoch != NO_COMMIT
    )


def was_acknowledged(outbox: Path) -> bool:
    """Tell whether an outbox holds a word of a ledger; looks past its owner, and only reads."""
    try:
        with closing(sqlite3.connect(f"file:{outbox}?mode=ro", uri=True)) as db:
            return bool(db.execute("SELECT max(acknowledged) FROM epoch").fetchone()[0])
    except sqlite3.Error:
        return False


def held_in(outboxes: Iterable[Path], event_ids: Iterable[str]) -> int:
    """Return how many of these events still lie in an outbox: late, not lost."""
    wanted = set(event_ids)
    held: set[str] = set()
    for outbox in outboxes if wanted else ():
        with closing(sqlite3.connect(f"file:{outbox}?mode=ro", uri=True)) as db:
            rows = db.execute("SELECT epoch || ':' || seq FROM event")
            held.update(event_id for (event_id,) in rows if event_id in wanted)
    return len(held)


def gaps_told(url: str) -> int:
    """Return how many numbers the command `kiosk-ledger gaps` calls missing."""
    return sum(line.missing for line in listing.gaps(Database(url)))
