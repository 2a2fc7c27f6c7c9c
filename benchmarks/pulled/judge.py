"""Is everything that was shown green on the disk that a cut left, and can the kiosk go on with it?

The kernel mounts it, which plays the file system's journal; then the shipped outbox opens its file,
as at a start. What it must know are the marks before the cut.
"""

import contextlib
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from pathlib import Path

from benchmarks.disk_model.judge import ONE_MORE
from benchmarks.lists_workload import keeper_in
from benchmarks.pulled.disks import flaw, mend, mounted
from benchmarks.pulled.plan import (
    ACKNOWLEDGED_DAYS,
    DEVICE_KEY,
    LISTS,
    OUTBOX,
    RETENTION_DAYS,
    SITE_KEY,
    SOURCE,
)
from kiosk.door.event import (
    CheckInEvent,
    QueuedEvent,
    read_event,
)
from kiosk.door.rules import Verdict
from kiosk.errors import OutboxError
from kiosk.identity.periods import site_key_in
from kiosk.lists.form import ListName
from kiosk.outbox.sqlite import Settings, SqliteOutbox, build

ALL = 1 << 20


@dataclass(frozen=True, slots=True)
class Owed:
    """What a disk owes: `shown` are the events that were shown green before the cut.

    `pruned`: up to which number of an epoch events may be gone, because the ledger had them when
    this boot began. `may_blank`: whether events may have lost their handles, with retention over.
    `device_key`, `period`: what the kiosk's keys were when this boot began, empty and 0 before.
    `list_taken`, `list_begun`: the version of the list of revoked cards that was in use, and the
    one that was perhaps being taken; 0 is none.
    """

    shown: frozenset[str] = frozenset()
    pruned: Mapping[str, int] = field(default_factory=dict)
    may_blank: bool = False
    device_key: bytes = b""
    period: int = 0
    list_taken: int = 0
    list_begun: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """What one cut did: of events `owed` so many `lost`, why it is `corrupt`, what else is `wrong`.

    `pruned` and `blanked` count those that are rightly gone, or rightly without their handle.
    `is_mended`: the kernel did not mount it before the file system's own repair.
    """

    lost: int = 0
    corrupt: str = ""
    wrong: tuple[str, ...] = ()
    owed: int = 0
    pruned: int = 0
    blanked: int = 0
    is_mended: bool = False


def examine(disk: Path, place: Path, owed: Owed) -> Found:
    """Mount a disk at `place` and look; the disk is written to.

    Where the kernel does not mount it, the file system is repaired first, as a person would.
    """
    try:
        return _mounted(disk, place, owed)
    except OSError:
        mend(disk)
    try:
        return replace(_mounted(disk, place, owed), is_mended=True)
    except OSError as error:
        return Found(len(owed.shown), f"not mounted: {error}", owed=len(owed.shown))


def _mounted(disk: Path, place: Path, owed: Owed) -> Found:
    with mounted(disk, place) as folder:
        found = look(folder, owed)
    return replace(found, corrupt=found.corrupt or flaw(disk))


def look(folder: Path, owed: Owed) -> Found:
    """Let the outbox in a kiosk's folder be opened, and compare."""
    settings = Settings(
        path=folder / OUTBOX,
        retention_days=RETENTION_DAYS,
        acknowledged_days=ACKNOWLEDGED_DAYS,
    )
    owes = len(owed.shown)
    outbox = build(settings, SOURCE)
    try:
        found = _compare(outbox, owed)
    except OutboxError as error:
        return Found(owes, f"{type(error).__name__}: {error}", owed=owes)
    finally:
        outbox.close()
    damage = _damage(folder / OUTBOX)
    if [*folder.glob(f"{OUTBOX}.damaged-*")]:
        damage = damage or "the outbox was set aside as damaged"
    return replace(
        found,
        corrupt=damage,
        wrong=(*found.wrong, *_key_faults(folder, owed), *_list_faults(folder, owed)),
    )


