"""Renewal as a table: a certificate's life in days, and what the kiosk does on each."""

import pytest

from kiosk.enrolment.renewal import (
    ALONE_S,
    ANSWERED_S,
    PROVE_S,
    RETRY_S,
    SWAP_AGAIN_S,
    Files,
    Renewal,
    Step,
)

DAY_S = 86_400.0
BEGUN_S = 1_700_000_000.0
FRESH = Files(BEGUN_S, BEGUN_S + 90 * DAY_S)
FAR_S = BEGUN_S + 1000 * DAY_S


def renewal(chance: float = 0.0) -> Renewal:
    return Renewal(0.0, lambda: chance)


@pytest.mark.parametrize(
    ("day", "chance", "step"),
    [
        (0, 0.0, Step.WAIT),
        (59, 0.0, Step.WAIT),
        (61, 0.0, Step.ASK),
        (61, 1.0, Step.WAIT),
        (70, 1.0, Step.ASK),
        (89, 0.0, Step.ASK),
        (400, 0.0, Step.ASK),
    ],
)
def test_it_asks_at_two_thirds_of_life_and_for_ever_after(
    day: int, chance: float, step: Step
) -> None:
    assert renewal(chance).step(FRESH, 10.0, BEGUN_S + day * DAY_S) is step


def test_a_server_that_is_away_is_asked_later_and_later_and_never_not() -> None:
    tried, now_s = renewal(1.0), 0.0
    pauses = []
    for _ in range(12):
        assert tried.step(FRESH, now_s, FAR_S) is Step.ASK
        tried.failed(now_s)
        pause_s = 0.0
        while tried.step(FRESH, now_s + pause_s, FAR_S) is Step.WAIT:
            pause_s += 30.0
        pauses.append(pause_s)
        now_s += pause_s
    assert pauses[0] == RETRY_S[0]
    assert pauses == sorted(pauses)
    assert pauses[-1] == RETRY_S[1]


def test_a_no_is_asked_again_the_next_day() -> None:
    told = renewal(1.0)
    told.refused(0.0)
    assert told.step(FRESH, ANSWERED_S - 1, FAR_S) is Step.WAIT
    assert told.step(FRESH, ANSWERED_S, FAR_S) is Step.ASK


def test_without_a_broker_for_an_hour_the_server_is_asked_before_it_is_due() -> None:
    alone = renewal()
    assert alone.step(FRESH, ALONE_S - 1, BEGUN_S) is Step.WAIT
    assert alone.step(FRESH, ALONE_S, BEGUN_S) is Step.ASK
    alone.still_connected(ALONE_S)
    assert alone.step(FRESH, ALONE_S + 1, BEGUN_S) is Step.WAIT


GOT = Files(BEGUN_S, BEGUN_S + 90 * DAY_S, next_until_s=FAR_S + DAY_S)
TRIED = Files(BEGUN_S, FAR_S + DAY_S, before_until_s=FAR_S + DAY_S)


def test_what_came_is_used_at_once() -> None:
    assert renewal().step(GOT, 1.0, FAR_S) is Step.SWAP


def test_what_came_and_has_ended_meanwhile_is_asked_for_again() -> None:
    ended = Files(BEGUN_S, BEGUN_S + 90 * DAY_S, next_until_s=FAR_S - 1)
    assert renewal().step(ended, 1.0, FAR_S) is Step.ASK


def test_the_one_before_is_kept_until_the_new_one_has_connected() -> None:
    tried = renewal()
    tried.swapped(0.0)
    # The connection that is still the old one's proves nothing.
    tried.connected(1.0)
    assert tried.step(TRIED, 2.0, FAR_S) is Step.WAIT
    tried.redialled()
    assert tried.step(TRIED, 3.0, FAR_S) is Step.WAIT
    tried.connected(4.0)
    assert tried.step(TRIED, 5.0, FAR_S) is Step.PROVE


def test_after_a_restart_any_connection_is_the_new_ones() -> None:
    tried = renewal()
    assert tried.step(TRIED, 1.0, FAR_S) is Step.WAIT
    tried.connected(2.0)
    assert tried.step(TRIED, 3.0, FAR_S) is Step.PROVE


def test_a_new_one_that_does_not_connect_gives_way_and_gets_more_chances() -> None:
    tried = renewal()
    tried.swapped(0.0)
    tried.redialled()
    assert tried.step(TRIED, PROVE_S - 1, FAR_S) is Step.WAIT
    assert tried.step(TRIED, PROVE_S, FAR_S) is Step.ROLL_BACK
    tried.rolled_back(PROVE_S)
    assert tried.step(GOT, PROVE_S + SWAP_AGAIN_S[0] - 1, FAR_S) is Step.WAIT
    assert tried.step(GOT, PROVE_S + SWAP_AGAIN_S[0], FAR_S) is Step.SWAP


def test_nobody_goes_back_to_one_that_has_ended() -> None:
    late = Files(BEGUN_S, FAR_S + DAY_S, before_until_s=FAR_S - 1)
    tried = renewal()
    tried.swapped(0.0)
    assert tried.step(late, PROVE_S, FAR_S) is Step.PROVE
