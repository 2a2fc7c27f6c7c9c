"""From a code to a door, as pure computation: no clock, no file, no thread, no log.

What is shown, done and found out comes in as a cue; what must happen goes out as effects, in their
order. A code is kept on the disk before anything else is done about it, so every stage can be gone
through again after a power cut, and nobody has to show anything twice.

One step keeps at most one code. Where that fails the caller drops the step whole, raises the
disk's fault, and the code that is still held up is taken anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

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
    Shown,
    TimePassed,
    WorkDone,
    Worked,
    WorkFailed,
)
from kiosk.onboarding.form import Refusal, Setup
from kiosk.onboarding.stages import REPLACEABLE, STAGE_SIGNALS, TRANSITIONS, Stage, Turn

HOLD_OFF_S = 2.5
"""A code unseen for so long was taken away; shown again, it is answered again."""
PATIENCE_S = 600.0
"""A kiosk that is a door already waits so long for a code, or goes on so long with one."""
PAUSES_S = (5.0, 10.0, 20.0, 40.0, 60.0)
"""Before a stage that failed is tried again; the last one for ever."""


@dataclass(frozen=True, slots=True)
class Onboarding:
    """Everything that is remembered between two cues; times in monotonic seconds.

    `patience_s`: how long it waits before the door starts again; infinite where there is none yet.
    `working`: an attempt is under way; else it is `due_s` again. `answered`: what is held up and
    had its answer, and when it was last seen. `since_s`: when somebody last did something here.
    """

    patience_s: float = float("inf")
    since_s: float = 0.0
    stage: Stage = Stage.WAITING
    setup: Setup | None = None
    faults: frozenset[Fault] = frozenset()
    attempt: int = 0
    working: bool = False
    due_s: float = float("-inf")
    failed: int = 0
    answered: Mapping[str, float] = field(default_factory=dict)


Stepped = tuple[Onboarding, tuple[Effect, ...]]


def step(now: Onboarding, cue: Cue) -> Stepped:
    """Return what is remembered after `cue`, and what must now happen, in this order."""
    match cue:
        case CodeShown() | CardShown():
            return _shown(now, cue)
        case CodeKept(at_s, setup):
            return _taken(now, setup, at_s)
        case WorkDone() | WorkFailed():
            return _worked(now, cue)
        case TimePassed():
            return _later(now, cue)
        case FaultRaised() | FaultCleared():
            others = now.faults - {cue.fault}
            return _with_faults(
                now, others | {cue.fault} if isinstance(cue, FaultRaised) else others
            )


def state_of(now: Onboarding) -> Guide | Show:
    """Return what the lights show while nothing else is to be said."""
    fault = next((f for f in Fault if f in now.faults), None)
    if fault is not None:
        return Show(Signal.OUT_OF_ORDER, fault)
    return Guide(STAGE_SIGNALS.get(now.stage, OnboardingSignal.FINISHING))


def _shown(now: Onboarding, cue: Shown) -> Stepped:
    seen = {m: s for m, s in now.answered.items() if cue.at_s - s < HOLD_OFF_S}
    is_new = cue.mark not in seen
    now = replace(now, answered={**seen, cue.mark: cue.at_s})
    if not is_new or now.stage is Stage.ONBOARDED:
        return now, ()
    if isinstance(cue, CardShown):
        return now, (Guide(OnboardingSignal.NOT_ONBOARDED),)
    if isinstance(cue.found, Refusal):
        now = replace(now, since_s=cue.at_s)
        return now, (Guide(OnboardingSignal.FAILED, Failure(cue.found.value)),)
    if cue.found == now.setup:
        return now, (Guide(OnboardingSignal.CODE_TAKEN),)
    if now.stage not in REPLACEABLE:
        return now, ()
    after, effects = _taken(now, cue.found, cue.at_s)
    return after, (Keep(cue.raw), Guide(OnboardingSignal.CODE_TAKEN), *effects)


def _taken(now: Onboarding, setup: Setup, at_s: float) -> Stepped:
    # What a former attempt still does no longer counts.
    now = replace(now, setup=setup, since_s=at_s, attempt=now.attempt + 1, working=False)
    return _turn(now, Turn.TAKEN, at_s)


def _turn(now: Onboarding, turn: Turn, at_s: float) -> Stepped:
    now = replace(now, stage=TRANSITIONS[now.stage, turn], failed=0, due_s=at_s)
    if now.stage is Stage.NETWORK and now.setup is not None and now.setup.wifi is None:
        return _turn(now, Turn.DONE, at_s)
    after, begun = _begun(now, at_s)
    return after, (state_of(now), *begun)


def _begun(now: Onboarding, at_s: float) -> Stepped:
    """Begin what the stage asks for, where that is work and due."""
    works = now.stage in (Stage.NETWORK, Stage.ENROLMENT, Stage.FINISHING)
    if not works or now.setup is None or now.working or at_s < now.due_s:
        return now, ()
    now = replace(now, attempt=now.attempt + 1, working=True)
    return now, (Begin(now.attempt, now.stage, now.setup),) if now.setup else ()


def _worked(now: Onboarding, cue: Worked) -> Stepped:
    if cue.attempt != now.attempt or not now.working:
        # Of a code that another one has replaced.
        return now, ()
    return _done(now, cue.at_s) if isinstance(cue, WorkDone) else _failed(now, cue)


def _done(now: Onboarding, at_s: float) -> Stepped:
    now = replace(now, working=False, faults=now.faults - {Fault.DISK})
    after, effects = _turn(now, Turn.DONE, at_s)
    if after.stage is Stage.ONBOARDED:
        # The lights say so once, and then the door starts.
        end_s = at_s + onboarding_pattern(OnboardingSignal.ONBOARDED).length_ms / 1000
        return replace(after, due_s=end_s), (Guide(OnboardingSignal.ONBOARDED),)
    return after, effects


def _failed(now: Onboarding, cue: WorkFailed) -> Stepped:
    now = replace(now, working=False)
    if cue.final:
        now, state = _turn(replace(now, setup=None), Turn.REFUSED, cue.at_s)
        return replace(now, since_s=cue.at_s), (Discard(), *_told(cue.why), *state)
    pause_s = PAUSES_S[min(now.failed, len(PAUSES_S) - 1)]
    now = replace(now, failed=now.failed + 1, due_s=cue.at_s + pause_s)
    if isinstance(cue.why, Fault):
        return _with_faults(now, now.faults | {cue.why})
    return now, _told(cue.why)


def _told(why: Failure | Fault) -> tuple[Effect, ...]:
    return (Guide(OnboardingSignal.FAILED, why),) if isinstance(why, Failure) else ()


def _later(now: Onboarding, cue: TimePassed) -> Stepped:
    if now.stage is Stage.ONBOARDED:
        return now, (End(onboarded=True),) if cue.at_s >= now.due_s else ()
    # Never in the middle: what came is written first, and a request gets its answer.
    may_end = now.stage is not Stage.FINISHING and not now.working
    if may_end and cue.at_s - now.since_s >= now.patience_s:
        return now, (Discard(), End(onboarded=False))
    if now.stage is Stage.TIME and now.setup is not None and cue.utc_s >= now.setup.issued_s:
        return _turn(now, Turn.DONE, cue.at_s)
    return _begun(now, cue.at_s)


def _with_faults(now: Onboarding, faults: frozenset[Fault]) -> Stepped:
    after = replace(now, faults=faults)
    return after, (state_of(after),) if faults != now.faults else ()
