"""How a file is replaced so that a power cut leaves the old one or the new one, never half of one.

The order is everything: the content is on the disk before it has the name, and the name before
anybody hears of it. What must be more (a lock, an owner, an order of several files) stands with
whoever needs it.
"""

import contextlib
import os
from pathlib import Path


def replace_file(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Leave all of `content` at `path`, or what was there.

    One writer at a time: the draft beside it has one name, so that what a cut left is found again.

    Raises:
        OSError: It could not be written; what was there is still there.
    """
    draft = path.with_name(f"{path.name}.draft")
    draft.unlink(missing_ok=True)
    target = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(target, "wb") as file:
        # The umask has taken something from the mode that was asked for.
        os.fchmod(target, mode)
        file.write(content)
        file.flush()
        os.fsync(target)
    draft.replace(path)
    make_durable(path.parent)


def replace_secret(path: Path, content: bytes) -> None:
    """Leave all of `content` at `path`, or what was there; what was there is then written over.

    Readable by its owner only.

    Raises:
        OSError: It could not be written; what was there is still there.
    """
    with contextlib.ExitStack() as stack:
        # Held open: after the rename it has no name, and its blocks still hold what it said.
        old = None
        with contextlib.suppress(OSError):
            old = stack.enter_context(path.open("r+b"))
        replace_file(path, content)
        if old is not None:
            write_over(old.fileno())


def write_over(target: int) -> None:
    """Write zeros over all that an open file holds.

    Raises:
        OSError: Some of it may still be there.
    """
    os.pwrite(target, bytes(os.fstat(target).st_size), 0)
    os.fsync(target)


def make_durable(folder: Path) -> None:
    """Put what was made, renamed or removed in a folder on the disk.

    Raises:
        OSError: It is perhaps not there yet.
    """
    held = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(held)
    finally:
        os.close(held)
