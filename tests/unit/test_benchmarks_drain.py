"""The drain benchmark's own sums, and a run of it that is small."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import drain
from tests.parts.broker import program

SEEN = drain.Drained(2000, 1000, (1.0, 1.0), (0.6, 0.6), 10.0, 10.0)


def test_the_ratio_is_our_rate_over_the_peers() -> None:
    assert SEEN.ratio == pytest.approx(0.6)
    assert SEEN.kept
    assert "2000" not in SEEN.lines()[0]
    assert "1000" in SEEN.lines()[0]


@pytest.mark.parametrize(
    "seen",
    [
        replace(SEEN, paho_s=(0.4, 0.5)),
        replace(SEEN, seen_hz=12.0),
        replace(SEEN, seen_hz=8.0),
    ],
)
def test_too_slow_and_a_word_that_does_not_hold_are_failures(seen: drain.Drained) -> None:
    assert not seen.kept


def test_a_small_run_counts_every_event(tmp_path: Path) -> None:
    if program() is None:
        pytest.skip("mosquitto is not installed")
    seen = drain.run(tmp_path, 200, told_s=1.0)
    assert seen.events == 200
    assert len(seen.ours_s) == len(seen.paho_s) == drain.TURNS
    assert seen.seen_hz > 0
