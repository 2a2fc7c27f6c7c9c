"""The numbers of a batch's kiosks: locked, read, and written back, in one transaction.

A kiosk is locked as a whole, in the order of the keys, so that two workers with parts of the same
kiosk's events wait for each other and never for ever.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, and_, delete, insert, or_, select, update
from sqlalchemy.sql.expression import bindparam, func

from ledger.numbers import Gap, Taken
from ledger.storage import EpochsAlternate, NewEpoch, News
from ledger.storage.tables import gap, kiosk, series

SWITCHES_SUSPECTED = 4
"""Rows that were saved from an old card may come among new ones; a clone goes on and on."""


# Made once: writing them down takes longer than reading what they return.
_LOCK = (
    select(kiosk.c.id, kiosk.c.growing, kiosk.c.switches)
    .where(kiosk.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(kiosk.c.id)
    .with_for_update()
)
_LOAD = select(series).where(
    series.c.kiosk_id.in_(bindparam("ids", expanding=True)),
    series.c.epoch.in_(bindparam("epochs", expanding=True)),
)
_SAVE = (
    update(series)
    .where(series.c.id == bindparam("s"))
    .values(high=bindparam("h"), upto=bindparam("u"), last_us=bindparam("n"))
)


@dataclass(slots=True)
class Series:
    """One epoch's numbers while its kiosk is locked."""

    id: int
    source: str
    epoch: str
    high: int = 0
    upto: int = 0
    is_new: bool = False
    gaps: dict[Gap, Any] = field(default_factory=dict)


Key = tuple[str, str]
"""Source and epoch."""


def lock(connection: Connection, kiosk_ids: Sequence[int]) -> dict[int, Any]:
    """Lock kiosks until the transaction ends; return what they were doing."""
    rows = connection.execute(_LOCK, {"ids": kiosk_ids})
    return {row.id: row for row in rows}


def load(
    connection: Connection, keys: Iterable[Key], ids: dict[str, int], now_us: int
) -> tuple[dict[Key, Series], list[News]]:
    """Return the series of locked kiosks; one that is new is made, and told."""
    wanted = dict.fromkeys(keys)
    by_id = {ids[source]: source for source, _ in wanted}
    # A statement of its own, after the lock: what it sees is what the last owner left.
    epochs = {epoch for _, epoch in wanted}
    rows = connection.execute(_LOAD, {"ids": [*by_id], "epochs": [*epochs]})
    found = {}
    for row in rows:
        key = (by_id[row.kiosk_id], row.epoch)
        if key in wanted:
            found[key] = Series(row.id, *key, row.high, row.upto)
    news: list[News] = []
    for source, epoch in wanted:
        if (source, epoch) not in found:
            news += _before(connection, source, epoch, ids[source])
            found[source, epoch] = _made(connection, source, epoch, ids[source], now_us)
    return found, news


def _before(connection: Connection, source: str, epoch: str, kiosk_id: int) -> list[NewEpoch]:
    """Return the news that `epoch` follows another, where it does."""
    last = connection.execute(
        select(series.c.id, series.c.epoch, series.c.upto)
        .where(series.c.kiosk_id == kiosk_id)
        .order_by(series.c.id.desc())
        .limit(1)
    ).one_or_none()
    if last is None:
        return []
    missing = connection.scalar(
        select(func.sum(gap.c.last - gap.c.first + 1)).where(
            gap.c.series_id == last.id, gap.c.written_off_us.is_(None)
        )
    )
    return [NewEpoch(source, epoch, last.epoch, last.upto, int(missing or 0))]


def _made(connection: Connection, source: str, epoch: str, kiosk_id: int, now_us: int) -> Series:
    series_id = connection.scalar(
        insert(series)
        .values(kiosk_id=kiosk_id, epoch=epoch, first_us=now_us, last_us=now_us, high=0, upto=0)
        .returning(series.c.id)
    )
    if series_id is None:
        raise AssertionError("an inserted row has a key")
    return Series(series_id, source, epoch, is_new=True)


