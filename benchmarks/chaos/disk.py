"""A small disk for an outbox: a tmpfs, which only root may mount."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEGABYTES = 24
_PATIENCE_S = 20.0


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Mount one at `folder` for as long as `with` lasts; False where that is not allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    size = f"size={MEGABYTES}m"
    try:
        _run("mount", "-t", "tmpfs", "-o", size, "none", str(folder))
    except (OSError, subprocess.CalledProcessError):
        yield False
        return
    try:
        yield True
    finally:
        # Lazily: whoever still has a file open there must not leave the mount behind.
        _run("umount", "-l", str(folder))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=_PATIENCE_S)  # noqa: S603
