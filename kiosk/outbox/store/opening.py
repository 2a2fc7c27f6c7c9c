"""Opening the file: the write-ahead log, the schema and its steps, and what errors mean.

What SQLite says about a file's content is `Damaged`; what it says about the disk is an
`OutboxError` that may be over with the next call.
"""

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path

from kiosk.errors import OutboxError, OutboxFull

SCHEMA_VERSION = 3
_BUSY_TIMEOUT_MS = 2000
_WAL_ATTEMPTS = 10
_WAL_KEPT_BYTES = 4 * 1024 * 1024
_TORN_WRITES = "?psow=0"
"""Cards spoil what lies beside a write when the power goes: no commit shares a block with the next.
Source: `psow` in SQLite's URI file names; it costs an eighth more bytes and no flush."""
_DAMAGES = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CONSTRAINT)
"""A broken rule too: our own statements keep the rules, so the rows before them cannot have."""

FillIn = Callable[[sqlite3.Connection], None]


class Damaged(OutboxError):  # noqa: N818 - names a state of the world, as the whole taxonomy does
    """The file's content cannot be what was written; the disk itself may be well."""


def connect(path: Path, fill_in: FillIn) -> sqlite3.Connection:
    """Open the file for writing at the present schema; `fill_in` completes a new one.

    A new file and a step of its schema are one transaction each: a power cut leaves the version
    before or the one after. What a killed kiosk had written and not flushed is shown again by the
    system's memory: it is made durable here, before anybody is told of it, or a power cut could
    give its number to another event.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    address = f"{path.absolute().as_uri()}{_TORN_WRITES}"
    db = sqlite3.connect(address, uri=True, isolation_level=None)
    try:
        db.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
        # Before anything is written, the log's mode too: a newer file is not to be touched.
        refuse_newer(db)
        _use_wal(db)
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA secure_delete = ON")
        db.execute(f"PRAGMA journal_size_limit = {_WAL_KEPT_BYTES}")
        with our_own_words_are_right():
            migrate(db, fill_in)
        _flush_log(path)
    except BaseException:
        db.close()
        raise
    return db


def _flush_log(path: Path) -> None:
    """Make what the log holds durable, and its name; costs no space on a full disk.

    Never done to the database file itself: closing it here would end SQLite's locks on it.
    """
    log = path.with_name(f"{path.name}-wal")
    for place in (log, path.parent):
        if place.exists():
            descriptor = os.open(place, os.O_RDONLY)
            try:
                os.fdatasync(descriptor)
            finally:
                os.close(descriptor)


@contextlib.contextmanager
def our_own_words_are_right() -> Iterator[None]:
    """Take a statement that the file has no table for as damage.

    Raises:
        Damaged: It has none.
    """
    try:
        yield
    except sqlite3.OperationalError as error:
        if _code(error) == sqlite3.SQLITE_ERROR:
            raise Damaged(f"the outbox is damaged: {error}") from error
        raise


def version_of(db: sqlite3.Connection) -> int:
    """Return the schema's version; 0 for an empty file."""
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    return version


def refuse_newer(db: sqlite3.Connection) -> None:
    """Refuse a file that a newer kiosk wrote.

    Raises:
        OutboxError: It is one.
    """
    version = version_of(db)
    if version > SCHEMA_VERSION:
        raise OutboxError(
            f"the outbox has schema {version} and this kiosk knows {SCHEMA_VERSION}: "
            "install the newer version again"
        )


def migrate(db: sqlite3.Connection, fill_in: FillIn) -> None:
    """Bring a file to the present schema, one transaction for all steps."""
    if version_of(db) == SCHEMA_VERSION:
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        # Again, now that nobody else can write: a sibling may have been first.
        before = version_of(db)
        if before == 0:
            _refuse_foreign(db)
        for version in range(before + 1, SCHEMA_VERSION + 1):
            for statement in _statements(version):
                db.execute(statement)
            if version == 1:
                db.execute("INSERT INTO meta VALUES (1, ?, 0, 0)", (secrets.token_hex(8),))
        if before == 0:
            # A new file is whole from its first number.
            db.execute("UPDATE epoch SET whole_from = 1")
            fill_in(db)
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _refuse_foreign(db: sqlite3.Connection) -> None:
    if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise OutboxError("outbox.path names a database that is no outbox: name another file")


def _statements(version: int) -> Iterator[str]:
    """Yield the statements of a step; `executescript` would commit between them."""
    text = resources.files(__package__).joinpath(f"schema_v{version}.sql").read_text("utf-8")
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("--"))
    for statement in "\n".join(lines).split(";"):
        if statement.strip():
            yield statement


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


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turn what SQLite and the operating system say into our errors.

    Raises:
        Damaged: The file's content is wrong.
        OutboxError: The disk, or somebody else, does not let us.
    """
    try:
        yield
    except sqlite3.Error as error:
        code = _code(error)
        primary = None if code is None else code & 0xFF
        if primary == sqlite3.SQLITE_FULL:
            raise OutboxFull(
                "no space for the outbox: free some, or raise outbox.max_mb"
            ) from error
        # Text that is no UTF-8 is an error of Python's own, without a code of SQLite's.
        garbled = code is None and isinstance(error, sqlite3.OperationalError)
        if garbled or primary in _DAMAGES:
            raise Damaged(f"the outbox is damaged: {error}") from error
        raise OutboxError(f"the outbox cannot be used: {error}") from error
    except OSError as error:
        raise OutboxError(f"the outbox cannot be used: {error}") from error


def _code(error: sqlite3.Error) -> int | None:
    return getattr(error, "sqlite_errorcode", None)
