"""The door itself: `step(door, cue, conduct) -> (door, effects)`, pure.

Everything enters as a cue and leaves as an effect. The order of a step's effects is their meaning:
an accepted card is `(Record, Show, Unlock)`, so green can only follow a commit. A step holds at
most one `Record`; when performing it fails, the caller drops the step whole (its state and the
effects not yet performed) and gives the door a `FaultRaised` instead. Nothing of the failed step
has then happened, so a card still held up is decided anew when the disk takes writes again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

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
from kiosk.door.presence import Patience, Presentation, Presentations, forget, observe
from kiosk.door.rules import FOREIGN_REASONS, Reason, Rules, decide
from kiosk.door.signal import Fault, Signal


class Phase(StrEnum):
    """What state the door is in."""

    STARTING = "starting"
    READY = "ready"
    OUT_OF_ORDER = "out-of-order"


class Turn(StrEnum):
    """What moves a door from one phase to another."""

    FAULT = "fault"
    ALL_CLEAR = "all-clear"


TRANSITIONS: dict[tuple[Phase, Turn], Phase] = {
    (Phase.STARTING, Turn.ALL_CLEAR): Phase.READY,
    (Phase.STARTING, Turn.FAULT): Phase.OUT_OF_ORDER,
    (Phase.READY, Turn.ALL_CLEAR): Phase.READY,
    (Phase.READY, Turn.FAULT): Phase.OUT_OF_ORDER,
    (Phase.OUT_OF_ORDER, Turn.FAULT): Phase.OUT_OF_ORDER,
    (Phase.OUT_OF_ORDER, Turn.ALL_CLEAR): Phase.READY,
}
"""The whole of the door's phases; `docs/explanation/door.md` is drawn from this table."""

PHASE_SIGNALS = {
    Phase.STARTING: Signal.STARTING,
    Phase.READY: Signal.READY,
    Phase.OUT_OF_ORDER: Signal.OUT_OF_ORDER,
}


class Passing(StrEnum):
    """Which way this kiosk counts people: one way, or each person's other way."""

    IN = "in"
    OUT = "out"
    TOGGLE = "toggle"


@dataclass(frozen=True, slots=True)
class Conduct:
    """How this door behaves; times in seconds.

    `refuse_after_s` lets a card beside a poster be read first, `alone_s` is how long two cards must
    have been apart, `hold_still_s` is how long a code must stay unreadable before the door says so,
    and `stay_max_s` is the longest stay that a toggling door believes.
    """

    rules: Rules
    passing: Passing = Passing.IN
    patience: Patience = field(default_factory=Patience)
    refuse_after_s: float = 0.25
    alone_s: float = 0.5
    hold_still_s: float = 0.5
    stay_max_s: float = 12 * 3600.0


@dataclass(frozen=True, slots=True)
class Door:
    """Everything the door remembers. `inside`: who came in here, and when (monotonic s)."""

    phase: Phase = Phase.STARTING
    faults: frozenset[Fault] = frozenset()
    presentations: Presentations = field(default_factory=dict)
    inside: Mapping[str, float] = field(default_factory=dict)
    crowd_s: float = float("-inf")
    crowd_told: bool = False
    unreadable_since_s: float | None = None
    unreadable_last_s: float = float("-inf")
    unreadable_told: bool = False

    @property
    def background_count(self) -> int:
        """How many codes are masked because they belong to the room."""
        return sum(p.background for p in self.presentations.values())


def step(door: Door, cue: Cue, conduct: Conduct) -> tuple[Door, tuple[Effect, ...]]:
    """Return the door after `cue`, and what must now happen, in this order."""
    match cue:
        case FaultRaised(_, fault):
            # Whoever still waited was answered by the fault; a code still held up begins anew.
            kept = {m: p for m, p in door.presentations.items() if p.settled or p.repeated}
            door = replace(door, faults=door.faults | {fault}, presentations=kept)
            return _turn(door, Turn.FAULT)
        case FaultCleared(_, fault):
            return _cleared(door, fault)
        case Ticked(at_s):
            door = replace(
                door,
                presentations=forget(door.presentations, at_s=at_s, patience=conduct.patience),
            )
            return _refuse_next(door, at_s, conduct)
        case Looked():
            return _looked(door, cue, conduct)


def _turn(door: Door, turn: Turn) -> tuple[Door, tuple[Effect, ...]]:
    phase = TRANSITIONS[door.phase, turn]
    # The fault that is counted in blinks is the one to mend first: enum order.
    fault = next((f for f in Fault if f in door.faults), None)
    return replace(door, phase=phase), (Show(PHASE_SIGNALS[phase], fault),)


def _cleared(door: Door, fault: Fault) -> tuple[Door, tuple[Effect, ...]]:
    if fault not in door.faults and door.phase is not Phase.STARTING:
        return door, ()
    door = replace(door, faults=door.faults - {fault})
    return _turn(door, Turn.FAULT if door.faults else Turn.ALL_CLEAR)


