"""What is done about events after they are stored: tell kiosks, tell gaps, correct times."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, insert, or_, select, true, tuple_, update
from sqlalchemy.sql.expression import bindparam, false

from ledger.numbers import Gap
from ledger.storage import OpenGap, Told
from ledger.storage.series import gap_row, load, lock
from ledger.storage.tables import boot_clock, event, gap, kiosk, series

MAX_EPOCHS = 256
"""An acknowledgement holds no more; older ones were told often enough."""
_GAPS_AT_ONCE = 100
_OWED_AT_ONCE = 1000


def acknowledgements(connection: Connection, sources: Sequence[str]) -> list[Told]:
    """Return what is whole of each kiosk's newest epochs, and note that it was told."""
    rows = connection.execute(
        select(
            kiosk.c.source,
            series.c.id,
            series.c.epoch,
            series.c.upto,
            series.c.told,
            series.c.resend_from,
        )
        .join(series, series.c.kiosk_id == kiosk.c.id)
        .where(kiosk.c.source.in_(sources))
        .order_by(series.c.id.desc())
    )
    epochs: dict[str, dict[str, int]] = defaultdict(dict)
    changed = []
    for row in rows:
        upto = row.upto if row.resend_from is None else min(row.upto, row.resend_from - 1)
        if len(epochs[row.source]) < MAX_EPOCHS:
            epochs[row.source][row.epoch] = upto
        if upto != row.told or row.resend_from is not None:
            changed.append({"s": row.id, "t": upto})
    if changed:
        changed.sort(key=lambda each: each["s"])
        connection.execute(
            update(series)
            .where(series.c.id == bindparam("s"))
            .values(told=bindparam("t"), resend_from=None),
            changed,
        )
    return [Told(source, epochs[source]) for source in sources if source in epochs]


def owed(connection: Connection) -> list[str]:
    """Return kiosks that were told more than is stored, or that are to be told again."""
    rows = connection.execute(
        select(kiosk.c.source)
        .join(series, series.c.kiosk_id == kiosk.c.id)
        .where(or_(series.c.told > series.c.upto, series.c.resend_from.is_not(None)))
        .distinct()
        .limit(_OWED_AT_ONCE)
    )
    return [row.source for row in rows]


def expect(
    connection: Connection,
    said: Mapping[str, Mapping[str, int]],
    ids: Mapping[str, int],
    now_us: int,
) -> list[OpenGap]:
    """Count numbers up to those in `said` as missing where they are not stored."""
    keys = [(source, epoch) for source, epochs in said.items() for epoch in epochs]
    found, _ = load(connection, keys, dict(ids), now_us)
    opened = []
    for (source, epoch), each in found.items():
        upto = said[source][epoch]
        if upto <= each.upto:
            continue
        if upto > each.high:
            new = Gap(each.high + 1, upto)
            connection.execute(insert(gap), [gap_row(each.id, new, now_us, told=True)])
            connection.execute(update(series).where(series.c.id == each.id).values(high=upto))
        opened.append(OpenGap(source, epoch, Gap(each.upto + 1, upto), now_us))
    return opened


def gaps_to_tell(connection: Connection, noticed_before_us: int) -> list[OpenGap]:
    """Return old gaps that nobody was told of, and note that they are told now."""
    rows = connection.execute(
        select(gap, series.c.epoch, kiosk.c.source)
        .join(series, series.c.id == gap.c.series_id)
        .join(kiosk, kiosk.c.id == series.c.kiosk_id)
        .where(gap.c.told == false(), gap.c.noticed_us <= noticed_before_us)
        .order_by(gap.c.noticed_us)
        .limit(_GAPS_AT_ONCE)
        .with_for_update(of=gap, skip_locked=True)
    ).all()
    if rows:
        connection.execute(
            update(gap)
            .where(gap.c.series_id == bindparam("s"), gap.c.first == bindparam("f"))
            .values(told=true()),
            [{"s": row.series_id, "f": row.first} for row in rows],
        )
    return [
        OpenGap(row.source, row.epoch, Gap(row.first, row.last), row.noticed_us) for row in rows
    ]


def correct(connection: Connection, limit: int) -> bool:
    """Give times to at most `limit` events of one boot; True: more is left to do."""
    known = connection.execute(
        select(boot_clock).where(boot_clock.c.done == false()).limit(1)
    ).one_or_none()
    if known is None:
        return False
    # Whoever stores an event of this kiosk now either saw the offset, or is seen from here.
    lock(connection, [known.kiosk_id])
    late = (
        select(event.c.series_id, event.c.seq)
        .join(series, series.c.id == event.c.series_id)
        .where(
            series.c.kiosk_id == known.kiosk_id,
            event.c.boot == known.boot,
            event.c.at_us.is_(None),
        )
        .limit(limit)
    )
    changed = connection.execute(
        update(event)
        .where(tuple_(event.c.series_id, event.c.seq).in_(late), event.c.at_us.is_(None))
        .values(at_us=(event.c.mono_ns + known.offset_ns) // 1000)
    ).rowcount
    if changed < limit:
        connection.execute(
            update(boot_clock)
            .where(boot_clock.c.kiosk_id == known.kiosk_id, boot_clock.c.boot == known.boot)
            .values(done=True)
        )
    return True
