"""What starves the watchdog, and what never does."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from kiosk.app.health import (
    COURIER_LIMIT_S,
    DISK_LIMIT_S,
    EYE_SLACK_S,
    PLAYER_LIMIT_S,
    Proofs,
    hung,
    is_up,
)
from kiosk.door.signal import PATTERNS, Fault, Signal, pattern_of

EYE_LIMIT_S = 20.0
NOW_S = 1000.0
FRESH = Proofs(disk_s=NOW_S, eye_s=NOW_S, eye_fault_shown=False, courier_s=NOW_S, player_s=NOW_S)
LIMITS_S: dict[str, Any] = {
    "disk_s": DISK_LIMIT_S,
    "eye_s": EYE_LIMIT_S + EYE_SLACK_S,
    "courier_s": COURIER_LIMIT_S,
    "player_s": PLAYER_LIMIT_S,
}


def test_everything_fresh_is_fed() -> None:
    assert hung(FRESH, NOW_S, EYE_LIMIT_S) == ()


@pytest.mark.parametrize(("name", "limit_s"), LIMITS_S.items())
def test_one_part_without_proof_starves_and_is_named(name: str, limit_s: Any) -> None:
    just = replace(FRESH, **{name: NOW_S - limit_s})
    assert hung(just, NOW_S, EYE_LIMIT_S) == ()
    late = replace(FRESH, **{name: NOW_S - limit_s - 0.1})
    assert hung(late, NOW_S, EYE_LIMIT_S) == (name.removesuffix("_s"),)


def test_a_blind_door_that_says_so_is_fed() -> None:
    never = replace(FRESH, eye_s=None)
    assert hung(never, NOW_S, EYE_LIMIT_S) == ("eye",)
    assert hung(replace(never, eye_fault_shown=True), NOW_S, EYE_LIMIT_S) == ()
    long_ago = replace(FRESH, eye_s=0.0, eye_fault_shown=True)
    assert hung(long_ago, NOW_S, EYE_LIMIT_S) == ()


@pytest.mark.parametrize(
    ("disk_s", "eye_s", "shown"), [*product((None, NOW_S), (None, NOW_S), (False, True))]
)
def test_starting_is_over_when_disk_and_eye_have_said_something(
    disk_s: float | None, eye_s: float | None, *, shown: bool
) -> None:
    proofs = replace(FRESH, disk_s=disk_s, eye_s=eye_s, eye_fault_shown=shown)
    ready = disk_s is not None and (eye_s is not None or shown)
    assert is_up(proofs) is ready


def test_the_longest_step_of_any_pattern_is_far_below_the_player_s_limit() -> None:
    patterns = [*PATTERNS.values(), *(pattern_of(Signal.OUT_OF_ORDER, f) for f in Fault)]
    longest_s = max(step.for_ms for pattern in patterns for step in pattern.steps) / 1000
    assert longest_s * 2 < PLAYER_LIMIT_S
