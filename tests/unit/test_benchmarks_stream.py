"""Cards in real time: which frames a slow reader misses, and when it is told to have read."""

from collections.abc import Callable

import pytest

from benchmarks.scenes.sequences import FPS, IDLE_FRAMES
from benchmarks.stream import Watched, watch

CARD = b"card"


def reader(
    first: int, cpu_s: float, asked: list[int]
) -> Callable[[int], tuple[list[bytes], float]]:
    """Return who reads the card from frame `first` on, and notes which frames were shown."""

    def see(number: int) -> tuple[list[bytes], float]:
        asked.append(number)
        return ([CARD] if number >= first else []), cpu_s

    return see


def test_a_fast_reader_sees_every_frame_and_is_told_the_time_it_took() -> None:
    asked: list[int] = []
    went = watch(36, CARD, reader(IDLE_FRAMES + 3, 0.002, asked), 1.0)
    assert asked == list(range(IDLE_FRAMES + 4))
    assert went == Watched(pytest.approx(3 / FPS + 0.002), 0, 0)  # type: ignore[arg-type]


def test_a_slow_reader_takes_the_newest_frame_and_misses_those_between() -> None:
    asked: list[int] = []
    went = watch(36, CARD, reader(IDLE_FRAMES + 4, 0.05, asked), 2.0)
    # 100 ms a frame at 30 frames a second: every third one.
    assert asked == [0, 3, 6, 9, 12]
    assert went.dropped == 4
    assert went.after_s == pytest.approx(0.5 - IDLE_FRAMES / FPS)


def test_frames_missed_before_the_card_came_do_not_count() -> None:
    went = watch(IDLE_FRAMES + 1, CARD, reader(0, 0.01, []), 1.0)
    assert went.dropped == 0


@pytest.mark.parametrize("slowdown", [1.0, 4.0, 40.0])
def test_a_card_that_is_never_read_has_no_time_and_the_watch_ends(slowdown: float) -> None:
    asked: list[int] = []
    went = watch(36, CARD, reader(99, 0.05, asked), slowdown)
    assert went.after_s is None
    assert asked == sorted(set(asked))
    assert asked[-1] < 36


def test_a_slower_machine_is_never_sooner() -> None:
    times = [watch(36, CARD, reader(9, 0.02, []), slow).after_s for slow in (1.0, 2.5, 4.0, 10.0)]
    assert all(time is not None for time in times)
    assert times == sorted(times, key=lambda time: time or 0)


def test_a_text_that_no_card_held_is_false() -> None:
    went = watch(10, CARD, lambda _: ([b"something else"], 0.001), 1.0)
    assert went.after_s is None
    assert went.false == 10
