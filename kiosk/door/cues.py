"""What enters the door as a cue, and what leaves it as an effect."""

from dataclasses import dataclass

from kiosk.door.event import Direction
from kiosk.door.rules import Decision
from kiosk.door.sighting import Content, Sighting
from kiosk.door.signal import Failure, Fault, OnboardingSignal, Signal


@dataclass(frozen=True, slots=True)
class Looked:
    """The eye saw a frame: what it read, and whether there was a code that it could not read."""

    at_s: float
    captured_s: float
    sightings: tuple[Sighting, ...]
    unreadable: bool = False


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time passed."""

    at_s: float


@dataclass(frozen=True, slots=True)
class FaultRaised:
    """Something that the door cannot work without has failed."""

    at_s: float
    fault: Fault


@dataclass(frozen=True, slots=True)
class FaultCleared:
    """It works, proven by having worked: a frame seen, a row written."""

    at_s: float
    fault: Fault


@dataclass(frozen=True, slots=True)
class TimeLearned:
    """What UTC is ahead of the monotonic clock, in seconds; None: no clock is trusted."""

    at_s: float
    offset_s: float | None


@dataclass(frozen=True, slots=True)
class Sought:
    """Somebody wants to find this kiosk among others."""

    at_s: float


@dataclass(frozen=True, slots=True)
class LightsDoubted:
    """Somebody wants to see whether lights and buzzer work."""

    at_s: float


Cue = Looked | Ticked | FaultRaised | FaultCleared | TimeLearned | Sought | LightsDoubted


@dataclass(frozen=True, slots=True)
class Record:
    """Commit this check-in to disk; effects that follow happen only if that succeeded."""

    decision: Decision
    content: Content
    mark: str
    direction: Direction | None
    captured_s: float


@dataclass(frozen=True, slots=True)
class Show:
    """Show a signal; `captured_s` is the exposure of the frame that it answers."""

    signal: Signal
    fault: Fault | None = None
    captured_s: float | None = None


@dataclass(frozen=True, slots=True)
class ShowAll:
    """Show every signal in turn, as a test that nobody takes for an answer."""


@dataclass(frozen=True, slots=True)
class Guide:
    """Show how it stands to whoever onboards this kiosk; the door itself never asks for it."""

    signal: OnboardingSignal
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Unlock:
    """Let the door be opened, for as long as the relay is set to."""


@dataclass(frozen=True, slots=True)
class Forget:
    """Take off the disk what the memory no longer holds of these marks; there is no hurry."""

    marks: frozenset[str]


Effect = Record | Show | ShowAll | Unlock | Forget
