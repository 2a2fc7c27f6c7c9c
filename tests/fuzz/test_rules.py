"""Whatever a card claims, whatever a venue asks and whatever the clock says: a decision."""

from hypothesis import given
from hypothesis import strategies as st

from kiosk.door.credential import (
    Assurance,
    Claims,
    Credential,
    Damaged,
    DayParity,
    Defect,
    Foreign,
    ForeignKind,
    Quota,
    Validity,
)
from kiosk.door.cues import Cue, Forget, Looked, Record, Show, Ticked, TimeLearned
from kiosk.door.event import Direction
from kiosk.door.hours import hours_of
from kiosk.door.judging import attempt_of, decide_card, decide_content, everything
from kiosk.door.machine import Conduct, Door, Passing, Phase, step
from kiosk.door.passage import Memory, Passage, Visits, forgotten, remembered, without
from kiosk.door.presence import Presentation
from kiosk.door.rules import Decision, Flag, Passback, Reason, Rule, Rules, UntrustedClock, Verdict
from kiosk.door.sighting import Sighting
from kiosk.door.signal import Signal, signal_of
from kiosk.door.standing import Standing

KINDS = st.sampled_from(["cccd", "card", "bhyt"])
SECONDS = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(-1e6, 1e6),
    st.sampled_from([0.0, 1.6e9, 253402300800.0]),
)
TIMES = st.floats(0, 1e6)
STAMPS = st.none() | st.integers(-(2**63), 2**63)
QUOTAS = st.builds(Quota, st.integers(1, 99), st.integers(1, 99))
CARDS = st.builds(
    Credential,
    KINDS,
    st.just("1"),
    st.sampled_from(Assurance),
    st.builds(Validity, STAMPS, STAMPS),
    st.none()
    | st.builds(
        Claims, st.just("w"), st.none(), st.none() | st.sampled_from(DayParity), st.none() | QUOTAS
    ),
)
CONTENTS = st.one_of(
    CARDS,
    st.builds(Foreign, st.sampled_from(ForeignKind)),
    st.builds(Damaged, KINDS, st.just("x"), st.sampled_from(Defect)),
)
RULES = st.builds(
    Rules,
    accept=st.frozensets(KINDS),
    declaration=st.booleans(),
    hours=st.sampled_from([None, hours_of(["mon-fri 06:00-18:00"]), hours_of(["22:00-02:00"])]),
    quota=st.none() | QUOTAS,
    passback=st.sampled_from(Passback),
    passback_s=st.floats(1, 1e6),
    capacity=st.none() | st.integers(1, 3),
    untrusted_clock=st.sampled_from(UntrustedClock),
    utc_offset_s=st.integers(-12, 14).map(lambda hours: hours * 3600.0),
)
CONDUCTS = st.builds(Conduct, RULES, st.sampled_from(Passing), stay_max_s=st.floats(60, 604800))
STANDINGS = st.builds(Standing, st.booleans(), st.booleans(), st.none() | SECONDS)
MEMORIES = st.builds(
    Memory,
    st.dictionaries(
        st.sampled_from("abc"), st.builds(Passage, st.sampled_from(Direction), TIMES), max_size=3
    ),
    st.dictionaries(
        st.sampled_from("abc"),
        st.builds(
            Visits,
            st.lists(TIMES, min_size=1, max_size=5).map(lambda times: tuple(sorted(times))),
            st.integers(1, 99),
        ),
        max_size=3,
    ),
)
DOORS = st.builds(Door, phase=st.just(Phase.READY), memory=MEMORIES, offset_s=st.none() | SECONDS)


def shown(content: Credential | Foreign | Damaged, standing: Standing) -> Presentation:
    return Presentation("a", content, 0, 0, 0, 0, standing=standing)


@given(CONTENTS, STANDINGS, DOORS, TIMES, CONDUCTS)
def test_there_is_always_a_decision_and_a_light_for_it(
    content: Credential | Foreign | Damaged,
    standing: Standing,
    door: Door,
    at_s: float,
    conduct: Conduct,
) -> None:
    decision = decide_content(door, shown(content, standing), at_s, conduct)
    assert (decision.reason is Reason.OK) is (decision.verdict is Verdict.ACCEPTED)
    assert (signal_of(decision.reason) is Signal.ACCEPTED) is decision.accepted
    assert isinstance(content, Credential) or not decision.accepted


@given(CARDS, STANDINGS, DOORS, TIMES, CONDUCTS)
def test_the_first_refusal_gives_the_reason(
    card: Credential, standing: Standing, door: Door, at_s: float, conduct: Conduct
) -> None:
    held = shown(card, standing)
    attempt = attempt_of(door, held, at_s, conduct)
    said = list(everything(door, held, attempt, conduct))
    decision = decide_card(door, held, attempt, conduct)
    assert [rule for rule, _ in said] == list(Rule)
    quiet = (None, Reason.OK, Reason.CLOCK_UNTRUSTED)
    refusals = [reason for _, reason in said if reason not in quiet]
    unjudged = any(reason is Reason.CLOCK_UNTRUSTED for _, reason in said)
    if refusals:
        assert decision == Decision(Verdict.REJECTED, refusals[0])
    elif unjudged and conduct.rules.untrusted_clock is UntrustedClock.REFUSE:
        assert decision == Decision(Verdict.REJECTED, Reason.CLOCK_UNTRUSTED)
    else:
        assert decision.accepted
        assert (Flag.CLOCK_UNTRUSTED in decision.flags) is unjudged
        assert Flag.PASSBACK not in decision.flags or conduct.rules.passback is Passback.SOFT


CUES = st.one_of(
    st.builds(
        lambda at_s, cards: Looked(
            at_s, at_s, tuple(Sighting(f"card {n}", c) for n, c in enumerate(cards))
        ),
        TIMES,
        st.lists(CONTENTS, max_size=2),
    ),
    st.builds(Ticked, TIMES),
    st.builds(TimeLearned, TIMES, st.none() | SECONDS),
)


@given(st.lists(CUES, max_size=30), DOORS, CONDUCTS)
def test_a_door_takes_any_time_and_any_clock(cues: list[Cue], door: Door, conduct: Conduct) -> None:
    for cue in sorted(cues, key=lambda each: each.at_s):
        before = door.memory
        door, effects = step(door, cue, conduct)
        records = [e for e in effects if isinstance(e, Record)]
        passed = [e for e in records if e.decision.accepted]
        assert len(records) <= 1
        assert (Show(Signal.ACCEPTED, captured_s=cue.at_s) in effects) <= bool(passed)
        forgets = any(isinstance(e, Forget) for e in effects)
        assert door.memory is before or passed or forgets


@given(CARDS, DOORS, TIMES, CONDUCTS)
def test_what_is_remembered_is_forgotten_in_the_end(
    card: Credential, door: Door, at_s: float, conduct: Conduct
) -> None:
    held = shown(card, Standing())
    attempt = attempt_of(door, held, at_s, conduct)
    memory = remembered(attempt, door.memory, conduct.doorstep)
    # A hundred days: longer than any stay, any anti-passback and any quota.
    later_s = at_s + 1e6 + 100 * 86400
    marks = forgotten(memory, later_s, conduct.doorstep)
    assert marks == memory.passages.keys() | memory.visits.keys()
    assert without(memory, marks, later_s, conduct.doorstep) == Memory()
