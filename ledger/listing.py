"""What an operator asks: which kiosks are silent, what is missing, what comes in.

It only reads, but for `ask_again` and `write_off`. An identity is never shown, a handle only where
it was asked for.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, exists, func, select

from kiosk.door.event import TOPIC_ROOT
from ledger.errors import LedgerError
from ledger.storage import repair
from ledger.storage.opening import Database
from ledger.storage.tables import event, gap, kiosk, series, status


def moment(us: int | None) -> str | None:
    """Return Unix microseconds as ISO 8601, to the second.

    >>> moment(1_000_000_000_000_000)
    '2001-09-09T01:46:40Z'
    """
    if us is None:
        return None
    # A kiosk may say anything, and only some of it is in a calendar.
    try:
        return f"{datetime.fromtimestamp(us // 1_000_000, UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (OverflowError, ValueError, OSError):
        return None


@dataclass(frozen=True, slots=True)
class KioskLine:
    """One kiosk. Times are ISO 8601; `silent_s` counts from its last event; None: never had one.

    `clock` is `trusted` or `untrusted` as its last event says; `untimed`: some of its events have
    no time yet, only their order.
    """

    kiosk: str
    silent_s: int | None
    last_event: str | None
    last_status: str | None
    online: bool | None
    epochs: int
    epoch: str | None
    high: int
    missing: int
    clock: str | None
    untimed: bool
    switches: int


@dataclass(frozen=True, slots=True)
class GapLine:
    """Numbers that are missing, both ends included."""

    kiosk: str
    epoch: str
    first: int
    last: int
    missing: int
    noticed: str | None


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event; `at` is None where only its order is known."""

    kiosk: str
    id: str
    name: str
    at: str | None
    received: str | None
    verdict: str | None
    reason: str | None
    direction: str | None
    kind: str | None
    expired: bool
    handle: str | None = None


def short(source: str) -> str:
    """Return a source without what all have in common.

    >>> short("kiosk/v1/hk-042/door-1")
    'hk-042/door-1'
    """
    return source.removeprefix(f"{TOPIC_ROOT}/")


def whole(name: str) -> str:
    """Return the source that an operator means.

    >>> whole("hk-042/door-1"), whole("kiosk/v1/hk-042/door-1")
    ('kiosk/v1/hk-042/door-1', 'kiosk/v1/hk-042/door-1')
    """
    return f"{TOPIC_ROOT}/{short(name)}"


def kiosks(database: Database, now_us: int, silent_s: float = 0.0) -> list[KioskLine]:
    """Return the kiosks whose last event is at least so old, the most silent first."""
    engine = database.engine(writes=False)
    with database.translated(), engine.connect() as connection:
        rows = connection.execute(_kiosks())
        lines = [_kiosk_line(connection, row, now_us) for row in rows]
    engine.dispose()
    silent = [each for each in lines if each.silent_s is None or each.silent_s >= silent_s]
    return sorted(silent, key=lambda each: -(1 << 62 if each.silent_s is None else each.silent_s))


def _kiosks() -> Any:
    numbers = (
        select(
            series.c.kiosk_id,
            func.count().label("epochs"),
            func.max(series.c.id).label("newest"),
            func.max(series.c.last_us).label("last_us"),
        )
        .group_by(series.c.kiosk_id)
        .subquery()
    )
    missing = (
        select(series.c.kiosk_id, func.sum(gap.c.last - gap.c.first + 1).label("missing"))
        .join(gap, gap.c.series_id == series.c.id)
        .where(gap.c.written_off_us.is_(None))
        .group_by(series.c.kiosk_id)
        .subquery()
    )
    newest = series.alias("newest")
    return (
        select(
            kiosk.c.id, kiosk.c.source, kiosk.c.switches, numbers.c.epochs, numbers.c.last_us,
            newest.c.id.label("series_id"), newest.c.epoch, newest.c.high, missing.c.missing,
            status.c.online, status.c.received_us.label("status_us"),
        )
        .outerjoin(numbers, numbers.c.kiosk_id == kiosk.c.id)
        .outerjoin(newest, newest.c.id == numbers.c.newest)
        .outerjoin(missing, missing.c.kiosk_id == kiosk.c.id)
        .outerjoin(status, status.c.kiosk_id == kiosk.c.id)
        .order_by(kiosk.c.source)
    )  # fmt: skip


