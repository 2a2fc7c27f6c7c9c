"""All rules together, about one card held up at one door: what each says, and the decision."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from kiosk.door import passage
from kiosk.door.credential import Credential
from kiosk.door.event import Direction
from kiosk.door.passage import Attempt
from kiosk.door.presence import Presentation
from kiosk.door.rules import Case, Decision, Finding, Flag, conclude, findings, known
from kiosk.door.state import Conduct, Door, Passing


def way_of(door: Door, mark: str, at_s: float, conduct: Conduct) -> Direction:
    """Return which way somebody would pass now: at a toggling door, out of where they are."""
    if conduct.passing is not Passing.TOGGLE:
        return Direction(conduct.passing.value)
    leaves = passage.is_inside(door.memory, mark, at_s, conduct.stay_max_s)
    return Direction.OUT if leaves else Direction.IN


def case_of(door: Door, shown: Presentation, at_s: float, conduct: Conduct) -> Case:
    """Return what is known of what is held up; who would go out is leaving."""
    utc_s = None if door.offset_s is None else known(at_s + door.offset_s)
    way = way_of(door, shown.mark, at_s, conduct)
    return Case(shown.content, conduct.rules, utc_s, shown.standing, way is Direction.OUT)


def attempt_of(door: Door, card: Presentation, at_s: float, conduct: Conduct) -> Attempt:
    """Return somebody's attempt to pass with this card, now."""
    claims = card.content.claims if isinstance(card.content, Credential) else None
    utc_s = None if door.offset_s is None else known(at_s + door.offset_s)
    return Attempt(card.mark, way_of(door, card.mark, at_s, conduct), at_s, claims, utc_s)


def decide_content(door: Door, shown: Presentation, at_s: float, conduct: Conduct) -> Decision:
    """Return what the rules about a card say, whoever passed before."""
    return conclude(findings(case_of(door, shown, at_s, conduct)), conduct.rules)


def is_card(door: Door, shown: Presentation, at_s: float, conduct: Conduct) -> bool:
    """Tell whether the rules about a card let it pass."""
    return decide_content(door, shown, at_s, conduct).accepted


def everything(
    door: Door, card: Presentation, attempt: Attempt, conduct: Conduct
) -> Iterator[Finding]:
    """Yield what every rule says of one card alone, in order."""
    case = case_of(door, card, attempt.at_s, conduct)
    return chain(findings(case), passage.findings(attempt, door.memory, conduct.doorstep))


def decide_card(door: Door, card: Presentation, attempt: Attempt, conduct: Conduct) -> Decision:
    """Return the decision about one card alone, by all rules; a soft refusal is a flag."""
    decision = conclude(everything(door, card, attempt, conduct), conduct.rules)
    if decision.accepted and passage.is_passback(attempt, door.memory, conduct.doorstep):
        return replace(decision, flags=(Flag.PASSBACK, *decision.flags))
    return decision
