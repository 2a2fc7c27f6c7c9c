"""The door itself: `step(door, cue, conduct) -> (door, effects)`, pure.

Everything enters as a cue and leaves as an effect. The order of a step's effects is their meaning:
an accepted card is `(Record, Show, Unlock)`, so green can only follow a commit. A step holds at
most one `Record`; when performing it fails, the caller drops the step whole (its state and the
effects not yet performed) and gives the door a `FaultRaised` instead. Nothing of the failed step
has then happened, so a card still held up is decided anew when the disk takes writes again.
"""

from dataclasses import replace

from kiosk.door import passage
from kiosk.door.cues import (
    Cue,
    Effect,
    FaultCleared,
    FaultRaised,
    Forget,
    LightsDoubted,
    Looked,
    Record,
    Show,
    ShowAll,
    Sought,
    Ticked,
    TimeLearned,
    Unlock,
)
from kiosk.door.event import Direction
from kiosk.door.judging import attempt_of, decide_card, decide_content, is_card
from kiosk.door.presence import Presentation, forget, observe
from kiosk.door.signal import Fault, Signal, signal_of
from kiosk.door.state import (
    PHASE_SIGNALS,
    TRANSITIONS,
    Conduct,
    Door,
    Passing,
    Phase,
    Turn,
)

__all__ = ["TRANSITIONS", "Conduct", "Door", "Passing", "Phase", "Turn", "step"]

SWEEP_S = 60.0
"""What no rule asks for any more is forgotten once a minute."""


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
            door, swept = _sweep(door, at_s, conduct)
            door, refused = _refuse_next(door, at_s, conduct)
            return door, (*swept, *refused)
        case TimeLearned(_, offset_s):
            return replace(door, offset_s=offset_s), ()
        case Sought() | LightsDoubted():
            return door, (Show(Signal.IDENTIFY) if isinstance(cue, Sought) else ShowAll(),)
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
        sightings = tuple(s for s in sightings if s.answered or s.mark in answered)
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
    cards = [p for p in in_frame if not p.background and is_card(door, p, cue.at_s, conduct)]
    if cards:
        door = _ignore_beside(door, cue.at_s, conduct)
    if len(cards) > 1:
        return _crowd(door, cards, cue.at_s, conduct)
    if cards:
        return _one_card(door, cards[0], cue.at_s, conduct)
    if cue.unreadable and not sightings:
        return _unreadable(door, cue, conduct)
    return _refuse_next(door, cue.at_s, conduct)


def _ignore_beside(door: Door, at_s: float, conduct: Conduct) -> Door:
    """Settle, without an answer, whatever else waits for one while a card is in the picture."""
    beside = {
        mark: replace(p, settled=True)
        for mark, p in door.presentations.items()
        if not (p.settled or is_card(door, p, at_s, conduct))
    }
    return replace(door, presentations={**door.presentations, **beside}) if beside else door


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
    if card.repeated:
        return _answered(door, card, accepted=True), (
            Show(Signal.ALREADY_RECORDED, captured_s=card.captured_s),
        )
    attempt = attempt_of(door, card, at_s, conduct)
    decision = decide_card(door, card, attempt, conduct)
    door = _answered(door, card, accepted=decision.accepted)
    record = Record(decision, card.content, card.mark, attempt.direction, card.captured_s)
    show = Show(signal_of(decision.reason), captured_s=card.captured_s)
    if not decision.accepted:
        return door, (show, record)
    memory = passage.remembered(attempt, door.memory, conduct.doorstep)
    return replace(door, memory=memory), (record, show, Unlock())


def _answered(door: Door, card: Presentation, *, accepted: bool) -> Door:
    return _quiet(_with(door, replace(card, settled=True, accepted=accepted)))


def _sweep(door: Door, at_s: float, conduct: Conduct) -> tuple[Door, tuple[Effect, ...]]:
    """Forget, now and then, what no rule asks for any more; what is on disk goes with it."""
    if at_s - door.swept_s < SWEEP_S:
        return door, ()
    door = replace(door, swept_s=at_s)
    marks = passage.forgotten(door.memory, at_s, conduct.doorstep)
    if not marks:
        return door, ()
    memory = passage.without(door.memory, marks, at_s, conduct.doorstep)
    return replace(door, memory=memory), (Forget(marks),)


def _refuse_next(door: Door, at_s: float, conduct: Conduct) -> tuple[Door, tuple[Effect, ...]]:
    """Refuse the oldest code that waited long enough; beside a card, none."""
    if door.phase is not Phase.READY:
        return door, ()
    shown = [
        (p, decide_content(door, p, at_s, conduct))
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
        Show(signal_of(decision.reason), captured_s=presentation.captured_s),
        Record(
            decision, presentation.content, presentation.mark, direction, presentation.captured_s
        ),
    )


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
