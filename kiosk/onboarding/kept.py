"""The code while it is worked on: on the disk before anything else is done about it.

It holds a claim and perhaps a password, so it is for its owner only, and written over before it is
removed. Every file here is whole or not there, whatever the power does.
"""

import contextlib
from pathlib import Path

from kiosk.durable import make_durable, replace_file, write_over
from kiosk.onboarding.form import MAX_CODE_BYTES

_PROBE = "onboarding.probe"


class KeptCode:
    """The code that is worked on, at `path`; one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> bytes | None:
        """Return the code; None: there is none, or a cut came while it was removed.

        Raises:
            OSError: It cannot be read.
        """
        try:
            with self._path.open("rb") as file:
                raw = file.read(MAX_CODE_BYTES + 1)
        except FileNotFoundError:
            return None
        if raw.strip(b"\0"):
            return raw
        self.discard()
        return None

    def keep(self, raw: bytes) -> None:
        """Put a code in the place of the one before.

        Raises:
            OSError: It could not be written; the one before is still there.
        """
        replace_file(self._path, raw)

    def discard(self) -> None:
        """Remove the code, if there is one.

        Raises:
            OSError: It is still there.
        """
        with contextlib.suppress(FileNotFoundError):
            with self._path.open("r+b") as file:
                write_over(file.fileno())
            self._path.unlink()
            make_durable(self._path.parent)


def probe(folder: Path) -> None:
    """Prove that a folder takes writes.

    Raises:
        OSError: It does not.
    """
    path = folder / _PROBE
    replace_file(path, b"probe")
    path.unlink()
