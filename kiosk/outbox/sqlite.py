"""SQLite, WAL, `synchronous=FULL`: what was committed survives the power being pulled.

Measured with modelled and real power cuts: FULL loses nothing where NORMAL loses most of the last
commits. Whatever fails here becomes an `OutboxError`, and the connection is dropped and opened
anew on the next call, because a connection that saw a failing disk is not to be trusted.
"""

import contextlib
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from kiosk.door.event import CheckIn, QueuedEvent, enclose
from kiosk.errors import OutboxError, OutboxFull
from kiosk.outbox import Depth

SCHEMA_VERSION = 1
_BUSY_TIMEOUT_MS = 2000
_CROWDED = 0.8
"""Part of `max_mb` from which delivered rows make room early: a small outbox must not stay full."""
_DELETE_OLDER_HALF = """
DELETE FROM event WHERE seq IN (
    SELECT seq FROM event WHERE sent = 1 ORDER BY seq
    LIMIT (SELECT count(*) / 2 + 1 FROM event WHERE sent = 1)
)"""
_WAL_ATTEMPTS = 10


class Settings(BaseModel):
    """Where the outbox is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path = Field(description="The database file, on a disk that keeps it: not a tmpfs.")
    max_mb: int = Field(
        default=512,
        ge=1,
        le=65536,
        description="The most megabytes it may take; full means out of order, never lost.",
    )
    keep_sent: int = Field(
        default=100_000,
        ge=0,
        le=10_000_000,
        description="Events kept after a broker took them over; older ones make room. A count, "
        "because a kiosk's clock may be wrong.",
    )


class SqliteOutbox:
    """The durable queue. One object, one thread, one connection."""

    def __init__(self, settings: Settings, source: str) -> None:
        self._settings = settings
        self._source = source
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    def commit(self, check_in: CheckIn, inside: Mapping[str, float] | None = None) -> QueuedEvent:
        """Number `check_in` and put it on disk; durable when this returns."""
        with self._transaction() as db:
            epoch, seq = db.execute(
                "UPDATE meta SET last_seq = last_seq + 1 RETURNING epoch, last_seq"
            ).fetchone()
            event = enclose(check_in, source=self._source, epoch=epoch, seq=seq)
            db.execute(
                "INSERT INTO event (seq, event_id, body) VALUES (?, ?, ?)",
                (event.seq, event.event_id, event.body),
            )
            if inside is not None:
                _replace_inside(db, inside)
        return event

    def probe(self) -> None:
        """Prove by a durable write that a commit would succeed."""
        with self._transaction() as db:
            db.execute("UPDATE meta SET probes = probes + 1")
            # A full disk may still overwrite a page of its log: room for an event's row is what
            # counts, so the proof claims that much and gives it back.
            db.execute("INSERT INTO event (seq, event_id, body) VALUES (0, '', zeroblob(8192))")
            db.execute("DELETE FROM event WHERE seq = 0")

    def inside(self) -> dict[str, float]:
        """Return who is inside, as last committed: mark to Unix seconds."""
        with self._errors():
            return dict(self._open().execute("SELECT mark, since_unix_s FROM inside").fetchall())

    def pending(self, after_seq: int, limit: int) -> list[QueuedEvent]:
        """Return unsent events with a number above `after_seq`, oldest first."""
        with self._errors():
            rows = self._open().execute(
                "SELECT seq, event_id, body FROM event WHERE sent = 0 AND seq > ?"
                " ORDER BY seq LIMIT ?",
                (after_seq, limit),
            )
            return [QueuedEvent(*row) for row in rows]

    def mark_sent(self, seqs: Iterable[int]) -> None:
        """Remember that a broker took these over."""
        with self._transaction() as db:
            db.executemany("UPDATE event SET sent = 1 WHERE seq = ?", ((seq,) for seq in seqs))
            db.execute(
                "DELETE FROM event WHERE sent = 1 AND seq <= (SELECT last_seq FROM meta) - ?",
                (self._settings.keep_sent,),
            )
            if _part_used(db) > _CROWDED:
                db.execute(_DELETE_OLDER_HALF)

    def depth(self) -> Depth:
        """Return how much is held."""
        with self._errors():
            counts = "SELECT count(*), (SELECT count(*) FROM event WHERE sent = 0) FROM event"
            return Depth(*self._open().execute(counts).fetchone())

    def sibling(self) -> "SqliteOutbox":
        """Return another object, with a connection of its own, for another thread."""
        return SqliteOutbox(self._settings, self._source)

    def close(self) -> None:
        """Release the file."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            # Closing may try to write back its log to a disk that is full; the log stays then, and
            # the next opening reads it.
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._errors():
            db = self._open()
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            with _translated():
                yield
        except OutboxError:
            self.close()
            raise

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = _connect(self._settings)
            self._file = _identity(self._settings.path)
        elif self._file != _identity(self._settings.path):
            # SQLite would go on writing to a file without a name, which no restart finds again.
            raise OutboxError("the outbox's file was replaced while in use: it begins anew")
        return self._connection


