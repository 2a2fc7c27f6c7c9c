"""What each rule of a door says of one card: computed as the door does, and changing nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from kiosk.app.conduct import conduct_of
from kiosk.app.config_problems import one_line
from kiosk.app.lists_thread import keeper_of
from kiosk.app.memory import Recollection
from kiosk.app.settings import Settings
from kiosk.clock import Clock, manual
from kiosk.door.credential import Credential, Damaged
from kiosk.door.event import Direction
from kiosk.door.judging import attempt_of, decide_card, decide_content, everything
from kiosk.door.machine import Conduct, Door, Phase
from kiosk.door.passage import Memory, Passage, count_inside
from kiosk.door.presence import Presentation
from kiosk.door.rules import Decision, Flag, Reason, Rule
from kiosk.door.sighting import Content
from kiosk.door.signal import Signal, signal_of
from kiosk.door.signal_names import SIGNALS
from kiosk.door.standing import UNLISTED
from kiosk.identity import handle_of, mark_of
from kiosk.outbox.store import passed, reading
from kiosk.payloads import formats, read

_FIRST_VISIT = "quota, anti-passback and capacity are judged as for the first person ever"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be explained.

    `at`: None for now. `inside`: None for as many as there are. `outbox`: None for the one that the
    settings name.
    """

    raw: bytes
    at: datetime | None = None
    knows_time: bool = True
    inside: int | None = None
    outbox: Path | None = None


@dataclass(frozen=True, slots=True)
class Explained:
    """What each rule said (None: it was not asked; missing: it was not reached), and from what."""

    card: str
    sources: Mapping[str, str]
    direction: Direction | None
    said: Mapping[Rule, Reason | None]
    decision: Decision

    @property
    def signal(self) -> Signal:
        """What the door would show."""
        return signal_of(self.decision.reason)

    def as_json(self) -> dict[str, Any]:
        """Return it for a program."""
        decision = self.decision
        rules = [
            {"rule": rule.value, "finding": self._finding(rule), "reason": self._reason(rule)}
            for rule in Rule
        ]
        return {
            "card": self.card,
            **self.sources,
            "direction": self.direction,
            "rules": rules,
            "verdict": decision.verdict.value,
            "reason": decision.reason.value,
            "flags": [flag.value for flag in decision.flags],
            "signal": self.signal.value,
        }

    def as_lines(self) -> Iterator[str]:
        """Yield it for a person."""
        for name, text in {"card": self.card, **self.sources}.items():
            yield f"{name:10}{one_line(text)}"
        yield f"{'direction':10}{self.direction or 'none'}"
        for number, rule in enumerate(Rule, 1):
            reason = self._reason(rule)
            why = f": {reason}" if reason else ""
            yield f"{number:>3}  {rule.value:13}{self._finding(rule)}{why}"
        flags = "".join(f", flag {flag}" for flag in self.decision.flags)
        yield f"{'decision':10}{self.decision.verdict}, {self.decision.reason}{flags}"
        vietnamese, english = SIGNALS[self.signal]
        yield f"{'signal':10}{self.signal}: {vietnamese} / {english}"

    def _finding(self, rule: Rule) -> str:
        if rule not in self.said:
            return "not reached"
        reason = self.said[rule]
        if reason is None:
            return "not asked here"
        if reason is Reason.CLOCK_UNTRUSTED:
            return "cannot be judged"
        return "passes" if reason is Reason.OK else "refuses"

    def _reason(self, rule: Rule) -> str | None:
        """Return why a rule does not simply pass somebody."""
        if rule is Rule.PASSBACK and Flag.PASSBACK in self.decision.flags:
            return "flagged"
        reason = self.said.get(rule)
        return None if reason in (None, Reason.OK) else str(reason)


