"""What both databases have in common: everything but how rows are written in bulk.

One transaction stores a batch: the kiosks are locked, their numbers say what is new, new rows are
written, the numbers are written back. Nothing asks the rows themselves what is there, so it costs
the same however many there are.
"""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection, Engine, and_, or_, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from kiosk.door.event import ClockEvent
from ledger.numbers import Taken, take
from ledger.reading import Number, Received, Unread, refused
from ledger.source import Message
from ledger.storage import (
    CONFLICT,
    Conflict,
    News,
    OpenGap,
    Stored,
    Told,
    blanking,
    follow_up,
    series,
    statuses,
)
from ledger.storage.rows import Receipt, Row, row_of, untrusted_boots
from ledger.storage.series import Key, Series
from ledger.storage.tables import boot_clock, event, kiosk, unread


@dataclass(slots=True)
class _Work:
    """One batch inside its transaction."""

    connection: Connection
    receipt: Receipt
    ids: dict[str, int]
    found: dict[Key, Series]
    taken: dict[Key, Taken] = field(default_factory=dict)


class SqlStorage(ABC):
    """A storage over SQLAlchemy; `sqlite.py` and `postgres.py` say the rest."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._ids: dict[str, int] = {}
        self._blanked = False
        self._insert = sqlite.insert if engine.dialect.name == "sqlite" else postgresql.insert

    @abstractmethod
    def _translated(self) -> AbstractContextManager[None]:
        """Turn foreign errors into ours."""

    @abstractmethod
    def _write(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Write the rows of new events."""

    @abstractmethod
    def _prepare(self, day: date) -> None:
        """Make room for the events of a day."""

    @abstractmethod
    def _scrub(self) -> None:
        """Remove what was blanked from where it may still lie, as far as this database can."""

    def store(self, received: Sequence[Received | Unread], now_us: int) -> Stored:
        """Store what is new, in one transaction."""
        if not received:
            return Stored()
        numbers = [
            number
            for each in received
            if (number := each if isinstance(each, Received) else each.number) is not None
        ]
        receipt = Receipt.at(now_us)
        with self._translated():
            ids = self._kiosks({each.source for each in numbers})
            self._prepare(receipt.day)
            with self._engine.begin() as connection:
                was = series.lock(connection, sorted(ids.values()))
                keys = dict.fromkeys((each.source, each.epoch) for each in numbers)
                found, news = series.load(connection, keys, ids, now_us)
                work = _Work(connection, receipt, ids, found)
                _take(work, numbers)
                grown = _grown(work, numbers)
                news += series.note_switches(connection, grown, was, ids)
                return self._stored(work, received, news)

    def _stored(
        self, work: _Work, received: Sequence[Received | Unread], news: list[News]
    ) -> Stored:
        fresh, repeated = _parted(work, received)
        self._write(work.connection, self._rows(work, fresh))
        raw = [each for each in received if isinstance(each, Unread)]
        for each in _conflicts(work, repeated):
            news.append(Conflict(each.source, each.epoch, each.seq))
            raw.append(refused(each, CONFLICT))
        self._keep_raw(work, raw)
        if work.taken:
            pairs = [(work.found[key], taken) for key, taken in work.taken.items()]
            series.save(work.connection, pairs, work.receipt.us)
        touched = frozenset(source for source, _ in work.taken)
        return Stored(len(fresh), len(repeated), len(raw), touched, tuple(news))

    def acknowledgements(self, sources: Sequence[str]) -> list[Told]:
        """Return what these kiosks are to be told, and remember it."""
        with self._translated(), self._engine.begin() as connection:
            return follow_up.acknowledgements(connection, sources)

    def keep_statuses(self, messages: Sequence[Message], now_us: int) -> frozenset[str]:
        """Keep the last status of each kiosk; return the kiosks that were born since."""
        heard = statuses.fold(messages)
        if not heard:
            return frozenset()
        with self._translated():
            ids = self._kiosks(heard)
            with self._engine.begin() as connection:
                return statuses.keep(connection, heard, ids, now_us, self._insert)

    def gaps_to_tell(self, noticed_before_us: int) -> list[OpenGap]:
        """Return gaps that are older than that and were not returned before."""
        with self._translated(), self._engine.begin() as connection:
            return follow_up.gaps_to_tell(connection, noticed_before_us)

    def correct(self, limit: int) -> bool:
        """Give times to events of boots whose clock is known by now."""
        with self._translated(), self._engine.begin() as connection:
            return follow_up.correct(connection, limit)

    def expire(self, before_us: int, limit: int) -> bool:
        """Blank what came in before; True: more is left to do."""
        with self._translated():
            with self._engine.begin() as connection:
                count = blanking.expire(connection, before_us, limit)
            self._blanked = self._blanked or count > 0
            if self._blanked and not count:
                self._scrub()
                self._blanked = False
        return count > 0

    def expect(self, said: Mapping[str, Mapping[str, int]], now_us: int) -> list[OpenGap]:
        """Count as missing what was acknowledged once and is not stored."""
        with self._translated():
            ids = self._kiosks(said)
            with self._engine.begin() as connection:
                series.lock(connection, sorted(ids.values()))
                return follow_up.expect(connection, said, ids, now_us)

    def owed(self) -> list[str]:
        """Return kiosks that were told more than is stored, or are to be told again."""
        with self._translated(), self._engine.begin() as connection:
            return follow_up.owed(connection)

    def close(self) -> None:
        """Release connections."""
        self._engine.dispose()

    def _kiosks(self, sources: Iterable[str]) -> dict[str, int]:
        """Return the keys of kiosks; unknown ones are made.

        In a transaction of its own, which ends before any kiosk is locked: a new name is a lock
        too, and two workers could take the two kinds in different orders.
        """
        wanted = set(sources)
        missing = sorted(wanted - self._ids.keys())
        if missing:
            with self._engine.begin() as connection:
                connection.execute(
                    self._insert(kiosk).on_conflict_do_nothing(),
                    [{"source": source} for source in missing],
                )
                rows = connection.execute(
                    select(kiosk.c.source, kiosk.c.id).where(kiosk.c.source.in_(missing))
                ).all()
            self._ids.update((row.source, row.id) for row in rows)
        return {source: self._ids[source] for source in wanted}

    def _rows(self, work: _Work, fresh: Sequence[Received]) -> list[Row]:
        clocks = [
            {
                "kiosk_id": work.ids[each.source],
                "boot": each.event.data.boot,
                "offset_ns": each.event.data.offset_ns,
                "done": False,
            }
            for each in fresh
            if isinstance(each.event, ClockEvent)
        ]
        if clocks:
            # The first word on a boot holds, as the first event with a number does.
            work.connection.execute(self._insert(boot_clock).on_conflict_do_nothing(), clocks)
        offsets = _offsets(work, untrusted_boots(fresh))
        found = work.found
        return [
            row_of(each, found[each.source, each.epoch].id, work.receipt, offsets) for each in fresh
        ]

    def _keep_raw(self, work: _Work, raw: Sequence[Unread]) -> None:
        rows = [
            {
                "received_us": work.receipt.us,
                "topic": each.topic,
                "reason": each.reason,
                "digest": each.digest,
                "body": each.body,
                "series_id": None if each.number is None else _series_of(work, each.number).id,
                "seq": None if each.number is None else each.number.seq,
            }
            for each in raw
        ]
        if rows:
            work.connection.execute(self._insert(unread).on_conflict_do_nothing(), rows)


