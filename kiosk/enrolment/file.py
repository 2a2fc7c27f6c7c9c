"""The file that holds the kiosk's key with its certificate, and the next one until it is proven.

Key and certificate lie in one file, so that one rename changes both. Beside it, `.next` holds the
next key, and its certificate once it came; `.before` the one before, until the new one has
connected. Each step leaves whole files, whatever the power does; `recover` finishes or undoes the
step that was cut.
"""

import contextlib
import os
from pathlib import Path

from kiosk.durable import make_durable
from kiosk.enrolment.keys import Held, Key, held_in, key_in, key_pem, new_key
from kiosk.errors import EnrolmentError

_LARGEST_BYTES = 64_000


class EnrolledFile:
    """One kiosk's files; one thread at a time. What the kiosk connects with is at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._next = path.with_name(f"{path.name}.next")
        self._before = path.with_name(f"{path.name}.before")
        self._draft = path.with_name(f"{path.name}.draft")

    def held(self) -> Held | None:
        """Return what the kiosk connects with; None: it is not enrolled yet.

        Raises:
            EnrolmentError: The file cannot be read or used.
        """
        return self._held_at(self.path)

    def before(self) -> Held | None:
        """Return the one before, while the new one has not connected."""
        with contextlib.suppress(EnrolmentError):
            return self._held_at(self._before)
        return None

    def next(self) -> Held | None:
        """Return the next one, once its certificate came."""
        with contextlib.suppress(EnrolmentError):
            return self._held_at(self._next)
        return None

    def has_next(self) -> bool:
        """Tell whether a next key is there, with its certificate or without.

        Raises:
            EnrolmentError: It cannot be read.
        """
        return self._read(self._next) is not None

    def next_key(self) -> Key:
        """Return the key to ask with: made once, on the disk before anybody hears of it.

        A request whose answer was lost is so repeated with the same key, and gets the same answer.

        Raises:
            EnrolmentError: It cannot be written.
        """
        raw = self._read(self._next)
        if raw is not None:
            with contextlib.suppress(EnrolmentError):
                return key_in(raw)
        key = new_key()
        self._replace(self._next, key_pem(key))
        return key

    def certify(self, held: Held) -> None:
        """Keep the certificate that came for the next key.

        Raises:
            EnrolmentError: It cannot be written.
        """
        self._replace(self._next, held.pem())

    def swap(self) -> None:
        """Connect with the next one from now on; keep the one before.

        Raises:
            EnrolmentError: It cannot be written, or no next one is there.
        """
        if self.next() is None:
            raise EnrolmentError(f"{self._next}: holds no certificate to connect with")
        present = self._read(self.path)
        if present is not None:
            self._replace(self._before, present)
        self._rename(self._next, self.path)

    def prove(self) -> None:
        """Forget the one before: the new one has connected.

        Raises:
            EnrolmentError: It cannot be removed.
        """
        self._remove(self._before)

    def roll_back(self) -> None:
        """Connect with the one before again; the new one becomes the next.

        Raises:
            EnrolmentError: It cannot be written.
        """
        present = self._read(self.path)
        if present is not None:
            self._replace(self._next, present)
        self._rename(self._before, self.path)

    def recover(self) -> None:
        """Put in order what a cut has left; called at the start.

        Raises:
            EnrolmentError: It cannot be written.
        """
        self._remove(self._draft)
        present, before = self._read(self.path), self._read(self._before)
        if before is not None and before == present:
            self._remove(self._before)
        elif before is not None and not self._usable(self.path):
            self._rename(self._before, self.path)
        if present is not None and present == self._read(self._next):
            self._remove(self._next)

    def _usable(self, path: Path) -> bool:
        try:
            return self._held_at(path) is not None
        except EnrolmentError:
            return False

    def _held_at(self, path: Path) -> Held | None:
        raw = self._read(path)
        if raw is None:
            return None
        try:
            return held_in(raw)
        except EnrolmentError as error:
            raise EnrolmentError(f"{path}: {error}") from None

    def _read(self, path: Path) -> bytes | None:
        try:
            with path.open("rb") as file:
                return file.read(_LARGEST_BYTES)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise EnrolmentError(f"{path}: cannot be read: {error.strerror}") from error

    def _replace(self, path: Path, content: bytes) -> None:
        """Make `content` the file at `path`: all of it, or what was there."""
        try:
            self._draft.unlink(missing_ok=True)
            target = os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(target, "wb") as out:
                self._give(target)
                out.write(content)
                out.flush()
                os.fsync(target)
        except OSError as error:
            raise EnrolmentError(f"{path}: cannot be written: {error.strerror}") from error
        self._rename(self._draft, path)

    def _give(self, target: int) -> None:
        """Let what root has made belong to whoever owns the folder: the kiosk renews it."""
        if os.geteuid() == 0:
            owner = self.path.parent.stat()
            os.chown(target, owner.st_uid, owner.st_gid)

    def _rename(self, source: Path, target: Path) -> None:
        try:
            source.replace(target)
            self._durable()
        except OSError as error:
            raise EnrolmentError(f"{target}: cannot be replaced: {error.strerror}") from error

    def _remove(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
            self._durable()
        except OSError as error:
            raise EnrolmentError(f"{path}: cannot be removed: {error.strerror}") from error

    def _durable(self) -> None:
        """Wait until the disk holds the folder's names."""
        make_durable(self.path.parent)
