"""The stages of onboarding: cues in, effects out, and nothing else."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.door.cues import FaultCleared, FaultRaised, Guide, Show
from kiosk.door.signal import Failure, Fault, OnboardingSignal, Signal, onboarding_pattern
from kiosk.onboarding.cues import (
    Begin,
    CardShown,
    CodeKept,
    CodeShown,
    Cue,
    Discard,
    Effect,
    End,
    Keep,
    TimePassed,
    WorkDone,
    WorkFailed,
)
from kiosk.onboarding.form import Refusal
from kiosk.onboarding.machine import HOLD_OFF_S, PATIENCE_S, PAUSES_S, Onboarding, step
from kiosk.onboarding.stages import STAGE_SIGNALS, TRANSITIONS, Stage, Turn
from tests.parts.onboarding_codes import ISSUED_S, SETUP

RAW = b"DKSETUP:1:..."
CABLE = replace(SETUP, wifi=None)
OTHER = replace(SETUP, device="door-2", claim=bytes(16))
LATER_S = float(ISSUED_S + 60)


class Kiosk:
    """Takes cue after cue, and remembers what had to happen."""

    def __init__(self, patience_s: float = float("inf")) -> None:
        self.now = Onboarding(patience_s=patience_s)
        self.did: list[Effect] = []
        self.at_s = 0.0

    def take(self, cue: Cue) -> tuple[Effect, ...]:
        self.now, effects = step(self.now, cue)
        self.did += effects
        return effects

    def shows(self, found: object = SETUP, mark: str = "a") -> tuple[Effect, ...]:
        self.at_s += HOLD_OFF_S
        assert isinstance(found, Refusal | type(SETUP))
        return self.take(CodeShown(self.at_s, mark, found, RAW))

    def waits(self, seconds: float, utc_s: float = LATER_S) -> tuple[Effect, ...]:
        self.at_s += seconds
        return self.take(TimePassed(self.at_s, utc_s))

    def succeeds(self) -> tuple[Effect, ...]:
        return self.take(WorkDone(self.at_s, self.now.attempt))

    def fails(self, why: Failure | Fault, *, final: bool = False) -> tuple[Effect, ...]:
        return self.take(WorkFailed(self.at_s, self.now.attempt, why, final))

    def reaches(self, stage: Stage) -> "Kiosk":
        """Go on with the code until this stage."""
        if self.now.stage is Stage.WAITING:
            self.shows()
        while self.now.stage is not stage:
            if self.now.stage is Stage.TIME:
                self.waits(0.1)
            else:
                self.succeeds()
        return self


def begun(effects: tuple[Effect, ...]) -> list[Stage]:
    return [effect.stage for effect in effects if isinstance(effect, Begin)]


def test_from_a_code_to_the_end() -> None:
    kiosk = Kiosk()
    first = kiosk.shows()
    assert [type(effect) for effect in first] == [Keep, Guide, Guide, Begin]
    assert first[1:3] == (Guide(OnboardingSignal.CODE_TAKEN), Guide(OnboardingSignal.JOINING))
    assert begun(first) == [Stage.NETWORK]
    assert kiosk.succeeds() == (Guide(OnboardingSignal.AWAITING_TIME),)
    assert begun(kiosk.waits(0.1)) == [Stage.ENROLMENT]
    assert begun(kiosk.succeeds()) == [Stage.FINISHING]
    assert kiosk.succeeds() == (Guide(OnboardingSignal.ONBOARDED),)
    assert kiosk.waits(0.1) == ()
    shown_s = onboarding_pattern(OnboardingSignal.ONBOARDED).length_ms / 1000
    assert kiosk.waits(shown_s) == (End(onboarded=True),)


def test_the_code_is_on_the_disk_before_anything_else_happens() -> None:
    kiosk = Kiosk()
    assert kiosk.shows()[0] == Keep(RAW)
    assert kiosk.reaches(Stage.ENROLMENT).shows(OTHER, "b")[0] == Keep(RAW)


def test_without_wi_fi_no_network_is_joined() -> None:
    kiosk = Kiosk()
    assert begun(kiosk.shows(CABLE)) == []
    assert kiosk.now.stage is Stage.TIME


def test_a_clock_before_the_code_is_waited_for() -> None:
    kiosk = Kiosk().reaches(Stage.TIME)
    assert kiosk.waits(3600, utc_s=0.0) == ()
    assert kiosk.waits(1, utc_s=ISSUED_S - 1) == ()
    assert begun(kiosk.waits(1, utc_s=ISSUED_S)) == [Stage.ENROLMENT]


def test_a_code_that_is_held_up_for_seconds_is_answered_once() -> None:
    kiosk = Kiosk()
    kiosk.shows(Refusal.OLD)
    for _ in range(50):
        kiosk.at_s += 0.1
        assert kiosk.take(CodeShown(kiosk.at_s, "a", Refusal.OLD)) == ()
    assert kiosk.shows(Refusal.OLD) == (Guide(OnboardingSignal.FAILED, Failure.OLD),)


@pytest.mark.parametrize("refusal", Refusal)
def test_each_refusal_is_shown_as_itself_and_nothing_is_kept(refusal: Refusal) -> None:
    kiosk = Kiosk()
    assert kiosk.shows(refusal) == (Guide(OnboardingSignal.FAILED, Failure(refusal.value)),)
    assert kiosk.now == replace(Onboarding(), since_s=kiosk.at_s, answered=kiosk.now.answered)
    kiosk.reaches(Stage.ENROLMENT)
    assert kiosk.shows(refusal, "b") == (Guide(OnboardingSignal.FAILED, Failure(refusal.value)),)
    assert kiosk.now.stage is Stage.ENROLMENT


@pytest.mark.parametrize("stage", [s for s in Stage if s is not Stage.ONBOARDED])
def test_a_residents_card_is_answered_and_changes_nothing(stage: Stage) -> None:
    kiosk = Kiosk()
    if stage is not Stage.WAITING:
        kiosk.reaches(stage)
    before = kiosk.now
    assert kiosk.take(CardShown(kiosk.at_s, "card")) == (Guide(OnboardingSignal.NOT_ONBOARDED),)
    assert replace(kiosk.now, answered=before.answered) == before
    assert kiosk.take(CardShown(kiosk.at_s + 0.1, "card")) == ()


def test_what_fails_is_tried_again_for_ever_with_longer_pauses() -> None:
    kiosk = Kiosk().reaches(Stage.ENROLMENT)
    for pause_s in (*PAUSES_S, PAUSES_S[-1]):
        assert kiosk.fails(Failure.SERVER) == (Guide(OnboardingSignal.FAILED, Failure.SERVER),)
        assert kiosk.waits(pause_s - 0.5) == ()
        assert begun(kiosk.waits(0.5)) == [Stage.ENROLMENT]


def test_a_refused_claim_ends_the_code_and_another_is_waited_for() -> None:
    kiosk = Kiosk().reaches(Stage.ENROLMENT)
    assert kiosk.fails(Failure.CLAIM, final=True) == (
        Discard(),
        Guide(OnboardingSignal.FAILED, Failure.CLAIM),
        Guide(OnboardingSignal.SHOW_CODE),
    )
    assert kiosk.waits(3600) == ()
    assert begun(kiosk.shows()) == [Stage.NETWORK]


@pytest.mark.parametrize("stage", [Stage.NETWORK, Stage.TIME, Stage.ENROLMENT])
def test_another_code_takes_the_place_and_late_news_of_the_first_count_no_more(
    stage: Stage,
) -> None:
    kiosk = Kiosk().reaches(stage)
    old = kiosk.now.attempt
    assert begun(kiosk.shows(OTHER, "b")) == [Stage.NETWORK]
    assert kiosk.now.setup == OTHER
    for late in (
        WorkDone(kiosk.at_s, old),
        WorkFailed(kiosk.at_s, old, Failure.CLAIM, final=True),
    ):
        assert kiosk.take(late) == ()
    assert kiosk.now.setup == OTHER


def test_the_same_code_shown_again_is_only_answered() -> None:
    kiosk = Kiosk().reaches(Stage.ENROLMENT)
    assert kiosk.shows() == (Guide(OnboardingSignal.CODE_TAKEN),)
    assert kiosk.now.stage is Stage.ENROLMENT


def test_while_it_is_written_no_other_code_is_taken() -> None:
    kiosk = Kiosk().reaches(Stage.FINISHING)
    assert kiosk.shows(OTHER, "b") == ()
    assert kiosk.now.setup == SETUP


def test_a_code_that_a_cut_left_is_gone_on_with_and_not_kept_again() -> None:
    kiosk = Kiosk()
    effects = kiosk.take(CodeKept(0.0, SETUP))
    assert begun(effects) == [Stage.NETWORK]
    assert not any(isinstance(effect, Keep) for effect in effects)


def test_a_disk_that_fails_is_shown_until_it_works() -> None:
    kiosk = Kiosk().reaches(Stage.FINISHING)
    assert kiosk.fails(Fault.DISK) == (Show(Signal.OUT_OF_ORDER, Fault.DISK),)
    assert begun(kiosk.waits(PAUSES_S[0])) == [Stage.FINISHING]
    kiosk.succeeds()
    assert kiosk.now.stage is Stage.ONBOARDED
    assert kiosk.now.faults == frozenset()


def test_a_fault_is_shown_instead_of_the_stage() -> None:
    kiosk = Kiosk()
    lost = FaultRaised(0.0, Fault.CAMERA)
    assert kiosk.take(lost) == (Show(Signal.OUT_OF_ORDER, Fault.CAMERA),)
    assert kiosk.take(lost) == ()
    assert kiosk.take(FaultCleared(0.0, Fault.CAMERA)) == (Guide(OnboardingSignal.SHOW_CODE),)


def test_a_door_waits_ten_minutes_and_a_new_kiosk_for_ever() -> None:
    kiosk = Kiosk(PATIENCE_S)
    kiosk.shows(Refusal.OLD)
    assert kiosk.waits(PATIENCE_S - 1) == ()
    assert kiosk.waits(1) == (Discard(), End(onboarded=False))
    assert Kiosk().waits(1e9) == ()


def test_a_door_gives_a_code_up_too_but_never_in_the_middle() -> None:
    kiosk = Kiosk(PATIENCE_S).reaches(Stage.ENROLMENT)
    assert kiosk.waits(PATIENCE_S) == ()
    kiosk.fails(Failure.SERVER)
    assert kiosk.waits(0.1) == (Discard(), End(onboarded=False))
    assert Kiosk(PATIENCE_S).reaches(Stage.FINISHING).waits(PATIENCE_S) == ()


def test_every_stage_is_reached_and_shown() -> None:
    assert {stage for stage, _ in TRANSITIONS} == set(Stage) - {Stage.ONBOARDED}
    assert set(TRANSITIONS.values()) == set(Stage)
    assert {turn for _, turn in TRANSITIONS} == set(Turn)
    assert set(STAGE_SIGNALS) == set(Stage) - {Stage.ONBOARDED}
    assert len(set(STAGE_SIGNALS.values())) == len(STAGE_SIGNALS)


CUES = st.one_of(
    st.builds(
        lambda found, mark: lambda k: CodeShown(k.at_s, mark, found, RAW),
        st.sampled_from([SETUP, CABLE, OTHER, *Refusal]),
        st.sampled_from("abc"),
    ),
    st.just(lambda k: CardShown(k.at_s, "card")),
    st.builds(lambda n: lambda k: WorkDone(k.at_s, k.now.attempt - n), st.sampled_from([0, 1])),
    st.builds(
        lambda why: lambda k: WorkFailed(k.at_s, k.now.attempt, why),
        st.sampled_from([Failure.SERVER, Failure.NETWORK, Fault.DISK]),
    ),
    st.just(
        lambda k: WorkFailed(k.at_s, k.now.attempt, Failure.CLAIM, k.now.stage is Stage.ENROLMENT)
    ),
    st.builds(
        lambda pass_s, utc_s: lambda k: TimePassed(k.at_s + pass_s, utc_s),
        st.sampled_from([0.0, 5.0, 61.0]),
        st.sampled_from([0.0, LATER_S]),
    ),
)


@given(st.lists(st.tuples(CUES, st.sampled_from([0.0, 1.0, 3.0])), max_size=60))
def test_whatever_happens_nothing_begins_that_is_not_on_the_disk(
    cues: list[tuple[object, float]],
) -> None:
    kiosk, kept, under_way = Kiosk(), False, 0
    for make, pause_s in cues:
        kiosk.at_s += pause_s
        assert callable(make)
        before = kiosk.now
        for effect in kiosk.take(make(kiosk)):
            kept = kept or isinstance(effect, Keep)
            kept = kept and not isinstance(effect, Discard)
            if isinstance(effect, Begin):
                assert kept
                assert effect.attempt > before.attempt
                under_way = effect.attempt
        assert not kiosk.now.working or kiosk.now.attempt == under_way
        assert kiosk.now.stage is Stage.WAITING or kiosk.now.setup is not None
