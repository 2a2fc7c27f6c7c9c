"""What a door is between two cues: its phase, how it behaves, and everything that it remembers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kiosk.door.event import Direction
from kiosk.door.passage import Doorstep, Memory
from kiosk.door.presence import Patience, Presentations
from kiosk.door.rules import Rules
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
    and `stay_max_s` is the longest stay that is believed.
    """

    rules: Rules
    passing: Passing = Passing.IN
    patience: Patience = field(default_factory=Patience)
    refuse_after_s: float = 0.25
    alone_s: float = 0.5
    hold_still_s: float = 0.5
    stay_max_s: float = 12 * 3600.0

    @property
    def doorstep(self) -> Doorstep:
        """What of this counts for who passed before."""
        return Doorstep(self.rules, self.passing is Passing.TOGGLE, self.stay_max_s)


@dataclass(frozen=True, slots=True)
class Door:
    """Everything the door remembers.

    `offset_s`: UTC less the monotonic clock, None while no clock is trusted. `swept_s`: when it was
    last asked whom to forget.
    """

    phase: Phase = Phase.STARTING
    faults: frozenset[Fault] = frozenset()
    presentations: Presentations = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)
    offset_s: float | None = None
    swept_s: float = float("-inf")
    crowd_s: float = float("-inf")
    crowd_told: bool = False
    unreadable_since_s: float | None = None
    unreadable_last_s: float = float("-inf")
    unreadable_told: bool = False

    @property
    def background_count(self) -> int:
        """How many codes are masked because they belong to the room."""
        return sum(p.background for p in self.presentations.values())

    @property
    def inside(self) -> Mapping[str, float]:
        """Who came in last and has not left, and when (monotonic s)."""
        passages = self.memory.passages
        return {m: p.at_s for m, p in passages.items() if p.direction is Direction.IN}
