"""Whatever is held up in whatever order, with faults in between: what a door never does."""

from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.door.credential import Credential, Damaged, Foreign, ForeignKind
from kiosk.door.cues import (
    Cue,
    Effect,
    FaultCleared,
    FaultRaised,
    Looked,
    Record,
    Show,
    Ticked,
    Unlock,
)
from kiosk.door.event import Direction
from kiosk.door.machine import Conduct, Door, Passing, Phase, step
from kiosk.door.presence import MOST_REMEMBERED, Patience
from kiosk.door.rules import Rules, Verdict
from kiosk.door.sighting import Content, Sighting
from kiosk.door.signal import Fault, Signal

# Nothing becomes background within a test's time: what is masked is tested elsewhere.
CONDUCT = Conduct(Rules(frozenset({"cccd"})), patience=Patience(background_s=1e6))
REPEAT_S = CONDUCT.patience.repeat_s
CODES: dict[str, Content] = {
    "An": Credential("cccd", "001090000001"),
    "Binh": Credential("cccd", "001190000002"),
    "Chi": Credential("cccd", "001190000003"),
    "member": Credential("member", "42"),
    "url": Foreign(ForeignKind.URL),
    "damaged": Damaged("cccd", "name: empty"),
}
CARDS = {"An", "Binh", "Chi"}
PAUSES_S = st.sampled_from([0.0, 0.1, 0.1, 0.1, 0.3, 0.6, 2.4, 2.5, 5.0, 9.9, 10.0, 30.0])
Cues = list[Cue]


@st.composite
def cues(draw: st.DrawFn) -> Cues:
    """Cues with time that does not go back; the door has a tick after each, as in the kiosk."""
    at_s = 0.0
    given_: Cues = []
    for _ in range(draw(st.integers(1, 40))):
        at_s = round(at_s + draw(PAUSES_S), 3)
        kind = draw(st.sampled_from("l" * 12 + "uuttfccc"))
        if kind in "lu":
            marks = draw(st.lists(st.sampled_from(sorted(CODES)), max_size=2, unique=True))
            sightings = tuple(Sighting(mark, CODES[mark]) for mark in marks)
            given_.append(Looked(at_s, at_s, sightings, unreadable=kind == "u"))
        elif kind == "f":
            given_.append(FaultRaised(at_s, draw(st.sampled_from(Fault))))
        elif kind == "c":
            given_.append(FaultCleared(at_s, draw(st.sampled_from(Fault))))
        given_.append(Ticked(at_s))
    return given_


@dataclass(slots=True)
class Kiosk:
    """Performs effects as the kiosk does: a commit that fails drops its step whole."""

    conduct: Conduct = CONDUCT
    door: Door = field(default_factory=lambda: Door(phase=Phase.READY))
    steps: list[tuple[Door, Cue, Door, tuple[Effect, ...]]] = field(default_factory=list)

    def give(self, cue: Cue, *, disk_full: bool = False) -> None:
        before = self.door
        after, effects = step(before, cue, self.conduct)
        recorded = next((n for n, e in enumerate(effects) if isinstance(e, Record)), None)
        if disk_full and recorded is not None:
            self.steps.append((before, cue, before, effects[:recorded]))
            self.give(FaultRaised(cue.at_s, Fault.DISK))
            return
        self.door = after
        self.steps.append((before, cue, after, effects))


def accepted(effects: tuple[Effect, ...]) -> list[Record]:
    return [e for e in effects if isinstance(e, Record) and e.decision.accepted]


def shown(effects: tuple[Effect, ...]) -> list[Signal]:
    return [e.signal for e in effects if isinstance(e, Show)]


def cards_in(cue: Cue) -> set[str]:
    return {s.mark for s in cue.sightings} & CARDS if isinstance(cue, Looked) else set()


def played(given_: Cues, full: list[bool], conduct: Conduct = CONDUCT) -> Kiosk:
    kiosk = Kiosk(conduct)
    for number, cue in enumerate(given_):
        kiosk.give(cue, disk_full=full[number % len(full)])
    return kiosk


disks = st.lists(st.sampled_from([False, False, False, True]), min_size=1, max_size=8)


@given(cues(), disks)
def test_a_step_records_once_at_most_and_green_follows_the_record(
    given_: Cues, full: list[bool]
) -> None:
    for _, _, _, effects in played(given_, full).steps:
        kinds = [type(e) for e in effects]
        assert kinds.count(Record) <= 1
        assert kinds.count(Show) <= 1
        if accepted(effects):
            assert kinds == [Record, Show, Unlock]
            assert shown(effects) == [Signal.ACCEPTED]
        else:
            assert Unlock not in kinds
            assert Signal.ACCEPTED not in shown(effects)


