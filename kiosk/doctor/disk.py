"""The disk under the outbox: what it is, how much is free, how fast it commits, how worn it is.

A commit is measured where and how the outbox commits (SQLite, WAL, `synchronous=FULL`), in a file
of its own that is removed again. The outbox itself is not touched.
"""

import contextlib
import os
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from kiosk.doctor import Diagnosis, Mark, Observation, fine, skipped
from kiosk.doctor.account import Account
from kiosk.doctor.machine import Machine

COMMITS = 15
SLOW_MS = 100.0
"""Median. A healthy card takes 4 to 20 ms, and the green light waits for it."""
ROW_BYTES = 2048
LITTLE_BYTES = 64 * 1024 * 1024
RESERVE_BYTES = 4 * 1024 * 1024
"""With less than that the door is out of order."""
FORGETFUL = {"tmpfs", "ramfs", "overlay", "zram"}
REMOTE = {"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs"}
WORN, WORN_OUT = 9, 11
"""Tenths of the life that a card's maker gave it, as it counts itself; 11 is beyond."""
_PROBE = ".doctor-probe.db"

KEEPS_NOTHING = Diagnosis(
    "disk.forgets",
    Mark.FAULT,
    "the outbox lies in memory: a power cut takes every check-in",
    "set outbox.path to a folder on the card or disk, such as /var/lib/kiosk/outbox.db",
)
NOT_HERE = Diagnosis(
    "disk.remote",
    Mark.FAULT,
    "the outbox lies on another machine's disk",
    "set outbox.path to a folder on the card or disk, such as /var/lib/kiosk/outbox.db",
)
MISSING = Diagnosis(
    "disk.missing",
    Mark.FAULT,
    "the outbox's folder is not there",
    "sudo systemd-tmpfiles --create, or make the folder of outbox.path, owned by kiosk",
)
FULL = Diagnosis(
    "disk.full",
    Mark.FAULT,
    "the disk is full: the door is out of order",
    "free some space: sudo journalctl --vacuum-size=16M; sudo apt clean; df -h {folder}",
)
NEARLY_FULL = Diagnosis(
    "disk.nearly-full",
    Mark.WARNING,
    "the disk has less than 64 MB left",
    "free some space: sudo journalctl --vacuum-size=16M; sudo apt clean; df -h {folder}",
)
UNWRITABLE = Diagnosis(
    "disk.unwritable",
    Mark.FAULT,
    "the disk takes no write",
    "run doctor with sudo; if it is read-only (dmesg | tail), replace the card: "
    "docs/howto/rescue-events.md",
)
SLOW = Diagnosis(
    "disk.slow",
    Mark.WARNING,
    "a commit takes longer than 100 ms, and green waits for it",
    "replace the card by one of class A1 or better, from a maker that you trust",
)
KIOSK_SAYS = Diagnosis(
    "disk.kiosk-says",
    Mark.FAULT,
    "the disk takes writes here, and the running kiosk says that it cannot commit",
    "read why: journalctl -u kiosk | grep 'out of order'; kiosk outbox status --check",
)
OLD = Diagnosis(
    "wear.old",
    Mark.WARNING,
    "the card has used up most of the life that its maker gave it",
    "plan to replace the card within weeks",
)
SPENT = Diagnosis(
    "wear.spent",
    Mark.FAULT,
    "the card has outlived the life that its maker gave it",
    "replace the card now: docs/howto/rescue-events.md",
)


