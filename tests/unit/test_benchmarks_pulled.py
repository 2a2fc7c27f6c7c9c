"""A green is marked once it was seen and named, and a cut leaves what a disk's cache may hold."""

import random
import struct
from collections.abc import Iterable
from pathlib import Path

import pytest

from benchmarks.pulled.cutting import Replay, durable, torn, under_way
from benchmarks.pulled.disks import copy_sparse, make_empty
from benchmarks.pulled.guest import Witness
from benchmarks.pulled.lamp import Change
from benchmarks.pulled.plan import GREEN, mark_of
from benchmarks.pulled.write_log import Entry, LogError, read_log

EPOCH = "0123456789abcdef"
SECTOR = 512
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8


def event_id(number: int, epoch: str = EPOCH) -> str:
    return f"{epoch}:{number}"


def scan(signal: str, number: int) -> dict[str, str]:
    return {"event": "scan", "signal": signal, "event_id": event_id(number)}


def marked(said: Iterable[Change | dict[str, str]]) -> list[str]:
    """Return what a witness has marked when it has heard all of this, in this order."""
    marks: list[str] = []
    witness = Witness(marks.append)
    for one in said:
        witness.changed(one, 0.0) if isinstance(one, Change) else witness.heard(one)
    witness.begin()
    return marks


def test_a_green_is_marked_once_it_was_seen_and_named() -> None:
    accepted = scan("accepted", 2)
    assert marked([accepted, Change.LIT]) == [mark_of(GREEN, event_id(2))]
    assert marked([Change.LIT, accepted]) == [mark_of(GREEN, event_id(2))]
    assert marked([accepted]) == []
    assert marked([Change.LIT]) == []
    assert marked([accepted, Change.DARK]) == []


def test_greens_and_scans_are_paired_in_order() -> None:
    said: list[Change | dict[str, str]] = [
        *(scan("accepted", 1), Change.LIT, scan("not-a-card", 2), Change.DARK),
        *(scan("already-recorded", 1), Change.LIT, Change.DARK),
        *(Change.LIT, scan("accepted", 3), Change.DARK, scan("rejected", 4), scan("accepted", 5)),
    ]
    assert marked(said) == [mark_of(GREEN, event_id(1)), mark_of(GREEN, event_id(3))]


def test_what_a_killed_kiosk_left_is_not_the_next_ones() -> None:
    marks: list[str] = []
    witness = Witness(marks.append)
    witness.heard(scan("accepted", 1))
    witness.begin()
    witness.changed(Change.LIT, 0.0)
    witness.begin()
    assert marks == []
    assert (witness.rises, witness.scans, witness.marks) == (1, 1, 0)


def log_of(*entries: tuple[int, int, bytes]) -> bytes:
    """Return a log as the kernel lays it out; an entry is its sector, its flags and its data."""
    blocks = [struct.pack("<QQQI", 0x6A736677736872, 1, len(entries), SECTOR)]
    for sector, flags, data in entries:
        said = data if flags & MARK else b""
        sectors = 0 if flags & MARK else len(data) // SECTOR
        blocks += [struct.pack("<QQQQ", sector, sectors, flags, len(said)) + said]
        blocks += [] if flags & MARK else [data]
    padded = (block.ljust(-(-len(block) // SECTOR) * SECTOR, b"\0") for block in blocks)
    return b"".join(padded)


def test_a_log_is_read_as_the_kernel_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(
        log_of((8, 0, b"a" * 1024), (0, FLUSH, b""), (9, FUA, b"b" * SECTOR), (0, MARK, b"green:x"))
    )
    assert read_log(path) == [
        Entry(8 * SECTOR, b"a" * 1024),
        Entry(flushes=True),
        Entry(9 * SECTOR, b"b" * SECTOR, is_forced=True),
        Entry(mark="green:x"),
    ]


def test_a_log_that_cannot_be_replayed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log"
    whole = log_of((8, 0, b"a" * SECTOR), (0, FLUSH, b""))
    for content, why in (
        (b"x" * SECTOR, "no log"),
        (whole[:-SECTOR], "ends early"),
        (log_of((8, DISCARD, b"")), "discards"),
    ):
        path.write_bytes(content)
        with pytest.raises(LogError, match=why):
            read_log(path)


def write(sector: int, fill: bytes, sectors: int = 1) -> Entry:
    return Entry(sector * SECTOR, fill * SECTOR * sectors)


FLUSHED = Entry(flushes=True)
FORCED = Entry(0, b"f" * SECTOR, is_forced=True)
SHOWN = Entry(mark=mark_of(GREEN, event_id(2)))
A, B, C = write(1, b"a"), write(2, b"b"), write(3, b"c", 4)


def test_what_is_under_way_is_all_up_to_the_next_flush() -> None:
    log = [A, B, FLUSHED, SHOWN, C, FLUSHED, FORCED, SHOWN, A]
    way = [under_way(log, place) for place in range(len(log) + 1)]
    assert way[:3] == [[A, B]] * 3
    # The mark stands behind its flush: what was written since may have been given to the disk.
    assert way[3:6] == [[C]] * 3
    assert way[6] == [FORCED]
    assert way[7:] == [[A]] * 3
    assert [durable(log, place) for place in range(len(log) + 1)] == [0, 0, 0, 3, 4, 4, 6, 7, 8, 8]


def test_what_was_flushed_is_on_every_disk_and_the_rest_on_some(tmp_path: Path) -> None:
    base = make_empty(tmp_path / "base", 1)
    log = [A, FLUSHED, SHOWN, B, C, FLUSHED]
    seen = set()
    for throw in range(200):
        Replay(log, base, tmp_path).cut(3, random.Random(throw), tmp_path / "cut")
        disk = (tmp_path / "cut").read_bytes()
        assert disk[SECTOR : 2 * SECTOR] == A.data
        assert len(disk) == 1 << 20
        seen.add(disk[2 * SECTOR : 7 * SECTOR])
        assert not disk[7 * SECTOR :].strip(b"\0")
    assert bytes(5 * SECTOR) in seen
    assert B.data + C.data in seen
    # The last was torn: some of its sectors are there.
    parts = {rest[SECTOR:].replace(b"\0", b"") for rest in seen}
    assert {len(part) // SECTOR for part in parts} >= {0, 1, 2, 3, 4}


def test_a_log_is_played_forwards_to_its_end(tmp_path: Path) -> None:
    base = make_empty(tmp_path / "base", 1)
    replay = Replay([A, FLUSHED, FORCED], base, tmp_path)
    replay.cut(3, random.Random(1), tmp_path / "cut")
    assert (tmp_path / "cut").read_bytes()[: 2 * SECTOR] == FORCED.data + A.data
    with pytest.raises(ValueError, match="forwards"):
        replay.cut(0, random.Random(1), tmp_path / "cut")


def test_the_same_dice_tear_the_same() -> None:
    assert torn([A, B, C], random.Random(7)) == torn([A, B, C], random.Random(7))


def test_a_copy_keeps_content_and_size_and_takes_no_room(tmp_path: Path) -> None:
    disk = make_empty(tmp_path / "disk", 8)
    with disk.open("r+b") as file:
        file.seek(3 << 20)
        file.write(b"x" * 5000)
    copy_sparse(disk, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == disk.read_bytes()
    assert (tmp_path / "copy").stat().st_blocks < 1024