def _series_of(work: _Work, each: Number | Received) -> Series:
    return work.found[each.source, each.epoch]


def _take(work: _Work, numbers: Sequence[Number | Received]) -> None:
    wanted: dict[Key, list[int]] = defaultdict(list)
    for each in numbers:
        wanted[each.source, each.epoch].append(each.seq)
    found = work.found
    lowest = {found[key].id: min(seqs) for key, seqs in wanted.items()}
    series.fill(work.connection, lowest, list(found.values()))
    for key, seqs in wanted.items():
        work.taken[key] = take(found[key].high, [*found[key].gaps], seqs)


def _grown(work: _Work, numbers: Sequence[Number | Received]) -> list[Series]:
    """Return which series grew, in order, without repetitions."""
    last: dict[str, int] = {}
    grown = []
    for each in numbers:
        now = work.found[each.source, each.epoch]
        if each.seq > now.high and last.get(each.source) != now.id:
            last[each.source] = now.id
            grown.append(now)
    return grown


def _parted(
    work: _Work, received: Sequence[Received | Unread]
) -> tuple[list[Received], list[Received]]:
    """Return the events that are new, and those that are not."""
    events = [each for each in received if isinstance(each, Received)]
    if len(events) == len(received) == sum(len(taken.fresh) for taken in work.taken.values()):
        # As nearly always: as many numbers are new as there are events, so each of them is.
        return events, []
    fresh, repeated = [], []
    left = {key: set(taken.fresh) for key, taken in work.taken.items()}
    for each in events:
        numbers = left[each.source, each.epoch]
        if each.seq in numbers:
            numbers.remove(each.seq)
            fresh.append(each)
        else:
            repeated.append(each)
    return fresh, repeated


def _conflicts(work: _Work, repeated: Sequence[Received]) -> list[Received]:
    """Return the repeated events that are not what is stored.

    An event that retention blanked is the same event, whichever of the two came first.
    """
    if not repeated:
        return []
    wanted: dict[int, list[int]] = defaultdict(list)
    for each in repeated:
        wanted[_series_of(work, each).id].append(each.seq)
    rows = work.connection.execute(
        select(event.c.series_id, event.c.seq, event.c.digest, event.c.expired).where(
            or_(*(and_(event.c.series_id == s, event.c.seq.in_(n)) for s, n in wanted.items()))
        )
    )
    stored = {(row.series_id, row.seq): (row.digest, row.expired) for row in rows}
    found = []
    for each in repeated:
        digest, expired = stored.get((_series_of(work, each).id, each.seq), (each.digest, False))
        blanked = expired or (not isinstance(each.event, ClockEvent) and each.event.data.expired)
        if digest != each.digest and not blanked:
            found.append(each)
    return found


def _offsets(work: _Work, boots: set[tuple[str, str]]) -> dict[tuple[str, str], int]:
    if not boots:
        return {}
    sources = {work.ids[source]: source for source, _ in boots}
    rows = work.connection.execute(
        select(boot_clock).where(
            tuple_(boot_clock.c.kiosk_id, boot_clock.c.boot).in_(
                [(work.ids[source], boot) for source, boot in sorted(boots)]
            )
        )
    )
    return {(sources[row.kiosk_id], row.boot): row.offset_ns for row in rows}