@given(cues(), disks)
def test_a_refusal_is_shown_and_recorded_together(given_: Cues, full: list[bool]) -> None:
    for _, _, after, effects in played(given_, full).steps:
        refused = [
            e for e in effects if isinstance(e, Record) and e.decision.verdict is Verdict.REJECTED
        ]
        if refused:
            assert shown(effects) in ([Signal.REJECTED], [Signal.NOT_A_CARD])
            assert after.presentations[refused[0].mark].settled


@given(cues(), disks)
def test_out_of_order_decides_nothing_and_is_not_ready_with_a_fault(
    given_: Cues, full: list[bool]
) -> None:
    for before, cue, after, effects in played(given_, full).steps:
        assert (after.phase is Phase.READY) == (not after.faults)
        if isinstance(cue, Looked | Ticked):
            assert after.phase is before.phase
            if before.phase is not Phase.READY:
                assert effects == ()
        for effect in effects:
            if isinstance(effect, Show) and effect.signal is Signal.OUT_OF_ORDER:
                assert effect.fault in after.faults


@given(cues(), disks)
def test_a_card_is_recorded_again_only_after_the_repeat_time_without_it(
    given_: Cues, full: list[bool]
) -> None:
    last_seen_s: dict[str, float] = {}
    recorded: set[str] = set()
    for _, cue, _, effects in played(given_, full).steps:
        for mark in cards_in(cue):
            if cue.at_s - last_seen_s.get(mark, cue.at_s) >= REPEAT_S:
                recorded.discard(mark)
            last_seen_s[mark] = cue.at_s
        if Signal.ALREADY_RECORDED in shown(effects):
            assert cards_in(cue) <= recorded
        for record in accepted(effects):
            assert record.mark not in recorded
            recorded.add(record.mark)


@given(cues(), disks)
def test_a_card_is_taken_only_alone(given_: Cues, full: list[bool]) -> None:
    crowd_s = float("-inf")
    for before, cue, _, effects in played(given_, full).steps:
        cards = cards_in(cue)
        answered = {m for m, p in before.presentations.items() if p.settled}
        if len(cards) > 1 and before.phase is Phase.READY and cards - answered:
            crowd_s = cue.at_s
        green = {Signal.ACCEPTED, Signal.ALREADY_RECORDED} & set(shown(effects))
        if green:
            assert len(cards) == 1
            assert cue.at_s - crowd_s >= CONDUCT.alone_s
        if Signal.ONE_AT_A_TIME in shown(effects):
            assert len(cards) > 1


@given(cues(), disks)
def test_no_foreign_code_is_refused_while_a_card_is_there(given_: Cues, full: list[bool]) -> None:
    card_s = float("-inf")
    for before, cue, _, effects in played(given_, full).steps:
        if cards_in(cue) and before.phase is Phase.READY:
            card_s = cue.at_s
        if {Signal.REJECTED, Signal.NOT_A_CARD} & set(shown(effects)):
            assert cue.at_s - card_s >= CONDUCT.patience.hold_off_s


@given(cues(), disks)
def test_a_toggling_door_counts_each_person_in_and_out_in_turn(
    given_: Cues, full: list[bool]
) -> None:
    kiosk = played(given_, full, replace(CONDUCT, passing=Passing.TOGGLE, stay_max_s=1e6))
    inside: set[str] = set()
    for _, _, after, effects in kiosk.steps:
        for record in accepted(effects):
            assert record.direction is (Direction.OUT if record.mark in inside else Direction.IN)
            inside ^= {record.mark}
        assert set(after.inside) == inside


@given(cues(), disks)
def test_a_step_changes_nothing_that_it_was_given_and_gives_the_same_again(
    given_: Cues, full: list[bool]
) -> None:
    for before, cue, after, effects in played(given_, full).steps:
        memory = (dict(before.presentations), dict(before.inside))
        first, second = step(before, cue, CONDUCT), step(before, cue, CONDUCT)
        assert first == second
        assert memory == (dict(before.presentations), dict(before.inside))
        if after is not before:
            assert first == (after, effects)


@settings(max_examples=5)
@given(
    st.integers(1, 8),
    st.integers(MOST_REMEMBERED + 10, MOST_REMEMBERED + 50),
    st.sampled_from(sorted(CODES)),
)
def test_a_hostile_eye_does_not_fill_the_memory(at_once: int, frames: int, code: str) -> None:
    kiosk = Kiosk()
    for number in range(frames):
        marks = [f"{number}-{n}" for n in range(at_once)]
        sightings = tuple(Sighting(mark, CODES[code]) for mark in marks)
        kiosk.give(Looked(number / 1e3, number / 1e3, sightings))
        kiosk.give(Ticked(number / 1e3))
        kiosk.steps.clear()
        assert len(kiosk.door.presentations) <= MOST_REMEMBERED
