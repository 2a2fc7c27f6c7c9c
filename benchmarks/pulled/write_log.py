"""The log of a disk's writes, as dm-log-writes leaves it on another disk.

A write stands in it once it was flushed, before its flush, in one run; one that was forced to the
medium by itself (FUA) stands there when it was; a mark stands behind all that was durable when it
was made. Source: Documentation/admin-guide/device-mapper/log-writes.rst.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

SECTOR_BYTES = 512
_FLUSH, _FUA, _DISCARD, _MARK = 1, 2, 4, 8
_MAGIC, _VERSION = 0x6A736677736872, 1
_HEAD = struct.Struct("<QQQI")
_ENTRY = struct.Struct("<QQQQ")


class LogError(Exception):
    """The log cannot be read."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that the disk was asked for, or a mark; `offset_bytes` is where `data` goes."""

    offset_bytes: int = 0
    data: bytes = b""
    flushes: bool = False
    is_forced: bool = False
    mark: str | None = None


def read_log(path: Path) -> list[Entry]:
    """Return what is in a log, in its order.

    Raises:
        LogError: It is none, or was cut short.
    """
    entries: list[Entry] = []
    with path.open("rb") as file:
        magic, version, count, sector_bytes = _HEAD.unpack(file.read(_HEAD.size))
        if (magic, version, sector_bytes) != (_MAGIC, _VERSION, SECTOR_BYTES):
            raise LogError("this is no log of a disk's writes")
        file.seek(sector_bytes)
        for _ in range(count):
            block = file.read(sector_bytes)
            if len(block) < sector_bytes:
                raise LogError("the log ends early: its disk is too small")
            sector, sectors, flags, said_bytes = _ENTRY.unpack_from(block)
            if flags & _DISCARD:
                raise LogError("the file system discards; the replay does not know that")
            if flags & _MARK:
                said = block[_ENTRY.size : _ENTRY.size + said_bytes]
                entries.append(Entry(mark=said.rstrip(b"\0").decode("ascii")))
                continue
            data = file.read(sectors * sector_bytes)
            entries.append(
                Entry(
                    sector * sector_bytes,
                    data,
                    flushes=bool(flags & _FLUSH),
                    is_forced=bool(flags & _FUA),
                )
            )
    return entries
