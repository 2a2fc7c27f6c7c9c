"""Disks in files: made, copied without their holes, mounted and checked."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

EXT4 = ("-t", "ext4", "-o")
_COPIED_AT_ONCE = 1 << 20


def make_empty(path: Path, mib: int) -> Path:
    """Make a file of so many MiB of which nothing is written."""
    path.unlink(missing_ok=True)
    with path.open("wb") as file:
        file.truncate(mib << 20)
    return path


def make_ext4(path: Path, mib: int) -> Path:
    """Make a disk with an empty file system, laid out as on a card of Raspberry Pi OS.

    Raises:
        OSError: It cannot be made.
    """
    make_empty(path, mib)
    # A new file is zeros: unless told, the kernel would fill in more of them while we look.
    zeros = ("-E", "nodiscard,assume_storage_prezeroed=1")
    layout = ("-b", "4096", "-O", "^64bit,^huge_file", *zeros)
    wrong = trouble("mke2fs", "-q", "-F", "-t", "ext4", *layout, path)
    if wrong:
        raise OSError(f"mke2fs: {wrong}")
    return path


@contextlib.contextmanager
def mounted(disk: Path, place: Path, options: str = "loop,noatime") -> Iterator[Path]:
    """Mount a disk for as long as the block lasts; its journal is played on the way.

    Raises:
        OSError: It cannot be mounted, or not be let go of.
    """
    place.mkdir(parents=True, exist_ok=True)
    wrong = trouble("mount", *EXT4, options, disk, place)
    if wrong:
        raise OSError(wrong)
    try:
        yield place
    finally:
        still = trouble("umount", place)
    if still:
        raise OSError(still)


def flaw(disk: Path) -> str:
    """Return what the file system's own check has against a disk; it writes nothing."""
    return trouble("e2fsck", "-fn", disk)


def mend(disk: Path) -> None:
    """Let the file system's own repair do what it can without a person."""
    trouble("e2fsck", "-fy", disk)


def trouble(*command: str | Path) -> str:
    """Return what a program says when it fails; nothing when it does not."""
    done = subprocess.run(  # noqa: S603 - a program of the system's, and disks of our own
        command, capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else (done.stdout + done.stderr).strip() or "it failed"


def copy_sparse(source: Path, target: Path) -> None:
    """Copy a disk's file; what nobody wrote takes no room and no time."""
    with source.open("rb") as old, target.open("wb") as new:
        size = os.fstat(old.fileno()).st_size
        at = 0
        while at < size:
            try:
                at = os.lseek(old.fileno(), at, os.SEEK_DATA)
            except OSError:
                # Nothing but a hole is left.
                break
            end = os.lseek(old.fileno(), at, os.SEEK_HOLE)
            old.seek(at)
            new.seek(at)
            while at < end and (part := old.read(min(end - at, _COPIED_AT_ONCE))):
                new.write(part)
                at += len(part)
        new.truncate(size)
