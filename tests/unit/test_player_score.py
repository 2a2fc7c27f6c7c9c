"""What is on at which moment, and the thread that does it."""

import threading
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.app.player import Player, Score
from kiosk.door.cues import Show, ShowAll, Unlock
from kiosk.door.signal import PATTERNS, Fault, Pattern, Signal, lights_test, pattern_of
from kiosk.errors import IndicatorLost
from kiosk.indicators import OFF, Output

DEADLINE_S = 20.0
UNLOCK_S = 3.0
GREEN = {Signal.ACCEPTED, Signal.ALREADY_RECORDED}
ANSWERS = [s for s, p in PATTERNS.items() if not p.repeats]
STATES = [Show(Signal.READY), *(Show(Signal.OUT_OF_ORDER, f) for f in Fault)]


def score(*effects: Show | ShowAll | Unlock, at_s: float = 10.0) -> Score:
    made = Score(UNLOCK_S)
    for effect in effects:
        made.take(effect, at_s)
    return made


def steps_of(made: Score, from_s: float, to_s: float) -> list[tuple[float, Output]]:
    """Return what is played, changing when the score says; times since `from_s`."""
    now_s, played = from_s, []
    for _ in range(10_000):
        output, until_s = made.at(now_s)
        played.append((round(now_s - from_s, 6), output))
        assert until_s >= now_s
        # Just behind the moment, as a thread wakes up.
        now_s = until_s + 1e-9
        if now_s >= to_s:
            return played
    pytest.fail("the score does not move on")


def outputs(pattern: Pattern, *, unlocked: bool = False) -> list[Output]:
    return [Output(s.green, s.red, s.tone_hz, unlocked) for s in pattern.steps]


def test_before_the_first_signal_the_door_is_starting() -> None:
    assert [o for _, o in steps_of(Score(UNLOCK_S), 0, 1)] == outputs(pattern_of(Signal.STARTING))


@pytest.mark.parametrize("signal", ANSWERS)
def test_an_answer_is_played_once_and_then_the_state_from_its_beginning(signal: Signal) -> None:
    pattern = pattern_of(signal)
    made = score(Show(Signal.READY), Show(signal))
    played = steps_of(made, 10, 10 + pattern.rounds * pattern.length_ms / 1000 + 1)
    state = outputs(pattern_of(Signal.READY))
    assert [o for _, o in played] == [*outputs(pattern) * pattern.rounds, *state]
    expected_s = 0.0
    for (at_s, _), step in zip(played, pattern.steps * pattern.rounds, strict=False):
        assert at_s == pytest.approx(expected_s, abs=1e-6)
        expected_s += step.for_ms / 1000


@pytest.mark.parametrize("state", STATES)
def test_a_state_is_repeated(state: Show) -> None:
    pattern = pattern_of(state.signal, state.fault)
    played = steps_of(score(state), 10, 10 + 3 * pattern.length_ms / 1000 - 0.001)
    assert [o for _, o in played] == outputs(pattern) * 3


def test_the_newest_answer_pre_empts() -> None:
    made = score(Show(Signal.ACCEPTED))
    made.take(Show(Signal.REJECTED), 10.05)
    assert made.at(10.05)[0].red
    assert not any(o.green for _, o in steps_of(made, 10.05, 20))


def test_ready_does_not_cut_an_answer_short() -> None:
    made = score(Show(Signal.ACCEPTED))
    made.take(Show(Signal.READY), 10.1)
    assert made.at(10.1)[0].green


@pytest.mark.parametrize("fault", Fault)
def test_nobody_walks_on_a_green_when_the_door_stops_working(fault: Fault) -> None:
    made = score(Show(Signal.READY), Show(Signal.ACCEPTED))
    made.take(Show(Signal.OUT_OF_ORDER, fault), 10.1)
    assert not any(o.green for _, o in steps_of(made, 10.1, 20))


@pytest.mark.parametrize("asked", [Show(Signal.IDENTIFY), ShowAll()])
def test_a_broken_door_can_be_found_and_its_lights_tested(asked: Show | ShowAll) -> None:
    broken = Show(Signal.OUT_OF_ORDER, Fault.CAMERA)
    made = score(broken, asked)
    first = made.at(10.05)
    made.take(broken, 10.05)
    assert made.at(10.05) == first
    # Another fault is news, and shown at once.
    made.take(Show(Signal.OUT_OF_ORDER, Fault.DISK), 10.06)
    assert made.answer is None


def test_a_test_of_the_lights_shows_each_signal_and_never_a_check_in() -> None:
    made = score(Show(Signal.READY), ShowAll())
    length_s = lights_test().length_ms / 1000
    played = [o for at_s, o in steps_of(made, 10, 10 + length_s) if at_s < length_s]
    assert any(o.green for o in played)
    assert all(o.red >= o.green for o in played)
    assert not any(o.green and o.tone_hz for o in played)
    assert not any(o.unlocked for o in played)
    told = {signal: {s.tone_hz for s in pattern_of(signal).steps} for signal in PATTERNS}
    tones = set().union(*(told[signal] for signal in PATTERNS if signal not in GREEN))
    assert {o.tone_hz for o in played} == tones


