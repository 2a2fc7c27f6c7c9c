"""Looking into an outbox file without changing it, whoever else uses it and wherever it lies.

For a technician: on a running kiosk, on a card mounted read-only, in a damaged file. Nothing here
gives out a handle, but for `bodies`, which is what rescuing is.
"""

import contextlib
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kiosk.errors import OutboxError
from kiosk.outbox.store import damage, salvage
from kiosk.outbox.store.opening import (
    SCHEMA_VERSION,
    Damaged,
    migrate,
    refuse_newer,
    translated,
    version_of,
)
from kiosk.outbox.store.rows import depth

STATES = ("unsent", "sent", "acknowledged")
_STATE = """
CASE WHEN e.row IN unsent THEN 'unsent'
    WHEN e.seq <= (SELECT acknowledged FROM epoch WHERE epoch = e.epoch) THEN 'acknowledged'
    ELSE 'sent' END"""
LISTED = f"SELECT e.epoch, e.seq, e.name, {_STATE}, e.body FROM event AS e ORDER BY e.row"  # noqa: S608 - two constants


@dataclass(frozen=True, slots=True)
class Account:
    """What a file is; `integrity` is None where nobody asked for it."""

    epoch: str
    last_seq: int
    rows: int
    unsent: int
    unacknowledged: int
    oldest_unsent_s: float | None
    age_s: float
    size_bytes: int
    schema_version: int
    integrity: str | None
    damaged_files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """What may be shown of one event: nothing that stands for a person."""

    epoch: str
    seq: int
    name: str
    state: str
    time: str | None
    verdict: str | None
    reason: str | None
    expired: bool


@dataclass(frozen=True, slots=True)
class _Opened:
    """A connection at the present schema, and the version that the file itself has."""

    db: sqlite3.Connection
    version: int


@contextlib.contextmanager
def reading(path: Path) -> Iterator[_Opened]:
    """Open a file of any version that we know for reading; an older one is read from a copy.

    Raises:
        OutboxError: It cannot be read, or is no outbox; `Damaged` where its content is wrong.
    """
    if not path.is_file():
        raise OutboxError(f"{path}: there is no outbox")
    with translated(), contextlib.ExitStack() as stack:
        db = _opened(path, stack)
        refuse_newer(db)
        version = version_of(db)
        if version == 0:
            raise OutboxError(f"{path}: this is no outbox")
        if version < SCHEMA_VERSION:
            copy = stack.enter_context(contextlib.closing(_connected(":memory:")))
            db.backup(copy)
            migrate(copy, lambda _: None)
            db = copy
        yield _Opened(db, version)


def _opened(path: Path, stack: contextlib.ExitStack) -> sqlite3.Connection:
    """Return a connection that reads the log too, for which SQLite needs a place to write beside.

    A card that is mounted read-only has none, so file and log are copied to one that is ours only.
    """
    try:
        db = _connected(f"{path.absolute().as_uri()}?mode=ro")
        stack.callback(db.close)
        version_of(db)
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kiosk-")))
        for end in ("", "-wal"):
            if path.with_name(path.name + end).exists():
                shutil.copyfile(path.with_name(path.name + end), folder / f"outbox.db{end}")
        db = _connected(f"{(folder / 'outbox.db').as_uri()}?mode=rw")
        stack.callback(db.close)
    return db


def _connected(name: str) -> sqlite3.Connection:
    return sqlite3.connect(name, uri=True, isolation_level=None)


def account(path: Path, *, check: bool) -> Account:
    """Return what the file is; `check` reads all of it.

    Raises:
        OutboxError: It cannot be read.
    """
    with reading(path) as opened:
        db = opened.db
        held = depth(db, None)
        epoch, last_seq, age_s = db.execute("SELECT epoch, last_seq, age_s FROM meta").fetchone()
        return Account(
            epoch=epoch,
            last_seq=last_seq,
            rows=held.rows,
            unsent=held.unsent,
            unacknowledged=held.unacknowledged,
            oldest_unsent_s=held.oldest_unsent_s,
            age_s=age_s,
            size_bytes=path.stat().st_size,
            schema_version=opened.version,
            integrity=_integrity(db, path) if check else None,
            damaged_files=tuple(each.name for each in damage.set_aside_files(path)),
        )


def _integrity(db: sqlite3.Connection, path: Path) -> str:
    try:
        damage.check(db, path, whole=True)
    except Damaged as error:
        return str(error)
    return "ok"


def lines(path: Path) -> Iterator[Line]:
    """Yield every event, in the order of its place, without what stands for a person.

    Raises:
        OutboxError: It cannot be read.
    """
    with reading(path) as opened:
        for epoch, seq, name, state, body in opened.db.execute(LISTED):
            yield Line(epoch, seq, name, state, *_shown(body))


def _shown(body: bytes) -> tuple[str | None, str | None, str | None, bool]:
    try:
        event = json.loads(body)
        data = event["data"]
        return event["time"], data.get("verdict"), data.get("reason"), bool(data.get("expired"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None, None, None, False


def bodies(path: Path, *, unacknowledged: bool) -> Iterator[bytes]:
    """Yield the events, byte for byte; of a damaged file all that can be read.

    Raises:
        OutboxError: It cannot be read.
    """
    seen: set[str] = set()
    try:
        with reading(path) as opened:
            damage.check(opened.db, path)
            for epoch, seq, _, state, body in opened.db.execute(LISTED):
                if unacknowledged and state == "acknowledged":
                    continue
                seen.add(f"{epoch}:{seq}")
                yield body
    except Damaged:
        yield from salvage.bodies(path, seen)
