"""What is shown to whoever onboards a kiosk: told apart, counted, and never a resident's green."""

from itertools import combinations

import pytest

from kiosk.door.signal import (
    FAILURE_BLINKS,
    FAULT_BLINKS,
    ONBOARDING_PATTERNS,
    PATTERNS,
    Failure,
    OnboardingSignal,
    Pattern,
    Step,
    onboarding_pattern,
)
from kiosk.door.signal_names import FAILURES, ONBOARDING
from kiosk.onboarding.form import Refusal

SHOWN = {
    **{signal.value: pattern for signal, pattern in ONBOARDING_PATTERNS.items()},
    **{f.value: onboarding_pattern(OnboardingSignal.FAILED, f) for f in Failure},
}
STAGES = (
    OnboardingSignal.JOINING,
    OnboardingSignal.AWAITING_TIME,
    OnboardingSignal.ENROLLING,
    OnboardingSignal.FINISHING,
)


def flashes(pattern: Pattern) -> list[Step]:
    return [step for step in pattern.steps if step.red or step.green]


def test_every_signal_has_a_pattern_and_words() -> None:
    assert set(ONBOARDING_PATTERNS) | {OnboardingSignal.FAILED} == set(OnboardingSignal)
    assert set(ONBOARDING) == set(OnboardingSignal)
    assert set(FAILURES) == set(FAILURE_BLINKS) == set(Failure)
    words = [*ONBOARDING.values(), *FAILURES.values()]
    assert all(vietnamese and english for vietnamese, english in words)


def test_every_refusal_of_a_code_has_a_count_of_its_own() -> None:
    assert {Failure(refusal.value) for refusal in Refusal} < set(Failure)


@pytest.mark.parametrize("name", SHOWN)
def test_green_is_never_alone(name: str) -> None:
    # Alone it means that a check-in is on the disk.
    assert all(step.red == step.green for step in SHOWN[name].steps if step.green)


@pytest.mark.parametrize("name", SHOWN)
def test_a_step_is_lit_and_heard_within_bounds(name: str) -> None:
    for step in SHOWN[name].steps:
        assert 0 <= step.green <= 1
        assert 0 <= step.red <= 1
        assert 0 < step.for_ms <= 2500
        assert step.tone_hz == 0 or 250 <= step.tone_hz <= 4000


@pytest.mark.parametrize(("one", "other"), list(combinations(SHOWN, 2)))
def test_no_two_look_the_same(one: str, other: str) -> None:
    lit = [[(s.for_ms, s.green, s.red) for s in flashes(SHOWN[name])] for name in (one, other)]
    assert lit[0] != lit[1]


@pytest.mark.parametrize("name", SHOWN)
def test_none_looks_like_what_a_resident_is_shown(name: str) -> None:
    lit = [(step.for_ms, step.green, step.red) for step in flashes(SHOWN[name])]
    for pattern in PATTERNS.values():
        assert lit != [(step.for_ms, step.green, step.red) for step in flashes(pattern)]


def test_each_stage_is_counted_in_flashes() -> None:
    assert [len(flashes(ONBOARDING_PATTERNS[stage])) for stage in STAGES] == [1, 2, 3, 4]
    assert all(ONBOARDING_PATTERNS[stage].repeats for stage in STAGES)
    assert ONBOARDING_PATTERNS[OnboardingSignal.SHOW_CODE].repeats


def test_each_failure_is_counted_after_one_long_light() -> None:
    counts = []
    for failure in Failure:
        pattern = onboarding_pattern(OnboardingSignal.FAILED, failure)
        long, *short = flashes(pattern)
        assert long.for_ms > 2 * max(step.for_ms for step in short)
        assert pattern.rounds > 1
        counts.append(len(short))
    assert counts == list(range(1, len(Failure) + 1))


def test_not_onboarded_is_a_count_that_no_fault_has() -> None:
    count = len(flashes(ONBOARDING_PATTERNS[OnboardingSignal.NOT_ONBOARDED]))
    assert count not in FAULT_BLINKS.values()
