"""Disks that fail: a real file system of a few hundred kilobytes, and a process that may not write.

The small one is a tmpfs, which only root may mount; where that is not allowed the test is skipped
and says so. It is unmounted when the test ends, whatever happened.
"""

import contextlib
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

_PATIENCE_S = 20.0


class SmallDisk:
    """A mounted file system and the ballast that fills it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Take all space that is left."""
        with self._ballast.open("ab", buffering=0) as ballast, contextlib.suppress(OSError):
            while True:
                ballast.write(bytes(4096))

    def give(self, kilobytes: int) -> None:
        """Give so much space back."""
        with self._ballast.open("r+b") as ballast:
            ballast.truncate(max(0, self._ballast.stat().st_size - kilobytes * 1024))

    def resize(self, kilobytes: int) -> None:
        """Make it larger."""
        _run("mount", "-o", f"remount,size={kilobytes}k", str(self.folder))

    def read_only(self, *, on: bool) -> None:
        """Mount it read-only, or writable again."""
        _run("mount", "-o", f"remount,{'ro' if on else 'rw'}", str(self.folder))


@contextlib.contextmanager
def small_disk(folder: Path, kilobytes: int = 1024) -> Iterator[SmallDisk]:
    """Mount a file system of so many kilobytes at `folder`; skips where that is not allowed."""
    folder.mkdir(exist_ok=True)
    try:
        _run("mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", str(folder))
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("only root may mount a file system")
    try:
        yield SmallDisk(folder)
    finally:
        # Lazily: a file that a failed test left open must not leave the mount behind.
        _run("umount", "-l", str(folder))


@contextlib.contextmanager
def no_file_grows_beyond(size_bytes: int) -> Iterator[None]:
    """Refuse this process every write beyond `size_bytes` of any file; 0 refuses all."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=_PATIENCE_S)