def _compare(outbox: SqliteOutbox, owed: Owed) -> Found:
    """Compare what the outbox holds, and let it go on."""
    # As the daemon begins: it proves the disk and reads who passed.
    outbox.probe()
    outbox.memory()
    outbox.resend(None, 1)
    events = outbox.pending(0, ALL)
    held = {event.event_id: event for event in events}
    wrong = ["an event is there twice"] if len(held) != len(events) else []
    gone = owed.shown - held.keys()
    pruned = {e for e in gone if _seq(e) <= owed.pruned.get(_epoch(e), 0)}
    states = [_state(held[event_id]) for event_id in owed.shown & held.keys()]
    blanked = states.count(_State.BLANKED)
    if _State.OTHER in states or (blanked and not owed.may_blank):
        wrong.append("an event is not what was shown green")
    lost = len(gone - pruned)
    wrong += _faults_in_going_on(outbox, events, owed, may_differ=lost > 0)
    return Found(lost, "", tuple(wrong), len(owed.shown), len(pruned), blanked)


def _faults_in_going_on(
    outbox: SqliteOutbox, events: Sequence[QueuedEvent], owed: Owed, *, may_differ: bool
) -> list[str]:
    """Commit one more event, and return what is wrong with its number or the ones before."""
    more = outbox.commit(ONE_MORE)
    epoch = _epoch(more.event_id)
    numbers = sorted(event.seq for event in events if _epoch(event.event_id) == epoch)
    last = max([*numbers, *map(_seq, owed.shown)], default=more.seq - 1)
    faults = {
        "another epoch": {epoch} < {epoch, *map(_epoch, owed.shown)},
        "numbers are missing": numbers != [*range(more.seq - len(numbers), more.seq)],
        "the next number is not the next": more.seq != last + 1 and not may_differ,
        "the next event is not there": outbox.pending(more.row - 1, ALL) != [more],
    }
    return [what for what, is_so in faults.items() if is_so]


class _State(Enum):
    """What became of an event that was shown green and is there."""

    WHOLE = auto()
    BLANKED = auto()
    OTHER = auto()


def _state(event: QueuedEvent) -> _State:
    """Tell whether this is an accepted check-in with its handle, or one without by retention."""
    try:
        told = read_event(event.body)
    except ValueError:
        return _State.OTHER
    if not isinstance(told, CheckInEvent) or told.data.verdict is not Verdict.ACCEPTED:
        return _State.OTHER
    if told.data.expired:
        return _State.OTHER if told.data.handle else _State.BLANKED
    return _State.WHOLE if told.data.handle else _State.OTHER


def _key_faults(folder: Path, owed: Owed) -> list[str]:
    """Return what is wrong with the keys under which events were committed."""
    if not owed.shown:
        return []
    found = keys_in(folder)
    if found is None:
        return ["the keys cannot be read"]
    device_key, period = found
    faults = []
    if owed.device_key and device_key != owed.device_key:
        faults.append("another device key")
    if period < owed.period:
        faults.append("an older site key")
    return faults


def _list_faults(folder: Path, owed: Owed) -> list[str]:
    """Return what is wrong with the list of revoked cards: the one before or the one after."""
    version, troubles = list_in(folder)
    allowed = {owed.list_taken, owed.list_begun or owed.list_taken}
    return [] if version in allowed and not troubles else ["the list is neither old nor new"]


def list_in(folder: Path) -> tuple[int, bool]:
    """Return the version of the list of revoked cards, 0 for none; and whether it has trouble."""
    keeper = keeper_in(folder / LISTS)
    held = keeper.lists.get(ListName.REVOKED)
    return (0 if held is None else held.manifest.version), bool(keeper.troubles)


def keys_in(folder: Path) -> tuple[bytes, int] | None:
    """Return the device's key and the period of the site's; None where one cannot be read."""
    with contextlib.suppress(OSError, ValueError):
        period = site_key_in((folder / SITE_KEY).read_text("ascii")).period
        device_key = (folder / DEVICE_KEY).read_bytes()
        if period is not None and len(device_key) == 32:
            return device_key, period
    return None


def acknowledged_in(folder: Path) -> dict[str, int]:
    """Return for each epoch up to which number the outbox knows that the ledger has it."""
    with contextlib.closing(sqlite3.connect(folder / OUTBOX)) as db:
        return dict(db.execute("SELECT epoch, acknowledged FROM epoch"))


def _damage(database: Path) -> str:
    """Return what SQLite's own check says against the file."""
    try:
        with contextlib.closing(sqlite3.connect(database)) as db:
            answer = str(db.execute("PRAGMA integrity_check").fetchone()[0])
    except sqlite3.Error as error:
        answer = str(error)
    return "" if answer == "ok" else answer


def _epoch(event_id: str) -> str:
    return event_id.partition(":")[0]


def _seq(event_id: str) -> int:
    return int(event_id.partition(":")[2])