def fill(connection: Connection, lowest: dict[int, int], found: Iterable[Series]) -> None:
    """Load the gaps into which numbers may fall: `lowest` is each series' lowest number here."""
    wanted = [
        and_(gap.c.series_id == each.id, gap.c.last >= lowest[each.id])
        for each in found
        if lowest[each.id] <= each.high
    ]
    if not wanted:
        return
    by_id = {each.id: each for each in found}
    for row in connection.execute(select(gap).where(or_(*wanted)).order_by(gap.c.first)):
        by_id[row.series_id].gaps[Gap(row.first, row.last)] = row


def save(
    connection: Connection, taken: Sequence[tuple[Series, Taken]], now_us: int
) -> dict[int, int]:
    """Write back what was taken; return up to where each series is whole now."""
    closed: list[dict[str, Any]] = []
    opened: list[dict[str, Any]] = []
    for each, change in taken:
        for whole, left in change.left:
            closed.append({"s": each.id, "f": whole.first})
            opened += [part_of(each.gaps[whole], part) for part in left]
        opened += [gap_row(each.id, new, now_us, told=False) for new in change.opened]
    if closed:
        connection.execute(
            delete(gap).where(gap.c.series_id == bindparam("s"), gap.c.first == bindparam("f")),
            closed,
        )
    if opened:
        connection.execute(insert(gap), opened)
    upto = _whole_up_to(connection, taken)
    connection.execute(
        _SAVE,
        [{"s": e.id, "h": t.high, "u": upto[e.id], "n": now_us} for e, t in taken],
    )
    return upto


def gap_row(series_id: int, part: Gap, noticed_us: int, *, told: bool) -> dict[str, Any]:
    """Return a row of `gap`."""
    return {
        "series_id": series_id,
        "first": part.first,
        "last": part.last,
        "noticed_us": noticed_us,
        "told": told,
        "written_off_us": None,
    }


def part_of(row: Any, part: Gap) -> dict[str, Any]:
    """Return a row of `gap` for what is left of another."""
    left = gap_row(row.series_id, part, row.noticed_us, told=row.told)
    return {**left, "written_off_us": row.written_off_us}


def _whole_up_to(connection: Connection, taken: Sequence[tuple[Series, Taken]]) -> dict[int, int]:
    upto = {each.id: change.high for each, change in taken}
    broken = [e.id for e, change in taken if e.upto < e.high or change.opened]
    if broken:
        lowest = connection.execute(
            select(gap.c.series_id, func.min(gap.c.first))
            .where(gap.c.series_id.in_(broken), gap.c.written_off_us.is_(None))
            .group_by(gap.c.series_id)
        )
        upto.update((series_id, first - 1) for series_id, first in lowest)
    return upto


def note_switches(
    connection: Connection, grown: Sequence[Series], was: dict[int, Any], ids: dict[str, int]
) -> list[News]:
    """Remember which series grows, in the order of `grown`, and tell where two do so by turns."""
    turns: dict[str, list[Series]] = defaultdict(list)
    for each in grown:
        turns[each.source].append(each)
    news: list[News] = []
    for source, sequence in turns.items():
        row = was[ids[source]]
        growing, switches = row.growing, row.switches
        made = {each.id for each in sequence if each.is_new}
        for each in sequence:
            if growing is not None and each.id != growing and each.id not in made:
                switches += 1
            made.discard(each.id)
            growing = each.id
        if (growing, switches) != (row.growing, row.switches):
            connection.execute(
                update(kiosk)
                .where(kiosk.c.id == ids[source])
                .values(growing=growing, switches=switches)
            )
        # Not at every turn: a clone makes one with nearly every event.
        if switches >= SWITCHES_SUSPECTED and switches.bit_length() > row.switches.bit_length():
            news.append(EpochsAlternate(source, switches))
    return news
