"""Signals differ for those who see no colours, hear nothing, or see nothing."""

from itertools import combinations, groupby

import pytest

from kiosk.door.signal import PATTERNS, Fault, Pattern, Signal, Step, pattern_of

SHOWN = {
    **{signal.value: pattern_of(signal) for signal in PATTERNS},
    **{f"out of order: {f.value}": pattern_of(Signal.OUT_OF_ORDER, f) for f in Fault},
}
ANSWERS = {name: p for name, p in SHOWN.items() if not p.repeats}
PAIRS = list(combinations(SHOWN, 2))
ANSWER_PAIRS = list(combinations(ANSWERS, 2))
MARGIN = 1.4
"""Durations this far apart are told apart without counting."""


def light(step: Step) -> bool:
    return bool(step.green or step.red)


def rhythm(steps: list[tuple[bool, int]]) -> list[int]:
    """Return on and off times in turn, in ms; neighbours that look the same are one."""
    merged = [
        (on, sum(ms for _, ms in group)) for on, group in groupby(steps, key=lambda step: step[0])
    ]
    while merged and not merged[-1][0]:
        merged.pop()
    return [ms for _, ms in merged]


def light_rhythm(pattern: Pattern) -> list[int]:
    rounds = pattern.steps * 2 if pattern.repeats else pattern.steps
    return rhythm([(light(s), s.for_ms) for s in rounds])


def sound_rhythm(pattern: Pattern) -> list[int]:
    return rhythm([(s.tone_hz > 0, s.for_ms) for s in pattern.steps])


def tones(pattern: Pattern) -> frozenset[int]:
    return frozenset(s.tone_hz for s in pattern.steps if s.tone_hz)


def distinct(one: list[int], other: list[int]) -> bool:
    return len(one) != len(other) or any(
        max(a, b) >= MARGIN * min(a, b) for a, b in zip(one, other, strict=True)
    )


def test_every_signal_has_a_pattern() -> None:
    assert set(PATTERNS) | {Signal.OUT_OF_ORDER} == set(Signal)


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_signals_differ_in_the_rhythm_of_their_light(one: str, other: str) -> None:
    assert distinct(light_rhythm(SHOWN[one]), light_rhythm(SHOWN[other]))


@pytest.mark.parametrize(("one", "other"), ANSWER_PAIRS)
def test_answers_differ_in_the_rhythm_of_their_sound(one: str, other: str) -> None:
    assert distinct(sound_rhythm(ANSWERS[one]), sound_rhythm(ANSWERS[other]))


@pytest.mark.parametrize(("one", "other"), ANSWER_PAIRS)
def test_answers_differ_in_tone(one: str, other: str) -> None:
    assert tones(ANSWERS[one]) != tones(ANSWERS[other])


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_heard_and_seen(name: str) -> None:
    assert sound_rhythm(ANSWERS[name])
    assert light_rhythm(ANSWERS[name])


def test_states_are_silent() -> None:
    assert all(not tones(p) for p in SHOWN.values() if p.repeats)


@pytest.mark.parametrize("name", SHOWN)
def test_green_means_that_it_is_on_disk(name: str) -> None:
    green = any(s.green for s in SHOWN[name].steps)
    assert green is (name in (Signal.ACCEPTED, Signal.ALREADY_RECORDED))


@pytest.mark.parametrize("name", SHOWN)
def test_no_step_shows_two_colours_or_lasts_no_time(name: str) -> None:
    for step in SHOWN[name].steps:
        assert not (step.green and step.red)
        assert step.for_ms > 0
        assert 0 <= step.green <= 1
        assert 0 <= step.red <= 1
        assert step.tone_hz == 0 or 300 <= step.tone_hz <= 4000


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_over_before_the_next_person_stands_there(name: str) -> None:
    assert ANSWERS[name].length_ms <= 1500


def test_faults_are_counted_in_different_numbers_of_blinks() -> None:
    counts = [sum(light(s) for s in pattern_of(Signal.OUT_OF_ORDER, f).steps) for f in Fault]
    assert len(set(counts)) == len(counts)
    assert sum(light(s) for s in pattern_of(Signal.OUT_OF_ORDER).steps) not in counts


def test_a_ready_door_winks_every_five_seconds() -> None:
    assert pattern_of(Signal.READY).length_ms == 5000
    assert sum(light(s) for s in pattern_of(Signal.READY).steps) == 1