@pytest.mark.parametrize("asked", [Show(Signal.IDENTIFY), ShowAll()])
def test_what_is_asked_from_afar_cuts_nobodys_answer_short(asked: Show | ShowAll) -> None:
    made = score(Show(Signal.READY), Show(Signal.ACCEPTED))
    made.take(asked, 10.1)
    length_s = pattern_of(Signal.ACCEPTED).length_ms / 1000
    green = outputs(pattern_of(Signal.ACCEPTED))
    assert [o for at_s, o in steps_of(made, 10, 10 + length_s)] == green
    # Then it is played, and a second time at once.
    first = lights_test() if isinstance(asked, ShowAll) else pattern_of(Signal.IDENTIFY)
    assert made.at(10 + length_s)[0] == outputs(first)[0]
    made.take(asked, 13.0)
    assert made.answer_since_s == 13.0


def test_a_card_ends_a_test_of_the_lights() -> None:
    made = score(ShowAll())
    made.take(Show(Signal.ACCEPTED), 11.0)
    assert made.at(11.0)[0] == outputs(pattern_of(Signal.ACCEPTED))[0]
    assert not made.at(13.0)[0].green


def test_saying_the_same_state_again_does_not_break_its_rhythm() -> None:
    made = score(Show(Signal.OUT_OF_ORDER, Fault.DISK))
    made.take(Show(Signal.OUT_OF_ORDER, Fault.DISK), 10.3)
    assert made.at(10.3) == score(Show(Signal.OUT_OF_ORDER, Fault.DISK)).at(10.3)


def test_a_door_is_unlocked_for_as_long_as_set_and_locks_itself() -> None:
    made = score(Show(Signal.READY), Show(Signal.ACCEPTED), Unlock())
    played = steps_of(made, 10, 20)
    locked_s = next(at_s for at_s, o in played if not o.unlocked)
    assert locked_s == pytest.approx(UNLOCK_S, abs=1e-6)
    assert all(o.unlocked is (at_s < UNLOCK_S) for at_s, o in played)


def test_the_next_person_gets_the_whole_time() -> None:
    made = score(Unlock())
    made.take(Unlock(), 12.0)
    assert made.at(14.9)[0].unlocked
    assert not made.at(15.0)[0].unlocked


@given(
    st.lists(
        st.tuples(
            st.floats(0, 3),
            st.sampled_from([*STATES, *(Show(s) for s in ANSWERS), Unlock()]),
        ),
        max_size=12,
    ),
    st.lists(st.floats(0, 10), max_size=12),
)
def test_green_is_on_only_after_an_answer_that_means_it(
    effects: list[tuple[float, Show | Unlock]], later_s: list[float]
) -> None:
    made, now_s = Score(UNLOCK_S), 0.0
    green_until_s = unlocked_until_s = 0.0
    for wait_s, effect in [*effects, *((s, None) for s in later_s)]:
        now_s += wait_s
        if effect is not None:
            made.take(effect, now_s)
        if isinstance(effect, Unlock):
            unlocked_until_s = now_s + UNLOCK_S
        if isinstance(effect, Show) and effect.signal in GREEN:
            green_until_s = now_s + pattern_of(effect.signal).length_ms / 1000
        output, until_s = made.at(now_s)
        assert not output.green or now_s < green_until_s
        assert output.unlocked == (now_s < unlocked_until_s)
        assert until_s >= now_s
        # What is on stays on until then.
        between = now_s + (until_s - now_s) * 0.999
        if until_s - now_s > 1e-6:
            assert made.at(between)[0] == output
            now_s = between


class Lamp:
    """An indicator that remembers; it breaks when told to."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.outputs: list[Output] = []
        self.broken = False
        self.closed = 0

    def apply(self, output: Output) -> None:
        with self.changed:
            if self.broken:
                raise IndicatorLost("the lamp is gone")
            self.outputs.append(output)
            self.changed.notify_all()

    def close(self) -> None:
        with self.changed:
            self.closed += 1
            self.changed.notify_all()

    def wait_green(self) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: any(o.green for o in self.outputs), DEADLINE_S)

    def wait_closed(self) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: self.closed > 0, DEADLINE_S)


def player(*lamps: Lamp) -> Player:
    # The clock stands still: the thread plays what it is given and waits for more.
    return Player(lamps, lambda: 100.0, unlock_s=UNLOCK_S)


def test_what_is_played_is_shown_and_closing_turns_it_off() -> None:
    lamp = Lamp()
    made = player(lamp)
    made.start()
    made.play(Show(Signal.ACCEPTED))
    assert lamp.wait_green()
    made.close()
    assert lamp.outputs[-1] == OFF
    assert lamp.closed == 1
    assert any(a != b for a, b in pairwise(lamp.outputs))


def test_one_dead_lamp_does_not_take_the_others_along() -> None:
    dead, good = Lamp(), Lamp()
    dead.broken = True
    made = player(dead, good)
    made.start()
    assert dead.wait_closed()
    made.play(Show(Signal.ACCEPTED))
    assert good.wait_green()
    made.close()
    assert good.outputs[-1] == OFF


def test_a_flood_of_signals_never_blocks_who_sends_them() -> None:
    lamp = Lamp()
    made = player(lamp)
    # Not started: nobody takes them.
    for _ in range(1000):
        made.play(Show(Signal.REJECTED))
    made.close()
    assert lamp.closed == 1
