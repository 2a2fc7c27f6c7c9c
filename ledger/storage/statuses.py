"""The last status of each kiosk, and which kiosks were born.

A kiosk is born when it says that it is there after it was not, or in another boot than before. It
may have missed what was acknowledged, and a clustered broker may have lost what was retained, so
each birth is answered.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from ledger.source import Message
from ledger.storage.tables import status

MAX_BODY_BYTES = 16 * 1024
_SUFFIX = "/status"
_MAX_BOOT = 64


@dataclass(frozen=True, slots=True)
class Heard:
    """What a kiosk said of itself since the last time; `returned`: it was away in between."""

    body: bytes = field(repr=False)
    online: bool | None
    boot: str | None
    returned: bool = False


def fold(messages: Sequence[Message]) -> dict[str, Heard]:
    """Return the last status of each kiosk, by its source; what is too large is no status."""
    heard: dict[str, Heard] = {}
    for message in messages:
        source = message.topic.removesuffix(_SUFFIX)
        if len(message.body) > MAX_BODY_BYTES:
            continue
        online, boot = _said(message.body)
        before = heard.get(source)
        returned = before is not None and (before.returned or _born(before, online, boot))
        heard[source] = Heard(message.body, online, boot, returned)
    return heard


def keep(
    connection: Connection,
    heard: Mapping[str, Heard],
    ids: Mapping[str, int],
    now_us: int,
    insert: Callable[..., Any],
) -> frozenset[str]:
    """Write the statuses; return who was born since those that were there."""
    by_id = {ids[source]: source for source in heard}
    rows = connection.execute(
        select(status.c.kiosk_id, status.c.online, status.c.boot).where(
            status.c.kiosk_id.in_([*by_id])
        )
    )
    before = {by_id[row.kiosk_id]: row for row in rows}
    statement = insert(status)
    named = {name: statement.excluded[name] for name in ("received_us", "online", "boot", "body")}
    connection.execute(
        statement.on_conflict_do_update(index_elements=["kiosk_id"], set_=named),
        [
            {
                "kiosk_id": ids[source],
                "received_us": now_us,
                "online": each.online,
                "boot": each.boot,
                "body": each.body,
            }
            for source, each in sorted(heard.items(), key=lambda item: ids[item[0]])
        ],
    )
    return frozenset(
        source
        for source, each in heard.items()
        if each.online
        and (each.returned or source not in before or _born(before[source], each.online, each.boot))
    )


def _born(before: Any, online: bool | None, boot: str | None) -> bool:  # noqa: FBT001 - as it is said
    return bool(online) and (not before.online or boot != before.boot)


def _said(body: bytes) -> tuple[bool | None, str | None]:
    """Return what is understood of a status, whatever its version."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None, None
    if not isinstance(value, dict):
        return None, None
    online, clock = value.get("online"), value.get("clock")
    boot = clock.get("boot") if isinstance(clock, dict) else None
    if not isinstance(boot, str) or not boot.isprintable() or len(boot) > _MAX_BOOT:
        boot = None
    return (online if isinstance(online, bool) else None), boot