def _kiosk_line(connection: Connection, row: Any, now_us: int) -> KioskLine:
    trusted = connection.scalar(
        select(event.c.trusted).where(event.c.series_id == row.series_id, event.c.seq == row.high)
    )
    untimed = connection.scalar(
        select(
            exists().where(
                event.c.series_id == series.c.id,
                series.c.kiosk_id == row.id,
                event.c.at_us.is_(None),
            )
        )
    )
    return KioskLine(
        kiosk=short(row.source),
        silent_s=None if row.last_us is None else max(0, (now_us - row.last_us) // 1_000_000),
        last_event=moment(row.last_us),
        last_status=moment(row.status_us),
        online=row.online,
        epochs=row.epochs or 0,
        epoch=row.epoch,
        high=row.high or 0,
        missing=int(row.missing or 0),
        clock=None if trusted is None else "trusted" if trusted else "untrusted",
        untimed=bool(untimed),
        switches=row.switches,
    )


def gaps(database: Database, *, written_off: bool = False) -> list[GapLine]:
    """Return every gap that is open, the oldest first; or those that were written off."""
    engine = database.engine(writes=False)
    with database.translated(), engine.connect() as connection:
        rows = connection.execute(
            select(gap, series.c.epoch, kiosk.c.source)
            .join(series, series.c.id == gap.c.series_id)
            .join(kiosk, kiosk.c.id == series.c.kiosk_id)
            .where(
                gap.c.written_off_us.is_not(None) if written_off else gap.c.written_off_us.is_(None)
            )
            .order_by(gap.c.noticed_us, gap.c.series_id, gap.c.first)
        ).all()
    engine.dispose()
    return [
        GapLine(
            short(row.source),
            row.epoch,
            row.first,
            row.last,
            row.last - row.first + 1,
            moment(row.noticed_us or None),
        )
        for row in rows
    ]


def ask_again(database: Database, name: str, first: int, epoch: str | None) -> tuple[str, int]:
    """Let a kiosk send `first` and all after it again; return the epoch and what is missing.

    Raises:
        LedgerError: No such kiosk, or no such epoch of it.
    """
    return _repaired(database, name, epoch, lambda c, e: repair.ask_again(c, whole(name), e, first))


def write_off(
    database: Database, name: str, last: int, epoch: str | None, now_us: int
) -> tuple[str, int]:
    """Give up what a kiosk lacks up to `last`; return the epoch and how many that are.

    Raises:
        LedgerError: No such kiosk, or no such epoch of it.
    """
    return _repaired(
        database, name, epoch, lambda c, e: repair.write_off(c, whole(name), e, last, now_us)
    )


def _repaired(
    database: Database,
    name: str,
    epoch: str | None,
    act: Callable[[Connection, str], int | None],
) -> tuple[str, int]:
    engine = database.engine(writes=True)
    try:
        with database.translated(), engine.begin() as connection:
            chosen = epoch or connection.scalar(
                select(series.c.epoch)
                .join(kiosk, kiosk.c.id == series.c.kiosk_id)
                .where(kiosk.c.source == whole(name))
                .order_by(series.c.id.desc())
                .limit(1)
            )
            count = None if chosen is None else act(connection, chosen)
    finally:
        engine.dispose()
    if chosen is None or count is None:
        raise LedgerError(f"{short(name)}: nothing of it is stored; see kiosk-ledger kiosks")
    return chosen, count


def as_fields(line: KioskLine | GapLine | EventLine) -> dict[str, Any]:
    """Return a line's fields, those of an event without a handle that was not asked for."""
    fields = asdict(line)
    if isinstance(line, EventLine) and line.handle is None:
        del fields["handle"]
    return fields
