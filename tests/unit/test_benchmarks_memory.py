"""The memory benchmark: what it counts, and what it calls growth."""

import os
import subprocess
import sys

import pytest

from benchmarks.mappings import by_mapping, held, together_mb
from benchmarks.memory import MOST_MB, Run, Sample

BLOCK_MB = 16


def at(minute: int, anonymous_mb: float, together_mb: float = 90.0) -> Sample:
    when = f"minute {minute}" if minute else "after the start"
    half = anonymous_mb / 2
    return Sample(
        when,
        60.0 * minute,
        30 * minute,
        kiosk_pss_mb=half,
        kiosk_private_mb=half,
        eye_pss_mb=half,
        eye_private_mb=half,
        anonymous_mb=anonymous_mb,
        together_mb=together_mb,
    )


def test_what_is_written_to_is_counted_and_counted_once() -> None:
    # A process of its own, which does nothing while it is looked at: this one is at work.
    program = (
        "print(flush=True); input()\n"
        f"block = bytearray(b'x') * {BLOCK_MB << 20}\n"
        "print(flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        pid = process.pid
        assert process.stdout.readline()
        before, together_before = held(pid), together_mb([pid])
        process.stdin.write(b"\n")
        process.stdin.flush()
        assert process.stdout.readline()
        after, together, twice = held(pid), together_mb([pid]), together_mb([pid, pid])
        pages = by_mapping(pid)
        process.communicate(b"\n")
    block_mb = pytest.approx(BLOCK_MB, abs=1)  # the interpreter takes some pages for itself
    assert after.anonymous_mb - before.anonymous_mb == block_mb
    # Not by its growth: other Pythons come, and share pages of the same files with this one.
    assert after.private_mb > BLOCK_MB
    assert pages["anonymous"] > BLOCK_MB << 10
    if together is None or together_before is None:
        assert os.geteuid() != 0  # only root is told which page is where
    else:
        assert together - together_before == block_mb
        assert twice == together


def test_growth_is_what_no_file_holds_since_it_was_warm() -> None:
    warming = [at(0, 40), at(1, 50), at(2, 55), at(3, 57)]
    level = Run([*warming, *(at(minute, 57) for minute in range(4, 20))])
    assert (level.slope_mb_an_hour, level.kept) == (0, True)
    leaking = Run([*warming, *(at(minute, 57 + minute / 20) for minute in range(4, 20))])
    assert leaking.slope_mb_an_hour is not None
    assert round(leaking.slope_mb_an_hour, 6) == 3
    assert not leaking.kept
    # Files that other programs read, too, come and go.
    files = Run([*warming, *(at(minute, 57, 90 + minute) for minute in range(4, 20))])
    assert (files.slope_mb_an_hour, files.kept) == (0, True)


def test_a_short_run_tells_no_growth_and_too_much_is_too_much() -> None:
    short = Run([at(0, 40), at(1, 50), at(2, 55)])
    assert (short.slope_mb_an_hour, short.kept) == (None, True)
    assert not Run([at(0, 40, MOST_MB + 0.1)]).kept
