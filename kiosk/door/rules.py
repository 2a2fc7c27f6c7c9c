"""Who may pass: rules in order, and the first that refuses gives the reason.

This floor knows the rules and nothing of their storage: what a rule needs to know about the world
comes in as an argument. Here are the rules about what is held up and when, which also say what
counts as a card for "one at a time"; those that need to know who passed before are in `passage.py`.
A rule that cannot be judged, because nobody knows the time, refuses nobody by itself: any rule that
can be judged comes first, and then the venue's `untrusted_clock` decides.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from kiosk.door.credential import Assurance, Credential, Damaged, DayParity, Defect, Foreign
from kiosk.door.hours import DAY_S
from kiosk.door.reason import (
    ACCEPTED,
    DEFECT_REASONS,
    FOREIGN_REASONS,
    REFUSALS,
    VIETNAM_OFFSET_S,
    Decision,
    Flag,
    Passback,
    Reason,
    Rule,
    Rules,
    UntrustedClock,
    Verdict,
)
from kiosk.door.sighting import Content
from kiosk.door.standing import UNLISTED, Standing

__all__ = [
    "ACCEPTED",
    "DEFECT_REASONS",
    "FOREIGN_REASONS",
    "REFUSALS",
    "VIETNAM_OFFSET_S",
    "Case",
    "Decision",
    "Finding",
    "Flag",
    "Passback",
    "Reason",
    "Rule",
    "Rules",
    "UntrustedClock",
    "Verdict",
    "conclude",
    "decide",
    "findings",
    "known",
    "local_day",
]

Finding = tuple[Rule, Reason | None]
"""What one rule says: the reason to refuse, `OK`, `CLOCK_UNTRUSTED` where it cannot be judged, or
None where it is not asked."""
_LAST_UTC_S = 253_402_128_000.0
"""Shortly before the year 10000: up to here every local time has a date."""
_FIRST_DAY = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Case:
    """What is judged: what is held up, what the lists say of it, when, and which way it goes.

    `utc_s`: Unix seconds; None where nobody knows the time. `leaving`: rules about coming in do not
    hold for who goes out: nobody is kept inside because the hours are over.
    """

    content: Content
    rules: Rules
    utc_s: float | None = None
    standing: Standing = UNLISTED
    leaving: bool = False


Judge = Callable[[Case, Credential], Reason | None]


def decide(content: Content, rules: Rules, utc_s: float | None = None) -> Decision:
    """Return what the rules about a card say of what was held up; the first refusal wins.

    >>> from kiosk.door.credential import ForeignKind
    >>> decide(Foreign(ForeignKind.PAYMENT), Rules(frozenset({"cccd"}))).reason
    <Reason.PAYMENT_CODE: 'payment-code'>
    """
    return conclude(findings(Case(content, rules, known(utc_s))), rules)


def findings(case: Case) -> Iterator[Finding]:
    """Yield what each rule about a card says, in order; ends with what is no good card."""
    content = case.content
    if isinstance(content, Foreign):
        yield Rule.FORMAT, FOREIGN_REASONS[content.kind]
        return
    yield Rule.FORMAT, Reason.OK if content.kind in case.rules.accept else Reason.KIND_NOT_ACCEPTED
    if isinstance(content, Damaged):
        if content.defect is not Defect.MALFORMED:
            yield Rule.READABLE, Reason.OK
        rule = Rule.READABLE if content.defect is Defect.MALFORMED else Rule.GENUINE
        yield rule, DEFECT_REASONS[content.defect]
        return
    yield Rule.READABLE, Reason.OK
    yield Rule.GENUINE, Reason.OK if content.assurance is Assurance.SIGNED else None
    for name, judge in JUDGES:
        yield name, judge(case, content)


def conclude(found: Iterable[Finding], rules: Rules) -> Decision:
    """Return the decision that follows from what the rules said, in their order."""
    unjudged = False
    for _, reason in found:
        if reason is Reason.CLOCK_UNTRUSTED:
            unjudged = True
        elif not (reason is None or reason is Reason.OK):
            return Decision(Verdict.REJECTED, reason)
    if not unjudged:
        return ACCEPTED
    if rules.untrusted_clock is UntrustedClock.REFUSE:
        return Decision(Verdict.REJECTED, Reason.CLOCK_UNTRUSTED)
    return Decision(Verdict.ACCEPTED, Reason.OK, (Flag.CLOCK_UNTRUSTED,))


def known(utc_s: float | None) -> float | None:
    """Return the time, or None where nobody knows it or no calendar has it.

    >>> known(1e9), known(-1.0), known(float("nan")), known(None)
    (1000000000.0, None, None, None)
    """
    return utc_s if utc_s is not None and 0 <= utc_s < _LAST_UTC_S else None


def local_day(utc_s: float, rules: Rules) -> int:
    """Return the number of the local day; day 0 is 1970-01-01.

    >>> local_day(17 * 3600.0, Rules(frozenset()))
    1
    """
    return int((utc_s + rules.utc_offset_s) // DAY_S)


def _validity(case: Case, card: Credential) -> Reason | None:
    validity, utc_s = card.validity, case.utc_s
    if validity.not_before_s is None and validity.expires_s is None:
        return None
    if utc_s is None:
        return Reason.CLOCK_UNTRUSTED
    if validity.not_before_s is not None and utc_s < validity.not_before_s:
        return Reason.NOT_YET_VALID
    if validity.expires_s is not None and utc_s >= validity.expires_s:
        return Reason.EXPIRED
    return Reason.OK


def _revoked(case: Case, _: Credential) -> Reason | None:
    return Reason.REVOKED if case.standing.revoked else Reason.OK


def _barred(case: Case, _: Credential) -> Reason | None:
    return Reason.BARRED if case.standing.barred else Reason.OK


def _declaration(case: Case, _: Credential) -> Reason | None:
    if case.leaving or not case.rules.declaration:
        return None
    until_s = case.standing.declared_until_s
    if until_s is None:
        return Reason.DECLARATION_MISSING
    if case.utc_s is None:
        return Reason.CLOCK_UNTRUSTED
    return Reason.OK if case.utc_s < until_s else Reason.DECLARATION_EXPIRED


def _hours(case: Case, _: Credential) -> Reason | None:
    if case.leaving or case.rules.hours is None:
        return None
    if case.utc_s is None:
        return Reason.CLOCK_UNTRUSTED
    is_open = case.rules.hours.open_at(case.utc_s + case.rules.utc_offset_s)
    return Reason.OK if is_open else Reason.OUTSIDE_HOURS


def _day_parity(case: Case, card: Credential) -> Reason | None:
    if case.leaving or card.claims is None or card.claims.parity is None:
        return None
    if case.utc_s is None:
        return Reason.CLOCK_UNTRUSTED
    day = date.fromordinal(_FIRST_DAY + local_day(case.utc_s, case.rules)).day
    parity = DayParity.ODD if day % 2 else DayParity.EVEN
    return Reason.OK if card.claims.parity is parity else Reason.WRONG_DAY


JUDGES: tuple[tuple[Rule, Judge], ...] = (
    (Rule.VALIDITY, _validity),
    (Rule.REVOKED, _revoked),
    (Rule.BARRED, _barred),
    (Rule.DECLARATION, _declaration),
    (Rule.HOURS, _hours),
    (Rule.DAY_PARITY, _day_parity),
)
"""What is asked of a genuine card, in this order."""