class DiskCheck:
    """The disk under a file; `timed_commits_ms` is `commit_times_ms`, or what stands for it."""

    name = "disk"
    after: tuple[str, ...] = ()

    def __init__(
        self,
        path: Path | None,
        account: Account,
        machine: Machine,
        timed_commits_ms: Callable[[Path], list[float]] | None = None,
    ) -> None:
        self._path = path
        self._account = account
        self._machine = machine
        self._timed_commits_ms = timed_commits_ms or commit_times_ms

    def __call__(self) -> Iterable[Observation]:
        """Look at the disk; the first thing that is wrong is told, the others follow from it."""
        if self._path is None:
            yield skipped(self.name, "this outbox has no file")
            return
        folder = self._path.absolute().parent
        if not folder.is_dir():
            yield MISSING.found(f"{folder} is not there")
            return
        kind = file_system_of(folder, self._machine.text("proc/self/mounts") or "")
        if kind in FORGETFUL:
            yield KEEPS_NOTHING.found(f"{folder} is a {kind}")
        elif kind in REMOTE:
            yield NOT_HERE.found(f"{folder} is a {kind}")
        else:
            yield self._space(folder)

    def _space(self, folder: Path) -> Observation:
        disk = os.statvfs(folder)
        free_bytes, size_bytes = disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize
        left = f"{free_bytes / 1e6:.0f} of {size_bytes / 1e6:.0f} MB free"
        # As the outbox counts: an eighth of a disk that is smaller than eight reserves.
        if free_bytes < min(RESERVE_BYTES, size_bytes // 8):
            return FULL.found(left, folder=folder)
        try:
            with as_owner_of(folder):
                times_ms = self._timed_commits_ms(folder)
        except (sqlite3.Error, OSError) as error:
            return UNWRITABLE.found(f"{left}; {_said(error)}")
        median_ms, slowest_ms = statistics.median(times_ms), max(times_ms)
        what = f"{left}, a commit takes {median_ms:.1f} ms, the slowest {slowest_ms:.1f} ms"
        if self._account.word is not None and "disk" in self._account.word.faults:
            return KIOSK_SAYS.found(what)
        if free_bytes < min(LITTLE_BYTES, size_bytes // 4):
            return NEARLY_FULL.found(what, folder=folder)
        return SLOW.found(what) if median_ms > SLOW_MS else fine(self.name, what)


class WearCheck:
    """What the cards and flash chips say of their own wear."""

    name = "wear"
    after: tuple[str, ...] = ()

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def __call__(self) -> Iterable[Observation]:
        """Ask each of them."""
        found = False
        for path in self._machine.paths("sys/block/mmcblk*/device/life_time"):
            tenths = _tenths(self._machine.text(path) or "")
            if tenths:
                found = True
                yield self._judged(path.split("/")[2], tenths)
        if not found:
            yield skipped(self.name, "no card here tells how worn it is (SD cards do not)")

    def _judged(self, name: str, tenths: int) -> Observation:
        what = f"{name}: {min(tenths, 10) * 10} % of its life used"
        if tenths >= WORN_OUT:
            return SPENT.found(what)
        return OLD.found(what) if tenths >= WORN else fine(self.name, what)


def commit_times_ms(folder: Path, now_s: Callable[[], float] = time.perf_counter) -> list[float]:
    """Return how long each of `COMMITS` durable commits in a folder took, in milliseconds.

    Raises:
        OSError: It takes no write; `sqlite3.Error` where SQLite found that out.
    """
    path = folder / _PROBE
    taken_ms = []
    try:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            db.execute("CREATE TABLE IF NOT EXISTS row (body BLOB)")
            for _ in range(COMMITS):
                began_s = now_s()
                db.execute("INSERT INTO row VALUES (zeroblob(?))", (ROW_BYTES,))
                taken_ms.append((now_s() - began_s) * 1000)
    finally:
        for end in ("", "-wal", "-shm", "-journal"):
            with contextlib.suppress(OSError):
                path.with_name(path.name + end).unlink(missing_ok=True)
    return taken_ms


@contextlib.contextmanager
def as_owner_of(folder: Path) -> Iterator[None]:
    """Be, while it lasts, who owns a folder, where we are root.

    Only that tells whether the kiosk may write there; and whoever owns it could lead root's writes
    elsewhere by a link.
    """
    owner = folder.stat()
    if os.geteuid() != 0 or owner.st_uid == 0:
        yield
        return
    group = os.getegid()
    os.setegid(owner.st_gid)
    os.seteuid(owner.st_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)


def file_system_of(folder: Path, mounts: str) -> str:
    r"""Return the kind of file system that a folder lies on; empty where nobody knows.

    >>> file_system_of(Path("/run/kiosk"), "/dev/root / ext4 rw\ntmpfs /run tmpfs rw\n")
    'tmpfs'
    """
    best, kind = "", ""
    for line in mounts.splitlines():
        parts = line.split()
        if len(parts) < 3:
            continue
        # Blanks in a path are written as octal.
        place = parts[1].replace("\\040", " ")
        if folder.is_relative_to(place) and len(place) >= len(best):
            best, kind = place, parts[2]
    return kind


def _tenths(text: str) -> int:
    """Return the worse of the two lives that a chip tells; 0 where it does not tell.

    Source: JEDEC eMMC 5.0, DEVICE_LIFE_TIME_EST; 0x01 is up to 10 %, 0x0B beyond 100 %.
    """
    try:
        return max((int(word, 16) for word in text.split()), default=0)
    except ValueError:
        return 0


def _said(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else str(error)) or type(error).__name__
