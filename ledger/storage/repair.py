"""What an operator does about numbers that are missing: ask for them again, or give them up."""

from sqlalchemy import Connection, and_, delete, func, insert, select, update

from ledger.numbers import Gap
from ledger.storage import CONFLICT
from ledger.storage.series import gap_row, lock, part_of
from ledger.storage.tables import event, gap, kiosk, series, unread


def ask_again(connection: Connection, source: str, epoch: str, first: int) -> int | None:
    """Let a kiosk send `first` and all after it again; return how many of them are missing.

    The rows themselves are counted: a number whose row is gone is missing, whatever was noted.
    None where nothing is known of that epoch.
    """
    series_id = _locked(connection, source, epoch)
    if series_id is None:
        return None
    missing = _recounted(connection, series_id, first)
    connection.execute(update(series).where(series.c.id == series_id).values(resend_from=first))
    return missing


def write_off(
    connection: Connection, source: str, epoch: str, last: int, now_us: int
) -> int | None:
    """Give up what is missing up to `last`, so that it holds up nothing; return how many.

    None where nothing is known of that epoch.
    """
    series_id = _locked(connection, source, epoch)
    if series_id is None:
        return None
    rows = connection.execute(
        select(gap).where(
            gap.c.series_id == series_id, gap.c.first <= last, gap.c.written_off_us.is_(None)
        )
    ).all()
    for row in rows:
        given_up = {**part_of(row, Gap(row.first, min(row.last, last))), "written_off_us": now_us}
        rest = [part_of(row, Gap(last + 1, row.last))] if row.last > last else []
        connection.execute(
            delete(gap).where(gap.c.series_id == series_id, gap.c.first == row.first)
        )
        connection.execute(insert(gap), [given_up, *rest])
    _whole(connection, series_id)
    # Nothing is asked for again: above all that is stored it only says "tell this kiosk".
    connection.execute(
        update(series)
        .where(series.c.id == series_id)
        .values(resend_from=func.coalesce(series.c.resend_from, series.c.high + 1))
    )
    return sum(min(int(row.last), last) - int(row.first) + 1 for row in rows)


def _locked(connection: Connection, source: str, epoch: str) -> int | None:
    row = connection.execute(
        select(series.c.id, series.c.kiosk_id)
        .join(kiosk, kiosk.c.id == series.c.kiosk_id)
        .where(kiosk.c.source == source, series.c.epoch == epoch)
    ).one_or_none()
    if row is None:
        return None
    lock(connection, [row.kiosk_id])
    found: int = row.id
    return found


def _whole(connection: Connection, series_id: int) -> None:
    """Note up to where a series is whole now."""
    lowest = connection.scalar(
        select(func.min(gap.c.first)).where(
            gap.c.series_id == series_id, gap.c.written_off_us.is_(None)
        )
    )
    high = connection.scalar(select(series.c.high).where(series.c.id == series_id)) or 0
    upto = high if lowest is None else lowest - 1
    connection.execute(update(series).where(series.c.id == series_id).values(upto=upto))


def _recounted(connection: Connection, series_id: int, first: int) -> int:
    high = connection.scalar(select(series.c.high).where(series.c.id == series_id)) or 0
    old = connection.execute(
        select(gap).where(gap.c.series_id == series_id, gap.c.last >= first)
    ).all()
    begin = min([first, *(row.first for row in old)])
    gaps, expected = [], begin
    # What came again with other bytes is raw too, and is not the event itself.
    numbers = (
        select(event.c.seq)
        .where(event.c.series_id == series_id, event.c.seq >= begin)
        .union(
            select(unread.c.seq).where(
                unread.c.series_id == series_id, unread.c.seq >= begin, unread.c.reason != CONFLICT
            )
        )
        .subquery()
    )
    for (seq,) in connection.execute(select(numbers.c.seq).order_by(numbers.c.seq)):
        if seq > expected:
            gaps.append(Gap(expected, seq - 1))
        expected = seq + 1
    if high >= expected:
        gaps.append(Gap(expected, high))
    connection.execute(delete(gap).where(and_(gap.c.series_id == series_id, gap.c.last >= begin)))
    if gaps:
        noticed_us = min((row.noticed_us for row in old), default=0)
        connection.execute(
            insert(gap),
            [gap_row(series_id, each, noticed_us, told=True) for each in gaps],
        )
    _whole(connection, series_id)
    return sum(g.last - g.first + 1 for g in gaps)
