"""What is done about one person, or a case: open identities, erase them. Each leaves an audit line.

The line is committed before anything is done, so nobody looks without leaving one. It says who, why
and which events, and never whose they are.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, and_, insert, or_, select

from kiosk.door.sealed import Occasion
from ledger.authority import Authority, NotOpened
from ledger.errors import SettingsError
from ledger.listing import moment, short
from ledger.storage import blanking, sqlite
from ledger.storage.opening import Database
from ledger.storage.tables import audit, event, kiosk, series

_HANDLE = re.compile(r"[0-9a-f]{32}")
_EVENT = re.compile(r"([0-9a-f]{16}):([1-9][0-9]{0,18})")
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, and why; `now_us` is when (Unix microseconds)."""

    who: str
    reason: str
    now_us: int


@dataclass(frozen=True, slots=True)
class Opened:
    """One event and whose it was; `why_not` where it does not open."""

    kiosk: str
    id: str
    at: str | None
    kind: str | None = None
    subject_id: str | None = field(default=None, repr=False)
    why_not: str | None = None


def open_identities(
    database: Database,
    authority: Authority,
    asking: Asking,
    handles: Sequence[str],
    events: Sequence[str],
) -> Iterator[Opened]:
    """Yield whose the chosen events were, in the order of their numbers.

    Raises:
        SettingsError: A handle or an event is none.
    """
    condition = _chosen(handles, events)
    engine = database.engine(writes=True)
    try:
        with database.translated():
            with engine.begin() as connection:
                rows = _rows(connection, condition)
                names = [f"{row.source} {row.epoch}:{row.seq}" for row in rows]
                _note(connection, asking, "open", names, authority.key_id)
            yield from (_opened(authority, row) for row in rows)
    finally:
        engine.dispose()


def erase(database: Database, asking: Asking, handles: Sequence[str]) -> tuple[int, int]:
    """Blank these handles wherever they stand; return how many events, and unread messages.

    Raises:
        SettingsError: A handle is none.
    """
    _check(handles)
    engine = database.engine(writes=True)
    reader = database.engine(writes=False)
    events = unread = 0
    try:
        with database.translated():
            # Looked for without a lock, because that takes long; what came in meanwhile is found
            # by the next look.
            while found := _held(reader, handles):
                for start in range(0, len(found), _BATCH):
                    part = found[start : start + _BATCH]
                    with engine.begin() as connection:
                        _note(connection, asking, "erase", [each.name for each in part])
                        blanking.erase(connection, part)
                events += len(found)
            with engine.begin() as connection:
                unread = blanking.erase_unread(connection, handles)
            if engine.dialect.name == "sqlite":
                sqlite.scrub(engine)
    finally:
        reader.dispose()
        engine.dispose()
    return events, unread


def _held(reader: Any, handles: Sequence[str]) -> list[blanking.Held]:
    with reader.connect() as connection:
        return blanking.held(connection, handles)


def _check(handles: Sequence[str]) -> None:
    # Not quoted: somebody may have typed a number where a handle belongs.
    if not handles or not all(_HANDLE.fullmatch(each) for each in handles):
        raise SettingsError("a handle is 32 hex digits; kiosk-provision keys handle computes it")


def _chosen(handles: Sequence[str], events: Sequence[str]) -> Any:
    if handles:
        _check(handles)
    found = [_EVENT.fullmatch(each) for each in events]
    numbers = [(match[1], int(match[2])) for match in found if match is not None]
    if len(numbers) < len(events) or not (handles or events):
        raise SettingsError("name events as kiosk-ledger tail shows them (EPOCH:SEQ), or a handle")
    return or_(
        event.c.handle.in_(handles),
        *(and_(series.c.epoch == epoch, event.c.seq == seq) for epoch, seq in numbers),
    )


def _rows(connection: Connection, condition: Any) -> Sequence[Any]:
    return connection.execute(
        select(event, series.c.epoch, kiosk.c.source)
        .join(series, series.c.id == event.c.series_id)
        .join(kiosk, kiosk.c.id == series.c.kiosk_id)
        .where(condition, event.c.name == "checkin")
        .order_by(event.c.series_id, event.c.seq)
    ).all()


def _opened(authority: Authority, row: Any) -> Opened:
    names = (short(row.source), f"{row.epoch}:{row.seq}", moment(row.at_us))
    occasion = Occasion(row.source, row.utc_us, row.boot, row.mono_ns)
    try:
        identity = authority.open(row.sealed, occasion)
    except NotOpened as error:
        return Opened(*names, why_not=str(error))
    return Opened(*names, identity.kind, identity.subject_id)


def _note(
    connection: Connection,
    asking: Asking,
    what: str,
    events: Sequence[str],
    key_id: str | None = None,
) -> None:
    values = {
        "at_us": asking.now_us,
        "who": asking.who,
        "what": what,
        "reason": asking.reason,
        "key_id": key_id,
        "events": "\n".join(events),
    }
    connection.execute(insert(audit), [values])
