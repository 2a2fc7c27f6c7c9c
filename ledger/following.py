"""What comes in, as it comes in: for `kiosk-ledger tail`."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, select

from ledger.listing import EventLine, moment, short, whole
from ledger.storage.opening import Database
from ledger.storage.tables import event, kiosk, series

_ROWS_AT_ONCE = 1000


class Tail:
    """Follows what comes in, from now on; each `more` returns what is new since the last one.

    Within an epoch in order. What fills a gap is older than what was shown, and is not.
    """

    def __init__(
        self, database: Database, only: str | None = None, *, handles: bool = False
    ) -> None:
        self._database = database
        self._engine = database.engine(writes=False)
        self._only = only
        self._handles = handles
        with database.translated(), self._engine.connect() as connection:
            self._seen = {row.id: row.high for row in self._series(connection)}

    def more(self) -> Iterator[EventLine]:
        """Yield the events that came in since."""
        with self._database.translated(), self._engine.connect() as connection:
            for row in self._series(connection):
                seen = self._seen.get(row.id, 0)
                while seen < row.high:
                    found = connection.execute(
                        select(event)
                        .where(event.c.series_id == row.id, event.c.seq > seen)
                        .order_by(event.c.seq)
                        .limit(_ROWS_AT_ONCE)
                    ).all()
                    for each in found:
                        yield self._line(row, each)
                    seen = found[-1].seq if found else row.high
                self._seen[row.id] = seen

    def close(self) -> None:
        """Release the connection."""
        self._engine.dispose()

    def _series(self, connection: Connection) -> Sequence[Any]:
        query = select(series.c.id, series.c.epoch, series.c.high, kiosk.c.source).join(
            kiosk, kiosk.c.id == series.c.kiosk_id
        )
        if self._only is not None:
            query = query.where(kiosk.c.source == whole(self._only))
        return connection.execute(query.order_by(series.c.id)).all()

    def _line(self, of: Any, row: Any) -> EventLine:
        return EventLine(
            short(of.source),
            f"{of.epoch}:{row.seq}",
            row.name,
            moment(row.at_us),
            moment(row.received_us),
            row.verdict,
            row.reason,
            row.direction,
            row.kind,
            row.expired,
            row.handle if self._handles else None,
        )
