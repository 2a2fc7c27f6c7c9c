"""Rows of people and times, played through the door's machine, and the lights that they saw.

Times are local (UTC+7) in August 2021: `"14 08:00"` is the fourteenth, a Saturday. The door's clock
is right until a row says otherwise; the time that really passes is the door's monotonic clock.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime

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
from kiosk.door.cues import Cue, Effect, Looked, Record, Show, Ticked, TimeLearned
from kiosk.door.machine import Conduct, Door, Passing, Phase, step
from kiosk.door.rules import VIETNAM_OFFSET_S, Rules
from kiosk.door.sighting import Content, Sighting
from kiosk.door.signal import Signal
from kiosk.door.standing import UNLISTED, Standing

ACCEPT = frozenset({"cccd", "card"})
HELD_S = 0.6
_FRAME_S = 0.1


def utc_s(when: str) -> float:
    """Return a local time of August 2021 in Unix seconds."""
    local = datetime.strptime(f"2021 08 {when}", "%Y %m %d %H:%M").replace(tzinfo=UTC)
    return local.timestamp() - VIETNAM_OFFSET_S


def card(number: str, claims: Claims | None = None, validity: Validity | None = None) -> Credential:
    return Credential("card", number, Assurance.SIGNED, validity or Validity(), claims)


def ward(parity: DayParity | None = None, quota: Quota | None = None) -> Claims:
    return Claims("vn-00070", None, parity, quota)


PEOPLE: dict[str, tuple[Content, Standing]] = {
    "An": (Credential("cccd", "099090000001"), UNLISTED),
    "Binh": (Credential("cccd", "099090000002"), UNLISTED),
    "Chi": (Credential("cccd", "099090000003"), UNLISTED),
    "Dung": (Credential("cccd", "099090000004"), UNLISTED),
    "even": (card("01", ward(DayParity.EVEN)), UNLISTED),
    "odd": (card("02", ward(DayParity.ODD)), UNLISTED),
    "twice a week": (card("03", ward(quota=Quota(2, 7))), UNLISTED),
    "once a day": (card("04", ward(quota=Quota(1, 1))), UNLISTED),
    "till noon": (card("05", None, Validity(None, int(utc_s("14 12:00")))), UNLISTED),
    "from noon": (card("06", None, Validity(int(utc_s("14 12:00")), None)), UNLISTED),
    "revoked": (card("07"), Standing(revoked=True)),
    "barred": (Credential("cccd", "099090000008"), Standing(barred=True)),
    "declared": (
        Credential("cccd", "099090000009"),
        Standing(declared_until_s=utc_s("14 12:00")),
    ),
    "barred, revoked": (card("10"), Standing(revoked=True, barred=True)),
    "revoked, late": (
        card("11", None, Validity(None, int(utc_s("14 06:00")))),
        Standing(revoked=True),
    ),
    "forged": (Damaged("card", "signature", Defect.FORGED), UNLISTED),
    "stranger's": (Damaged("card", "issuer", Defect.UNTRUSTED_ISSUER), UNLISTED),
    "torn": (Damaged("cccd", "name: empty"), UNLISTED),
    "insurance": (Credential("bhyt", "0100000001"), UNLISTED),
    "payment": (Foreign(ForeignKind.PAYMENT), UNLISTED),
}
"""Nobody of them exists: province 099 was never given out."""


@dataclass(frozen=True, slots=True)
class Row:
    """What happens at a door: `(when, who, lights)`, or `(when, "clock ...", "")`.

    `who` may be several, with `+`. `lights`: the signal, the reason where it is another word, and
    flags after `!`. Nothing at all is `""`.
    """

    what: str
    story: tuple[tuple[str, str, str], ...]
    rules: Rules = field(default_factory=lambda: Rules(ACCEPT))
    passing: Passing = Passing.IN
    stay_max_s: float = 12 * 3600.0


@dataclass(slots=True)
class Played:
    """A door on its way through a row."""

    conduct: Conduct
    boot_s: float
    door: Door = field(default_factory=lambda: Door(phase=Phase.READY))
    error_s: float = 0.0

    def give(self, cue: Cue) -> tuple[Effect, ...]:
        self.door, effects = step(self.door, cue, self.conduct)
        return effects

    def learn(self, at_s: float, *, known: bool = True) -> None:
        self.give(TimeLearned(at_s, self.boot_s + self.error_s if known else None))

    def turn_clock(self, at_s: float, order: str) -> None:
        """Take `clock lost`, `clock right`, or `clock +72` (hours that it is wrong)."""
        how = order.removeprefix("clock ")
        self.error_s = 0.0 if how in ("lost", "right") else float(how) * 3600
        self.learn(at_s, known=how != "lost")

    def hold(self, at_s: float, names: str) -> str:
        """Hold up for a moment; return the lights."""
        sightings = tuple(
            Sighting(name, PEOPLE[name][0], standing=PEOPLE[name][1]) for name in names.split("+")
        )
        did: list[Effect] = []
        for frame in range(round(HELD_S / _FRAME_S)):
            now_s = at_s + frame * _FRAME_S
            did += self.give(Looked(now_s, now_s, sightings))
            did += self.give(Ticked(now_s))
        self.give(Ticked(at_s + 5))
        return told(did)


def told(did: list[Effect]) -> str:
    """Return what was shown and recorded, in words."""
    decisions = [e.decision for e in did if isinstance(e, Record)]
    words = []
    for show in (e for e in did if isinstance(e, Show)):
        unrecorded = show.signal in (Signal.ALREADY_RECORDED, Signal.ONE_AT_A_TIME)
        decision = None if unrecorded else decisions.pop(0)
        word = show.signal.value
        if decision is not None and not decision.accepted and decision.reason != word:
            word = f"{word} {decision.reason}"
        flags = decision.flags if decision else ()
        words.append(" !".join([word, *flags]))
    return ", ".join(words)


def play(row: Row) -> list[str]:
    """Return the lights of each step of a row."""
    conduct = Conduct(row.rules, row.passing, stay_max_s=row.stay_max_s)
    boot_s = utc_s(row.story[0][0]) - 100
    played = Played(conduct, boot_s)
    played.learn(0.0)
    lights = []
    for when, who, _ in row.story:
        at_s = utc_s(when) - boot_s
        played.give(Ticked(at_s - 1))
        if who.startswith("clock"):
            played.turn_clock(at_s, who)
            lights.append("")
        else:
            lights.append(played.hold(at_s, who))
    return lights
