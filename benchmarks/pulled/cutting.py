"""The disk that a cut leaves: what was flushed, and of the rest what a cache had got to.

`Replay` plays a log up to a place; `torn` lets what was under way there be kept, dropped or torn,
each sector of a torn write by itself.
"""

import os
import random
from collections.abc import Sequence
from pathlib import Path

from benchmarks.pulled.disks import copy_sparse
from benchmarks.pulled.write_log import SECTOR_BYTES, Entry

_TORN = 0.1
"""Part of the writes under way of which some sectors are new and some are old."""
_KEPT = (0.0, 0.1, 0.5, 0.9, 1.0)
"""One of these parts of the rest was already on the medium."""


def under_way(entries: Sequence[Entry], place: int) -> list[Entry]:
    """Return what the disk had been given and not flushed before entry `place`, oldest first.

    A log shows writes only with their flush, so what stands before the next one may have been given
    to the disk by then. What is forced stands alone: whoever wrote it waited for it.
    """
    begin = place
    while begin and _is_cached(entries[begin - 1]):
        begin -= 1
    end = place
    while end < len(entries) and entries[end].mark is not None and end == begin:
        begin = end = end + 1
    if begin < len(entries) and entries[begin].is_forced:
        return [entries[begin]]
    while end < len(entries) and _is_cached(entries[end]):
        end += 1
    return list(entries[begin:end])


def durable(entries: Sequence[Entry], place: int) -> int:
    """Return how many entries were durable before entry `place`: all of them, up to a flush."""
    while place and _is_cached(entries[place - 1]):
        place -= 1
    return place


def _is_cached(entry: Entry) -> bool:
    return entry.mark is None and not entry.flushes and not entry.is_forced


def torn(writes: Sequence[Entry], dice: random.Random) -> list[tuple[int, bytes]]:
    """Return which bytes of these writes the medium has, and where."""
    kept = dice.choice(_KEPT)
    found: list[tuple[int, bytes]] = []
    for number, write in enumerate(writes):
        # The last one is the likeliest to be under way.
        if dice.random() < (0.5 if number == len(writes) - 1 else _TORN):
            for start in range(0, len(write.data), SECTOR_BYTES):
                if dice.random() < 0.5:
                    sector = write.data[start : start + SECTOR_BYTES]
                    found.append((write.offset_bytes + start, sector))
        elif dice.random() < kept:
            found.append((write.offset_bytes, write.data))
    return found


class Replay:
    """A disk in a file, on which a log is played forwards."""

    def __init__(self, entries: Sequence[Entry], base: Path, folder: Path) -> None:
        self._entries = entries
        self._now = folder / "now.img"
        self._done = 0
        copy_sparse(base, self._now)

    def cut(self, place: int, dice: random.Random, result: Path) -> None:
        """Leave in `result` what a cut before entry `place` leaves; places must not get less.

        Raises:
            ValueError: This place is over.
        """
        upto = durable(self._entries, place)
        if upto < self._done:
            raise ValueError("a log is played forwards only")
        with self._now.open("r+b") as disk:
            for entry in self._entries[self._done : upto]:
                _write(disk.fileno(), entry.offset_bytes, entry.data)
        self._done = upto
        copy_sparse(self._now, result)
        with result.open("r+b") as disk:
            for offset_bytes, data in torn(under_way(self._entries, place), dice):
                _write(disk.fileno(), offset_bytes, data)

    def finish(self, result: Path) -> None:
        """Leave in `result` what the disk holds when nobody cuts anything."""
        self.cut(len(self._entries), random.Random(0), result)  # noqa: S311 - nothing is under way


def _write(disk: int, offset_bytes: int, data: bytes) -> None:
    if data:
        os.pwrite(disk, data, offset_bytes)
