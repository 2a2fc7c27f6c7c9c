"""What enters onboarding as a cue, and what leaves it as an effect."""

from dataclasses import dataclass, field

from kiosk.door.cues import FaultCleared, FaultRaised, Guide, Show
from kiosk.door.signal import Failure, Fault
from kiosk.onboarding.form import Refusal, Setup
from kiosk.onboarding.stages import Stage


@dataclass(frozen=True, slots=True)
class CodeShown:
    """An onboarding code is held up; `mark` tells it from others, `found` is what it says."""

    at_s: float
    mark: str
    found: Setup | Refusal
    raw: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class CardShown:
    """A code that onboards nobody is held up: a resident's card, most likely."""

    at_s: float
    mark: str


@dataclass(frozen=True, slots=True)
class CodeKept:
    """A code was found on the disk: a power cut came between."""

    at_s: float
    setup: Setup


@dataclass(frozen=True, slots=True)
class WorkDone:
    """What began as this attempt has succeeded."""

    at_s: float
    attempt: int


@dataclass(frozen=True, slots=True)
class WorkFailed:
    """What began as this attempt has failed; `final`: it always would."""

    at_s: float
    attempt: int
    why: Failure | Fault
    final: bool = False


@dataclass(frozen=True, slots=True)
class TimePassed:
    """Time passed; `utc_s` is what the machine's clock says, right or wrong."""

    at_s: float
    utc_s: float


Shown = CodeShown | CardShown
Worked = WorkDone | WorkFailed
Cue = Shown | CodeKept | Worked | TimePassed | FaultRaised | FaultCleared


@dataclass(frozen=True, slots=True)
class Keep:
    """Put this code on the disk; effects that follow happen only if that succeeded."""

    raw: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Begin:
    """Begin a stage's work, beside this; its end comes back as a cue with the same `attempt`."""

    attempt: int
    stage: Stage
    setup: Setup


@dataclass(frozen=True, slots=True)
class Discard:
    """Remove the code from the disk."""


@dataclass(frozen=True, slots=True)
class End:
    """Onboarding is over: the kiosk is `onboarded`, or goes on as the door that it was."""

    onboarded: bool


Effect = Keep | Begin | Discard | Guide | Show | End
