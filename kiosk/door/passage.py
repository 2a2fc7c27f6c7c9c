"""Who passed before: the rules that need to know it, and what must be remembered for them.

All times are monotonic seconds of this run, so that a clock that is set makes nobody's stay longer
or shorter and counts no visit twice; what a day is, is worked out from the clock when it is asked.
A pass is remembered only where a rule asks for it, and only for as long.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from kiosk.door.credential import Claims, Quota
from kiosk.door.event import Direction
from kiosk.door.hours import DAY_S
from kiosk.door.rules import Finding, Passback, Reason, Rule, Rules, local_day

MOST_VISITS = 200
"""Of one card: more than any quota counts."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Which way somebody passed last, and when (monotonic s)."""

    direction: Direction
    at_s: float


@dataclass(frozen=True, slots=True)
class Visits:
    """When somebody came in (monotonic s, in order), and for how many days that counts."""

    times_s: tuple[float, ...]
    days: int


@dataclass(frozen=True, slots=True)
class Memory:
    """What a door remembers of those who passed, by mark."""

    passages: Mapping[str, Passage] = field(default_factory=dict)
    visits: Mapping[str, Visits] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Doorstep:
    """What of a door's conduct counts here. `stay_max_s`: the longest stay that is believed."""

    rules: Rules
    counts_both_ways: bool
    stay_max_s: float

    def keeps_s(self, direction: Direction) -> float:
        """Return for how long somebody's last pass matters; 0 where it does not."""
        passback = self.rules.passback
        timed_s = self.rules.passback_s if passback is Passback.TIMED else 0.0
        if self.counts_both_ways:
            return max(timed_s, self.stay_max_s if direction is Direction.IN else 0.0)
        return self.stay_max_s if passback in (Passback.SOFT, Passback.HARD) else timed_s


@dataclass(frozen=True, slots=True)
class Attempt:
    """Somebody about to pass; `utc_s` is None where nobody knows the time."""

    mark: str
    direction: Direction
    at_s: float
    claims: Claims | None = None
    utc_s: float | None = None


def is_inside(memory: Memory, mark: str, at_s: float, stay_max_s: float) -> bool:
    """Tell whether somebody came in and is believed to be there still."""
    last = memory.passages.get(mark)
    return last is not None and last.direction is Direction.IN and at_s - last.at_s < stay_max_s


def count_inside(memory: Memory, at_s: float, stay_max_s: float) -> int:
    """Return how many are believed to be inside."""
    after_s = at_s - stay_max_s
    # A list: half the time of a generator, and somebody waits for it.
    inside = [p for p in memory.passages.values() if p.direction is Direction.IN]
    return len([p for p in inside if p.at_s > after_s])


def findings(attempt: Attempt, memory: Memory, doorstep: Doorstep) -> Iterator[Finding]:
    """Yield what each rule about earlier passes says, in order.

    Soft anti-passback refuses nobody; whether it has something to say, `is_passback` tells.
    """
    yield Rule.QUOTA, _quota(attempt, memory, doorstep.rules)
    yield Rule.PASSBACK, _passback(attempt, memory, doorstep)
    yield Rule.CAPACITY, _capacity(attempt, memory, doorstep)


def is_passback(attempt: Attempt, memory: Memory, doorstep: Doorstep) -> bool:
    """Tell whether somebody passes again too soon, by the venue's kind of anti-passback.

    Where both ways are counted, in and out alternate: only `timed` can be violated there.
    """
    rules = doorstep.rules
    last = memory.passages.get(attempt.mark)
    if last is None or rules.passback is Passback.OFF:
        return False
    passed_s = attempt.at_s - last.at_s
    if rules.passback is Passback.TIMED:
        return passed_s < rules.passback_s
    return last.direction is attempt.direction and passed_s < doorstep.stay_max_s


def remembered(attempt: Attempt, memory: Memory, doorstep: Doorstep) -> Memory:
    """Return the memory after somebody passed; the same one where no rule asks for it."""
    passages, visits = memory.passages, memory.visits
    if doorstep.keeps_s(attempt.direction) > 0:
        passages = {**passages, attempt.mark: Passage(attempt.direction, attempt.at_s)}
    elif attempt.mark in passages:
        passages = dict(passages)
        del passages[attempt.mark]
    quotas = _quotas(attempt, doorstep.rules)
    if quotas and attempt.direction is Direction.IN:
        days = max(quota.days for quota in quotas)
        before = visits[attempt.mark].times_s if attempt.mark in visits else ()
        recent = [t for t in before if attempt.at_s - t < days * DAY_S]
        times_s = (*recent, attempt.at_s)[-MOST_VISITS:]
        visits = {**visits, attempt.mark: Visits(times_s, days)}
    if passages is memory.passages and visits is memory.visits:
        return memory
    return Memory(passages, visits)


def forgotten(memory: Memory, at_s: float, doorstep: Doorstep) -> frozenset[str]:
    """Return the marks of whom something is remembered that no rule asks for any more."""
    keeps_s = {way: doorstep.keeps_s(way) for way in Direction}
    old = [m for m, p in memory.passages.items() if at_s - p.at_s >= keeps_s[p.direction]]
    old += [m for m, v in memory.visits.items() if at_s - v.times_s[-1] >= v.days * DAY_S]
    return frozenset(old)


def without(memory: Memory, marks: frozenset[str], at_s: float, doorstep: Doorstep) -> Memory:
    """Return the memory without what is over of these marks."""
    keeps_s = {way: doorstep.keeps_s(way) for way in Direction}
    return Memory(
        {
            m: p
            for m, p in memory.passages.items()
            if m not in marks or at_s - p.at_s < keeps_s[p.direction]
        },
        {
            m: v
            for m, v in memory.visits.items()
            if m not in marks or at_s - v.times_s[-1] < v.days * DAY_S
        },
    )


def _quotas(attempt: Attempt, rules: Rules) -> list[Quota]:
    claimed = attempt.claims.quota if attempt.claims else None
    return [quota for quota in (claimed, rules.quota) if quota is not None]


def _quota(attempt: Attempt, memory: Memory, rules: Rules) -> Reason | None:
    """Judge the card's quota and the venue's, by local days; who goes out uses up nothing."""
    quotas = _quotas(attempt, rules)
    if not quotas or attempt.direction is Direction.OUT:
        return None
    visits = memory.visits.get(attempt.mark)
    if visits is None:
        return Reason.OK
    if attempt.utc_s is None:
        return Reason.CLOCK_UNTRUSTED
    ahead_s = attempt.utc_s - attempt.at_s
    today = local_day(attempt.utc_s, rules)
    days = [today - local_day(time_s + ahead_s, rules) for time_s in visits.times_s]
    is_used = any(sum(ago < quota.days for ago in days) >= quota.visits for quota in quotas)
    return Reason.QUOTA_USED if is_used else Reason.OK


def _passback(attempt: Attempt, memory: Memory, doorstep: Doorstep) -> Reason | None:
    if doorstep.rules.passback is Passback.OFF:
        return None
    refuses = doorstep.rules.passback is not Passback.SOFT
    return Reason.PASSBACK if refuses and is_passback(attempt, memory, doorstep) else Reason.OK


def _capacity(attempt: Attempt, memory: Memory, doorstep: Doorstep) -> Reason | None:
    capacity = doorstep.rules.capacity
    if capacity is None or attempt.direction is Direction.OUT:
        return None
    inside = count_inside(memory, attempt.at_s, doorstep.stay_max_s)
    return Reason.FULL if inside >= capacity else Reason.OK
