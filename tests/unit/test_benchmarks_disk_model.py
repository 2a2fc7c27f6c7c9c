"""The modelled disk keeps what was synced, may lose what was not, and the trace is read whole."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.disk_model.disk import (
    EVERYTHING_KEPT,
    NOTHING_KEPT,
    SECTOR_BYTES,
    Disk,
    Drive,
    Name,
    Plan,
    Resize,
    Step,
    Sync,
    SyncFolder,
    Told,
    Write,
    any_plan,
)
from benchmarks.disk_model.trace import Reader, TraceError

FOLDER = Path("/nowhere/disk")
IN_FOLDER = "".join(f"\\x{byte:02x}" for byte in b"/nowhere/disk")
DATABASE = IN_FOLDER + "".join(f"\\x{byte:02x}" for byte in b"/a.db")
OPENED = f'7 openat(AT_FDCWD, "{DATABASE}", O_RDWR|O_CREAT, 0644) = 3<{DATABASE}>'

DURABLE: tuple[Step, ...] = (Name("a", 1), Write(1, 0, b"o" * 2000), Sync(1), SyncFolder())

writes = st.builds(
    lambda offset, data: Write(1, offset, data),
    st.integers(0, 2000),
    st.binary(min_size=1, max_size=1500),
)


def disk_after(*steps: Step, drive: Drive | None = None) -> Disk:
    disk = Disk(drive)
    for step in steps:
        disk.apply(step)
    return disk


def left(disk: Disk, plan: Plan, seed: int = 1) -> dict[str, bytes]:
    return disk.cut(plan, random.Random(seed))[0]


def written(content: bytes, *changes: Write) -> bytes:
    """Return a file's content after some writes, as a program sees it."""
    whole = bytearray(content)
    for change in changes:
        whole.extend(bytes(max(0, change.offset - len(whole))))
        whole[change.offset : change.offset + len(change.data)] = change.data
    return bytes(whole)


@given(st.lists(writes, max_size=6), st.lists(writes, max_size=6), st.integers())
def test_only_bytes_written_since_the_sync_are_at_risk(
    before: list[Write], since: list[Write], seed: int
) -> None:
    disk = disk_after(*DURABLE, *before, Sync(1), *since)
    durable = written(b"o" * 2000, *before)
    assert left(disk, NOTHING_KEPT) == {"a": durable}
    assert left(disk, EVERYTHING_KEPT) == {"a": written(durable, *since)}

    at_risk = {place for w in since for place in range(w.offset, w.offset + len(w.data))}
    content = left(disk, any_plan(random.Random(seed)), seed)["a"]
    assert len(content) >= len(durable)
    for place, byte in enumerate(durable):
        assert byte == content[place] or place in at_risk


@given(st.lists(writes, min_size=1, max_size=6), st.integers())
def test_without_tearing_each_sector_is_one_that_was_there(since: list[Write], seed: int) -> None:
    content = left(disk_after(*DURABLE, *since), Plan(0.5, 0.0, garbage=False), seed)["a"]
    states = [written(b"o" * 2000, *since[:count]) for count in range(len(since) + 1)]
    for start in range(0, len(content), SECTOR_BYTES):
        part = content[start : start + SECTOR_BYTES]
        # Space that was never written is zeros, wherever the file ends.
        assert any(
            state[start : start + len(part)].ljust(len(part), b"\0") == part for state in states
        )


def test_a_cut_gives_many_disks_and_the_same_seed_the_same() -> None:
    disk = disk_after(*DURABLE, Write(1, 0, b"n" * 2000))
    plan = Plan(0.5, 0.5, garbage=False)
    disks = {left(disk, plan, seed)["a"] for seed in range(100)}
    assert len(disks) > 50
    assert left(disk, plan, 5) == left(disk, plan, 5)
    assert disk.cut(plan, random.Random(5))[1] == disk.cut(plan, random.Random(5))[1]


def test_a_torn_sector_garbles_what_was_being_written_or_more_on_a_worse_drive() -> None:
    torn = Plan(0.01, 1.0, garbage=True)
    since = Write(1, 600, b"n" * 100)
    usual = [left(disk_after(*DURABLE, since), torn, seed)["a"] for seed in range(20)]
    assert all(c[:600] + c[700:2000] == b"o" * 1900 for c in usual)
    assert any(set(c[600:700]) - {*b"on"} for c in usual)

    for size_bytes, first in ((512, 512), (4096, 0)):
        worse = disk_after(*DURABLE, since, drive=Drive(garbled_bytes=size_bytes))
        contents = [left(worse, torn, seed)["a"] for seed in range(20)]
        assert any(c[first:600] != b"o" * (600 - first) for c in contents)
        assert all(c[:first] == b"o" * first for c in contents)


def test_a_name_lasts_from_a_sync_of_the_folder_on() -> None:
    fresh = disk_after(Name("a", 1), Write(1, 0, b"x"), Sync(1))
    assert left(fresh, NOTHING_KEPT) == {}
    assert left(fresh, EVERYTHING_KEPT) == {"a": b"x"}
    fresh.apply(SyncFolder())
    assert left(fresh, NOTHING_KEPT) == {"a": b"x"}
    fresh.apply(Name("a", None))
    assert left(fresh, NOTHING_KEPT) == {"a": b"x"}
    assert left(fresh, EVERYTHING_KEPT) == {}


