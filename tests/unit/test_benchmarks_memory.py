"""The memory benchmark: what it counts, and what it calls growth."""

import os

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
    pid = os.getpid()
    before, together_before = held(pid), together_mb([pid])
    block = bytearray(b"x" * (BLOCK_MB << 20))
    after, together = held(pid), together_mb([pid, pid])
    assert after.anonymous_mb - before.anonymous_mb > BLOCK_MB - 1
    assert after.private_mb - before.private_mb > BLOCK_MB - 1
    assert by_mapping(pid)["anonymous"] > BLOCK_MB << 10
    if together is None or together_before is None:
        assert os.geteuid() != 0  # only root is told which page is where
    else:
        assert BLOCK_MB - 1 < together - together_before < 2 * BLOCK_MB
    del block


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
