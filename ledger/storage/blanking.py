"""Retention and erasure: an event loses its person and keeps its number.

`handle`, `sealed` and what follows from them go; that something happened, when and where stays, so
that nothing looks lost. The digest goes too: whoever has the site's key could try people on it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import Connection, Select, and_, or_, select, update
from sqlalchemy.sql.expression import bindparam

from ledger.storage.tables import event, kiosk, series, unread

_GONE = {"handle": None, "sealed": None, "period": None, "expired": True, "digest": bytes(16)}
_UNREAD_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Held:
    """An event that holds somebody's handle, by its place in the table and by its name."""

    received_on: date
    series_id: int
    seq: int
    name: str


def expire(connection: Connection, before_us: int, limit: int) -> int:
    """Blank at most `limit` events that came in before; return how many, the oldest first.

    What could not be read may hold a person too, so its bytes go as well.
    """
    day = datetime.fromtimestamp(before_us // 1_000_000, UTC).date()
    rows = connection.execute(
        select(event.c.received_on, event.c.series_id, event.c.seq)
        .where(
            or_(event.c.handle.is_not(None), event.c.sealed.is_not(None)),
            event.c.received_us < before_us,
            event.c.received_on <= day,
        )
        .order_by(event.c.received_us)
        .limit(limit)
        # Another worker does the same; each takes its own.
        .with_for_update(skip_locked=True)
    ).all()
    _blank(connection, [(row.received_on, row.series_id, row.seq) for row in rows])
    raw = connection.scalars(
        select(unread.c.id)
        .where(unread.c.received_us < before_us, unread.c.body != b"")
        .limit(_UNREAD_AT_ONCE)
    ).all()
    _empty(connection, raw)
    return len(rows) + len(raw)


def held(connection: Connection, handles: Sequence[str]) -> list[Held]:
    """Return the events that hold one of these handles; looks at every row."""
    rows = connection.execute(
        _named(event.c.received_on, event.c.series_id, event.c.seq).where(
            event.c.handle.in_(handles)
        )
    )
    return [
        Held(row.received_on, row.series_id, row.seq, f"{row.source} {row.epoch}:{row.seq}")
        for row in rows
    ]


def erase(connection: Connection, found: Sequence[Held]) -> None:
    """Blank these events."""
    _blank(connection, [(each.received_on, each.series_id, each.seq) for each in found])


def erase_unread(connection: Connection, handles: Sequence[str]) -> int:
    """Empty what could not be read and holds one of these handles; return how many that were."""
    wanted = [handle.encode() for handle in handles]
    rows = connection.execute(select(unread.c.id, unread.c.body).order_by(unread.c.id))
    found = [row.id for row in rows if any(handle in row.body for handle in wanted)]
    _empty(connection, found)
    return len(found)


def _named(*columns: object) -> Select[tuple[object, ...]]:
    chosen: Callable[..., Select[tuple[object, ...]]] = select
    return (
        chosen(*columns, series.c.epoch, kiosk.c.source)
        .join(series, series.c.id == event.c.series_id)
        .join(kiosk, kiosk.c.id == series.c.kiosk_id)
        .order_by(event.c.series_id, event.c.seq)
    )


def _blank(connection: Connection, places: Sequence[tuple[date, int, int]]) -> None:
    if not places:
        return
    connection.execute(
        update(event)
        .where(
            and_(
                # The day first: PostgreSQL then opens one partition and not each.
                event.c.received_on == bindparam("d"),
                event.c.series_id == bindparam("s"),
                event.c.seq == bindparam("n"),
            )
        )
        .values(**_GONE),
        [{"d": day, "s": series_id, "n": seq} for day, series_id, seq in places],
    )


def _empty(connection: Connection, ids: Sequence[int]) -> None:
    if ids:
        connection.execute(update(unread).where(unread.c.id.in_(ids)).values(body=b""))