def test_cutting_a_file_short_happens_as_a_whole_or_not_at_all() -> None:
    disk = disk_after(*DURABLE, Resize(1, 0), Write(1, 0, b"n" * 600))
    plan = Plan(0.5, 0.0, garbage=False)
    contents = {left(disk, plan, seed)["a"] for seed in range(60)}
    assert b"o" * 2000 in contents
    assert b"n" * 600 in contents
    assert not any({*b"on"} <= set(content) for content in contents)


def test_a_drive_that_lies_keeps_nothing_for_sure() -> None:
    disk = disk_after(*DURABLE, drive=Drive(flushes=False))
    assert disk.dirty
    assert left(disk, NOTHING_KEPT) == {}
    assert not disk_after(*DURABLE).dirty


def steps(*lines: str) -> list[Step]:
    return list(Reader(FOLDER, {}).steps(lines))


def test_a_trace_is_read_in_its_order() -> None:
    assert steps(
        "7 execve(...) = 0",
        OPENED,
        f'7 pwrite64(3<{DATABASE}>, "\\x61\\x62", 2, 4096) = 2',
        f"7 ftruncate(3<{DATABASE}>, 512) = 0",
        f"7 fdatasync(3<{DATABASE}>) = 0",
        '7 write(1</dev/null>, "\\x7b\\x7d", 2) = 2',
        f'7 openat(AT_FDCWD, "{IN_FOLDER}", O_RDONLY) = 4<{IN_FOLDER}>',
        f"7 fsync(4<{IN_FOLDER}>) = 0",
        f'7 unlink("{DATABASE}") = 0',
        "7 +++ exited with 0 +++",
    ) == [
        Name("a.db", 1),
        Write(1, 4096, b"ab"),
        Resize(1, 512),
        Sync(1),
        Told(b"{}"),
        SyncFolder(),
        Name("a.db", None),
    ]


def test_what_failed_or_was_cut_off_by_a_kill_did_not_happen() -> None:
    assert steps(
        f'7 mkdir("{IN_FOLDER}", 0777) = -1 EEXIST (File exists)',
        OPENED,
        f"7 fdatasync(3<{DATABASE}>) = ?",
        "7 +++ killed by SIGKILL +++",
    ) == [Name("a.db", 1)]


def test_sqlite_s_shared_memory_is_never_durable() -> None:
    shared = DATABASE + "".join(f"\\x{byte:02x}" for byte in b"-shm")
    assert (
        steps(
            f'7 openat(AT_FDCWD, "{shared}", O_RDWR|O_CREAT, 0644) = 5<{shared}>',
            f'7 pwrite64(5<{shared}>, "\\x00", 1, 4095) = 1',
            f"7 mmap(NULL, 32768, PROT_READ|PROT_WRITE, MAP_SHARED, 5<{shared}>, 0) = 0x7f00",
            f"7 fdatasync(5<{shared}>) = 0",
            f'7 unlink("{shared}") = 0',
        )
        == []
    )


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (f'7 link("{DATABASE}", "{DATABASE}") = 0', "link"),
        (f'7 rename("{IN_FOLDER}\\x2f\\x62", "{DATABASE}") = 0', "comes from elsewhere"),
        (f'7 rename("{DATABASE}", "{DATABASE}\\x2f\\x62") = 0', "goes there"),
        (f'7 write(3<{DATABASE}>, "\\x61", 1) = 1', "write"),
        (f'7 pwrite64(9<{DATABASE}>, "\\x61", 1, 0) = 1', "not seen"),
        (f'8 pwrite64(3<{DATABASE}>, "\\x61", 1, 0) = 1', "not seen"),
        (f'7 pwrite64(3<{DATABASE}>, "\\x61"..., 4096, 0) = 4096', "not all in the trace"),
        (f"7 mmap(0, 1, PROT_READ|PROT_WRITE, MAP_SHARED, 3<{DATABASE}>, 0) = 0x7", "memory"),
        (f'7 openat(AT_FDCWD, "{DATABASE}\\x2f\\x62", O_RDWR) = 4<{DATABASE}>', "directly"),
    ],
)
def test_what_the_model_does_not_know_is_refused(line: str, told: str) -> None:
    with pytest.raises(TraceError, match=told):
        steps(OPENED, line)


def test_a_renamed_file_is_another_name_for_the_same_bytes() -> None:
    other = IN_FOLDER + "".join(f"\\x{byte:02x}" for byte in b"/b.db")
    assert steps(
        OPENED,
        f'7 renameat2(AT_FDCWD, "{DATABASE}", AT_FDCWD, "{other}", 0) = 0',
        f"7 fsync(3<{other}>) = 0",
    ) == [Name("a.db", 1), Name("b.db", 1), Name("a.db", None), Sync(1)]


def test_a_call_that_another_process_interrupted_happens_where_it_returns() -> None:
    interrupted = [
        f"7 fdatasync(3<{DATABASE}> <unfinished ...>",
        "8 close(5</dev/null>) = 0",
        "7 <... fdatasync resumed>) = 0",
    ]
    assert steps(OPENED, *interrupted) == [Name("a.db", 1), Sync(1)]
    with pytest.raises(TraceError, match="two threads"):
        steps(OPENED, interrupted[0], f"8 fsync(3<{DATABASE}>) = 0", interrupted[2])
    with pytest.raises(TraceError, match="two threads"):
        steps(OPENED, interrupted[0], '8 write(1</dev/null>, "\\x7b", 1) = 1', interrupted[2])


def test_a_closed_descriptor_is_forgotten() -> None:
    with pytest.raises(TraceError, match="not seen"):
        steps(OPENED, f"7 close(3<{DATABASE}>) = 0", f"7 fsync(3<{DATABASE}>) = 0")