def explain(settings: Settings, asked: Asked) -> Explained:
    """Return what the door of these settings would say of a payload.

    Raises:
        SettingsError: The settings name something that this machine does not have.
        OutboxError: The outbox file that was asked for cannot be read.
    """
    conduct = conduct_of(settings)
    clock = _clock(settings, asked)
    lists = keeper_of(settings)
    lists.load(mend=False)
    book = lists.book()
    content = read(asked.raw, formats(), book.context)
    standing = UNLISTED
    if isinstance(content, Credential):
        standing = book.standing(content, handle_of(content, settings.secrets.site_key.key))
    mark, memory, remembered = _remembered(settings, asked, content, clock, conduct)
    offset_s = clock.unix_s() if clock.trusted() else None
    door = Door(phase=Phase.READY, memory=memory, offset_s=offset_s)
    shown = Presentation(mark, content, 0, 0, 0, 0, standing=standing)
    listed = ", ".join(f"{n} version {v.version}" for n, v in book.versions.items())
    sources = {
        "time": _told_time(clock, conduct),
        "memory": remembered,
        "lists": listed or "none: nobody is revoked, barred or declared, and no issuer is trusted",
    }
    card = _told(content)
    if not isinstance(content, Credential):
        decision = decide_content(door, shown, 0.0, conduct)
        rule = Rule.FORMAT
        if isinstance(content, Damaged) and decision.reason is not Reason.KIND_NOT_ACCEPTED:
            rule = Rule.READABLE if decision.reason is Reason.MALFORMED else Rule.GENUINE
        before = dict.fromkeys(list(Rule)[: list(Rule).index(rule)], Reason.OK)
        return Explained(card, sources, None, {**before, rule: decision.reason}, decision)
    attempt = attempt_of(door, shown, 0.0, conduct)
    said = dict(everything(door, shown, attempt, conduct))
    decision = decide_card(door, shown, attempt, conduct)
    return Explained(card, sources, attempt.direction, said, decision)


def _clock(settings: Settings, asked: Asked) -> Clock:
    """Return a clock that stands still at the time that is asked about."""
    own: Clock = settings.clock.load().build(settings.clock.settings)
    start = asked.at or datetime.fromtimestamp(own.unix_s(), UTC)
    trusted = asked.knows_time and (asked.at is not None or own.trusted())
    return manual.build(manual.Settings(start=start, trusted=trusted))


def _told_time(clock: Clock, conduct: Conduct) -> str:
    if not clock.trusted():
        return "not known: nothing has synchronised the clock; --at gives a time"
    local = timezone(timedelta(seconds=conduct.rules.utc_offset_s))
    return datetime.fromtimestamp(clock.unix_s(), local).isoformat(sep=" ", timespec="minutes")


def _told(content: Content) -> str:
    if isinstance(content, Credential):
        return f"{content.kind}, {content.assurance}"
    return f"{content.kind}, damaged" if isinstance(content, Damaged) else f"none: {content.kind}"


def _remembered(
    settings: Settings, asked: Asked, content: Content, clock: Clock, conduct: Conduct
) -> tuple[str, Memory, str]:
    """Return this card's mark, who passed before, and in words from where that is known."""
    mark, memory, told = "", Memory(), ""
    path = asked.outbox or getattr(settings.outbox.settings, "path", None)
    key_file = settings.identity.device_key_file
    if path is None:
        told = f"none: the outbox keeps no file; {_FIRST_VISIT}"
    elif asked.outbox is None and not path.is_file():
        told = f"none: there is no {path}; {_FIRST_VISIT}"
    else:
        try:
            mark = mark_of(content, asked.raw, key_file.read_bytes())
        except OSError as error:
            told = f"none: {key_file}: {error.strerror}; {_FIRST_VISIT}"
        else:
            with reading.reading(path) as opened:
                stored = passed.memory(opened.db)
            memory = Recollection(clock, conduct.rules.utc_offset_s).recall(stored)
    if asked.inside is not None:
        memory = _with_inside(memory, mark, asked.inside)
    count = count_inside(memory, 0.0, conduct.stay_max_s)
    return mark, memory, told or f"{path}: {len(memory.passages)} passed, {count} inside"


def _with_inside(memory: Memory, mark: str, count: int) -> Memory:
    """Return the memory with so many inside; this card among them if it was, and there is room."""
    own = memory.passages.get(mark)
    passages = {} if own is None else {mark: own}
    if own is not None and own.direction is Direction.IN:
        count -= 1
    if count < 0:
        passages = {}
    passages |= {f"somebody {n}": Passage(Direction.IN, 0.0) for n in range(count)}
    return Memory(passages, memory.visits)