def _connect(settings: Settings) -> sqlite3.Connection:
    settings.path.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(settings.path, isolation_level=None)
    try:
        db.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
        _use_wal(db)
        db.execute("PRAGMA synchronous = FULL")
        page_bytes = db.execute("PRAGMA page_size").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {settings.max_mb * 1024 * 1024 // page_bytes}")
        _migrate(db)
    except BaseException:
        db.close()
        raise
    return db


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _use_wal(db: sqlite3.Connection) -> None:
    """Switch to the write-ahead log, or refuse: every other mode loses commits."""
    for _ in range(_WAL_ATTEMPTS):
        try:
            mode = db.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            break
        except sqlite3.OperationalError as error:
            if _code(error) != sqlite3.SQLITE_BUSY:
                raise
            # Somebody else opens a new file as well. The switch does not wait, a lock does.
            db.execute("BEGIN EXCLUSIVE")
            db.execute("ROLLBACK")
    else:
        raise OutboxError("the outbox is held by somebody else: only one kiosk may use it")
    if mode != "wal":
        raise OutboxError(
            f"the outbox gets a journal of kind {mode}, which loses commits: "
            "outbox.path must be a file on a local disk"
        )


def _version(db: sqlite3.Connection) -> int:
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    return version


def _migrate(db: sqlite3.Connection) -> None:
    """Bring an empty file to the present schema; refuse one that a newer kiosk wrote."""
    version = _version(db)
    if version == SCHEMA_VERSION:
        return
    if version > SCHEMA_VERSION:
        raise OutboxError(
            f"the outbox has schema {version} and this kiosk knows {SCHEMA_VERSION}: "
            "install the newer version again"
        )
    schema = resources.files(__package__).joinpath("schema_v1.sql").read_text("utf-8")
    # executescript commits what is open before it; the transaction is within the script.
    epoch = secrets.token_hex(8)
    try:
        db.executescript(
            f"BEGIN IMMEDIATE; {schema} INSERT INTO meta VALUES (1, '{epoch}', 0, 0); COMMIT;"  # noqa: S608 - hex made here
        )
    except sqlite3.OperationalError:
        if db.in_transaction:
            db.execute("ROLLBACK")
        # A sibling may have been first; then the tables are there, and they are these.
        if _version(db) != SCHEMA_VERSION:
            raise


def _replace_inside(db: sqlite3.Connection, inside: Mapping[str, float]) -> None:
    """Write only what changed: a full hall must not be rewritten for each person."""
    before = dict(db.execute("SELECT mark, since_unix_s FROM inside").fetchall())
    gone = [(mark,) for mark in before.keys() - inside.keys()]
    db.executemany("DELETE FROM inside WHERE mark = ?", gone)
    new = [(mark, since) for mark, since in inside.items() if before.get(mark) != since]
    db.executemany("INSERT OR REPLACE INTO inside VALUES (?, ?)", new)


def _part_used(db: sqlite3.Connection) -> float:
    """Return how much of `max_mb` holds rows, 0 to 1."""
    pragmas = ("page_count", "freelist_count", "max_page_count")
    pages, free, most = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas)
    return float((pages - free) / most)


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if _code(error) == sqlite3.SQLITE_FULL:
            raise OutboxFull(
                "no space for the outbox: free some, or raise outbox.max_mb"
            ) from error
        raise OutboxError(f"the outbox cannot be used: {error}") from error
    except (sqlite3.Error, OSError) as error:
        raise OutboxError(f"the outbox cannot be used: {error}") from error


def _code(error: sqlite3.Error) -> int | None:
    """Return SQLite's own code; what Python raises by itself has none (a text that is no UTF-8)."""
    return getattr(error, "sqlite_errorcode", None)


def build(settings: Settings, source: str) -> SqliteOutbox:
    """Return the outbox; its file is opened by the first call."""
    return SqliteOutbox(settings, source)