def _looked(door: Door, cue: Looked, conduct: Conduct) -> tuple[Door, tuple[Effect, ...]]:
    sightings = cue.sightings
    if door.phase is not Phase.READY:
        # A card that has had its answer stays answered; others are decided when the door works.
        answered = {m for m, p in door.presentations.items() if p.settled or p.repeated}
        sightings = tuple(s for s in sightings if s.mark in answered)
    seen = observe(
        door.presentations,
        sightings,
        at_s=cue.at_s,
        captured_s=cue.captured_s,
        patience=conduct.patience,
    )
    door = replace(door, presentations=seen)
    if door.phase is not Phase.READY:
        return door, ()
    in_frame = [seen[mark] for mark in {s.mark: None for s in sightings}]
    cards = [p for p in in_frame if not p.background and decide(p.content, conduct.rules).accepted]
    if cards:
        door = replace(door, presentations=_ignore_beside(seen, conduct))
    if len(cards) > 1:
        return _crowd(door, cards, cue.at_s, conduct)
    if cards:
        return _one_card(door, cards[0], cue.at_s, conduct)
    if cue.unreadable and not sightings:
        return _unreadable(door, cue, conduct)
    return _refuse_next(door, cue.at_s, conduct)


def _ignore_beside(seen: Mapping[str, Presentation], conduct: Conduct) -> dict[str, Presentation]:
    """Settle, without an answer, whatever else waits for one while a card is in the picture."""
    beside = {
        mark: replace(p, settled=True)
        for mark, p in seen.items()
        if not decide(p.content, conduct.rules).accepted
    }
    return {**seen, **beside}


def _crowd(
    door: Door, cards: list[Presentation], at_s: float, conduct: Conduct
) -> tuple[Door, tuple[Effect, ...]]:
    if all(card.settled for card in cards):
        return door, ()
    told = door.crowd_told and at_s - door.crowd_s < conduct.patience.hold_off_s
    captured_s = min(card.captured_s for card in cards if not card.settled)
    door = replace(door, crowd_s=at_s, crowd_told=True)
    return door, () if told else (Show(Signal.ONE_AT_A_TIME, captured_s=captured_s),)


def _one_card(
    door: Door, card: Presentation, at_s: float, conduct: Conduct
) -> tuple[Door, tuple[Effect, ...]]:
    if card.settled or at_s - door.crowd_s < conduct.alone_s:
        return door, ()
    settled = replace(card, settled=True, accepted=True)
    door = _quiet(_with(door, settled))
    if card.repeated:
        return door, (Show(Signal.ALREADY_RECORDED, captured_s=card.captured_s),)
    direction, inside = _pass(door, card.mark, at_s, conduct)
    record = Record(
        decide(card.content, conduct.rules), card.content, card.mark, direction, card.captured_s
    )
    show = Show(Signal.ACCEPTED, captured_s=card.captured_s)
    return replace(door, inside=inside), (record, show, Unlock())


def _pass(
    door: Door, mark: str, at_s: float, conduct: Conduct
) -> tuple[Direction, Mapping[str, float]]:
    if conduct.passing is not Passing.TOGGLE:
        return Direction(conduct.passing.value), door.inside
    inside = {m: s for m, s in door.inside.items() if at_s - s < conduct.stay_max_s}
    if inside.pop(mark, None) is not None:
        return Direction.OUT, inside
    return Direction.IN, {**inside, mark: at_s}


def _refuse_next(door: Door, at_s: float, conduct: Conduct) -> tuple[Door, tuple[Effect, ...]]:
    """Refuse the oldest code that waited long enough; beside a card, none."""
    if door.phase is not Phase.READY:
        return door, ()
    shown = [
        (p, decide(p.content, conduct.rules))
        for p in door.presentations.values()
        if not p.background
    ]
    card_s = max((p.last_s for p, d in shown if d.accepted), default=float("-inf"))
    if at_s - card_s < conduct.patience.hold_off_s:
        return door, ()
    waiting = [
        (p, d)
        for p, d in shown
        if not (p.settled or d.accepted)
        and at_s - p.first_s >= conduct.refuse_after_s
        # Nobody is there any more to be refused, or it was beside the card, which is read first.
        and at_s - p.last_s < conduct.patience.hold_off_s
        and p.last_s - card_s >= conduct.refuse_after_s
    ]
    if not waiting:
        return door, ()
    presentation, decision = min(waiting, key=lambda entry: entry[0].first_s)
    door = _quiet(_with(door, replace(presentation, settled=True)))
    direction = None if conduct.passing is Passing.TOGGLE else Direction(conduct.passing.value)
    return door, (
        Show(_signal_of(decision.reason), captured_s=presentation.captured_s),
        Record(
            decision, presentation.content, presentation.mark, direction, presentation.captured_s
        ),
    )


def _signal_of(reason: Reason) -> Signal:
    return Signal.NOT_A_CARD if reason in FOREIGN_REASONS.values() else Signal.REJECTED


def _unreadable(door: Door, cue: Looked, conduct: Conduct) -> tuple[Door, tuple[Effect, ...]]:
    """Ask to hold still, once, for a code that stays located but unread."""
    hold_off_s = conduct.patience.hold_off_s
    if any(cue.at_s - p.last_s < hold_off_s for p in door.presentations.values()):
        return door, ()
    since_s = door.unreadable_since_s
    if since_s is None or cue.at_s - door.unreadable_last_s >= hold_off_s:
        door = replace(door, unreadable_told=False)
        since_s = cue.at_s
    door = replace(door, unreadable_since_s=since_s, unreadable_last_s=cue.at_s)
    if door.unreadable_told or cue.at_s - since_s < conduct.hold_still_s:
        return door, ()
    return replace(door, unreadable_told=True), (
        Show(Signal.HOLD_STILL, captured_s=cue.captured_s),
    )


def _with(door: Door, presentation: Presentation) -> Door:
    return replace(door, presentations={**door.presentations, presentation.mark: presentation})


def _quiet(door: Door) -> Door:
    """An answer was given: what was asked of people before it is over."""
    return replace(door, crowd_told=False, unreadable_since_s=None, unreadable_told=False)
