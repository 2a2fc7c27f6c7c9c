"""The lists and the drain rate on the disk: one file each, replaced as a whole or not at all.

A list is written to a draft beside its file, made durable, and renamed; so a power cut at any
moment leaves the old one or the new one. Beside it stands the highest version that was
ever taken, so that an old list cannot come back when a damaged one was set aside.

A file: 8 bytes that name the layout, the manifest's length (4 bytes), the manifest, the length of
each of 256 shards (4 bytes each, 0: none), then the shards. Numbers are big-endian. The file of the
drain rate is the signed rate and nothing else.
"""

import contextlib
import fcntl
import os
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kiosk.durable import make_durable
from kiosk.errors import ListError
from kiosk.lists import shards
from kiosk.lists.drain import MAX_BYTES as MAX_RATE_BYTES
from kiosk.lists.form import (
    DRAIN,
    MAX_MANIFEST_BYTES,
    MAX_SHARD_BYTES,
    MAX_SHARDS,
    ListName,
    site_of,
)
from kiosk.lists.manifest import Manifest, read
from kiosk.lists.shards import SignedList
from kiosk.lists.signed import Untrusted
from kiosk.payloads.parts.trust import Context

MAGIC = b"DKLIST1\n"
_LENGTH = struct.Struct(">I")
_LENGTHS = struct.Struct(f">{MAX_SHARDS}I")
_HIGHEST_BYTES = 32
_WRITE_BYTES = 1 << 18


class Unusable(ListError):  # noqa: N818 - names a state of the world, as the taxonomy does
    """A file is there and is not the list that was written."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """Tells one file of a list from the one that replaced it."""

    inode: int
    modified_ns: int


class Store:
    """The folder of the lists. Each call is whole by itself; one thread at a time.

    A list that is for one site has its name before its own: a kiosk that moves to another site
    begins without, and with versions of its own.
    """

    def __init__(self, folder: Path, site: str) -> None:
        self.folder = folder
        self._site = site

    def path(self, name: str) -> Path:
        """Return the file of a list, or of the drain rate."""
        return self._beside(name, "list")

    def stamp(self, name: str) -> Stamp | None:
        """Return what changes when another process replaces the list; None: there is none."""
        try:
            found = self.path(name).stat()
        except OSError:
            return None
        return Stamp(found.st_ino, found.st_mtime_ns)

    def load(self, name: ListName, signers: Context) -> SignedList | None:
        """Return the list on the disk, verified again; None: there is none.

        Raises:
            Unusable: The file is damaged.
            ListError: It cannot be read, or is signed by somebody else than `signers`.
        """
        try:
            with self.path(name).open("rb") as file:
                return _read(file.fileno(), name, signers)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ListError(f"{self.path(name)}: cannot be read: {error.strerror}") from error

    def highest(self, name: str) -> int:
        """Return the highest version that was ever taken; 0: none is known.

        Raises:
            ListError: It cannot be read.
        """
        try:
            with self._highest_path(name).open("rb") as file:
                text = file.read(_HIGHEST_BYTES)
        except FileNotFoundError:
            return 0
        except OSError as error:
            why = f"{self._highest_path(name)}: cannot be read: {error.strerror}"
            raise ListError(why) from error
        if not text.isdigit():
            # Refusing every list from now on would protect nobody.
            return 0
        return int(text)

    def save(self, held: SignedList) -> None:
        """Make a list the one on the disk; it is durable when this returns.

        Raises:
            ListError: It cannot be written, or another process took a newer one meanwhile.
        """
        self._put(held.manifest.name, held.manifest.version, _layout(held))

    def load_rate(self) -> bytes | None:
        """Return the signed drain rate on the disk, verified by nobody; None: there is none.

        Raises:
            ListError: It cannot be read.
        """
        try:
            with self.path(DRAIN).open("rb") as file:
                return file.read(MAX_RATE_BYTES + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ListError(f"{self.path(DRAIN)}: cannot be read: {error.strerror}") from error

    def save_rate(self, version: int, raw: bytes) -> None:
        """Make a signed drain rate the one on the disk, as a list.

        Raises:
            ListError: It cannot be written, or another process took a newer one meanwhile.
        """
        self._put(DRAIN, version, [raw])

    def _put(self, name: str, version: int, parts: Iterable[bytes]) -> None:
        try:
            with self._locked() as folder:
                highest = self.highest(name)
                if version < highest:
                    raise ListError(f"version {version} is below {highest}, which was taken before")
                # The version first: what was taken once is remembered, whatever is cut off here.
                self._replace(self._highest_path(name), [str(version).encode()], folder)
                self._replace(self.path(name), parts, folder)
        except OSError as error:
            why = error.strerror or "unknown reason"
            raise ListError(f"{self.path(name)}: cannot be written: {why}") from error

    def set_aside(self, name: str) -> Path:
        """Rename a damaged file; of one list only the last is kept, so that no disk fills up.

        Raises:
            ListError: It cannot be renamed.
        """
        aside = self._beside(name, "damaged")
        try:
            with self._locked() as folder:
                self.path(name).rename(aside)
                os.fsync(folder)
        except OSError as error:
            why = f"{self.path(name)}: cannot be set aside: {error.strerror}"
            raise ListError(why) from error
        return aside

    def _highest_path(self, name: str) -> Path:
        return self._beside(name, "highest")

    def _beside(self, name: str, end: str) -> Path:
        site = site_of(name, self._site)
        return self.folder / (f"{name}.{end}" if site is None else f"{site}.{name}.{end}")

    @contextlib.contextmanager
    def _locked(self) -> Iterator[int]:
        """Keep other processes from writing here, and give the folder's descriptor."""
        if not self.folder.is_dir():
            self.folder.mkdir(mode=0o750, parents=True, exist_ok=True)
            _give(self.folder, self.folder.parent)
            make_durable(self.folder.parent)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield folder
        finally:
            os.close(folder)

    def _replace(self, path: Path, parts: Iterable[bytes], folder: int) -> None:
        draft = path.with_name(f"{path.name}.draft")
        # A draft that a cut has left holds space, and nobody asks for it.
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
        try:
            _give(descriptor, folder)
            _write(descriptor, parts)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        draft.rename(path)
        os.fsync(folder)


def _give(made: int | Path, folder: int | Path) -> None:
    """Let what root has made belong to whoever owns the folder, so that the kiosk can read it."""
    if os.geteuid() == 0:
        owner = os.stat(folder)  # noqa: PTH116 - a folder that is open has no Path
        os.chown(made, owner.st_uid, owner.st_gid)


def _write(descriptor: int, parts: Iterable[bytes]) -> None:
    """Write parts one behind the other, few at a time: a list must not be in memory twice."""
    at, waiting = 0, bytearray()
    for part in parts:
        waiting += part
        if len(waiting) >= _WRITE_BYTES:
            at = _write_all(descriptor, waiting, at)
            waiting.clear()
    _write_all(descriptor, waiting, at)


def _write_all(descriptor: int, content: bytearray, at: int) -> int:
    """Write all of it from `at` on, and return where it ends."""
    done = 0
    while done < len(content):
        done += os.pwrite(descriptor, bytes(content[done:]), at + done)
    return at + done


def _layout(held: SignedList) -> Iterator[bytes]:
    lengths = [len(held.shards.get(first, b"")) for first in range(MAX_SHARDS)]
    yield from (MAGIC, _LENGTH.pack(len(held.raw)), held.raw, _LENGTHS.pack(*lengths))
    yield from (held.shards[first] for first in sorted(held.shards))


def _read(file: int, name: ListName, signers: Context) -> SignedList:
    """Return the list in a file; no length in it is believed before it was looked at."""
    head = _exactly(file, len(MAGIC) + _LENGTH.size, 0)
    if not head.startswith(MAGIC):
        raise Unusable("the file is damaged: it does not begin as one")
    (length,) = _LENGTH.unpack_from(head, len(MAGIC))
    if length > MAX_MANIFEST_BYTES:
        raise Unusable("the file is damaged: its manifest is too long")
    at = len(head)
    raw = _exactly(file, length, at)
    try:
        manifest = read(raw, signers)
    except Untrusted:
        # Nothing is wrong with the file: whoever set the signers may set them otherwise.
        raise
    except ListError as error:
        raise Unusable(f"the file is damaged: {error}") from None
    if manifest.name is not name:
        raise Unusable("the file holds another list")
    at += length
    lengths = _LENGTHS.unpack(_exactly(file, _LENGTHS.size, at))
    return _shards(file, manifest, raw, lengths, at + _LENGTHS.size)


def _shards(
    file: int, manifest: Manifest, raw: bytes, lengths: tuple[int, ...], at: int
) -> SignedList:
    held: dict[int, bytes] = {}
    for first, length in enumerate(lengths):
        if length > MAX_SHARD_BYTES:
            raise Unusable(f"the file is damaged: shard {first:02x} is too long")
        if length:
            held[first] = _exactly(file, length, at)
            at += length
    try:
        # Their order was checked when they were taken, and the digest says that they are the same.
        for first, body in held.items():
            shards.check_digest(manifest, first, body)
        return shards.whole(manifest, raw, held)
    except ListError as error:
        raise Unusable(f"the file is damaged: {error}") from None


def _exactly(file: int, length: int, at: int) -> bytes:
    found = os.pread(file, length, at)
    if len(found) != length:
        raise Unusable("the file is damaged: it is cut off")
    return found
