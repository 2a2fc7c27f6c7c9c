"""What a person sees and hears: one pattern of light and sound per meaning.

Signals differ in colour, rhythm and tone together, so that neither a colour-blind nor a deaf nor a
blind person is left out, and green is kept for one meaning only: *this check-in is on disk*. The
poster's legend, the demo and the kiosk all draw from this table.
"""

from dataclasses import dataclass
from enum import StrEnum

from kiosk.door.reason import FOREIGN_REASONS, Reason


class Signal(StrEnum):
    """A meaning shown at the door."""

    ACCEPTED = "accepted"
    ALREADY_RECORDED = "already-recorded"
    REJECTED = "rejected"
    NOT_A_CARD = "not-a-card"
    DECLARE = "declare"
    """Make your health declaration first."""
    FULL = "full"
    """Wait until somebody comes out."""
    ONE_AT_A_TIME = "one-at-a-time"
    HOLD_STILL = "hold-still"
    STARTING = "starting"
    READY = "ready"
    OUT_OF_ORDER = "out-of-order"
    IDENTIFY = "identify"
    """Somebody looks for this kiosk among others."""


class Fault(StrEnum):
    """Why a door is out of order; there is no screen, so it is counted in blinks."""

    CAMERA = "camera"
    DISK = "disk"


FAULT_BLINKS = {Fault.CAMERA: 2, Fault.DISK: 3}


class OnboardingSignal(StrEnum):
    """A meaning shown to whoever onboards a kiosk.

    Both lights together, which no resident's answer has; green alone means a check-in on disk.
    """

    SHOW_CODE = "show-code"
    """Waiting for an onboarding code."""
    CODE_TAKEN = "code-taken"
    JOINING = "joining"
    """One flash: the network is being joined."""
    AWAITING_TIME = "awaiting-time"
    """Two flashes: the clock is not set yet."""
    ENROLLING = "enrolling"
    """Three flashes: the certificate is being got."""
    FINISHING = "finishing"
    """Four flashes: what came is being written."""
    ONBOARDED = "onboarded"
    JOINED = "joined"
    """The network that a phone's code named is up."""
    NOT_ONBOARDED = "not-onboarded"
    """To a resident: out of order, this kiosk is not onboarded yet."""
    FAILED = "onboarding-failed"


class Failure(StrEnum):
    """Why onboarding does not go on; counted in short red blinks after a long one."""

    NETWORK = "network"
    """The Wi-Fi network is not joined."""
    SERVER = "server"
    """The enrolment server cannot be reached, or is not ours."""
    CLAIM = "claim"
    """The enrolment server refuses the claim: spent, expired, unknown or another door's."""
    OLD = "old"
    """The code is older than this kiosk's software or its last onboarding."""
    UNREADABLE = "unreadable"
    """The code is damaged, or of a later form."""
    OTHER_ISSUER = "other-issuer"
    """No key that this kiosk trusts for onboarding has signed the code."""
    NOT_GENUINE = "not-genuine"
    """The code was altered."""
    OTHER_KIOSK = "other-kiosk"
    """The code's password is sealed to another kiosk."""


FAILURE_BLINKS = {failure: count for count, failure in enumerate(Failure, 1)}


@dataclass(frozen=True, slots=True)
class Step:
    """Lights and tone held for `for_ms`; brightness 0 to 1, `tone_hz` 0 for silence."""

    for_ms: int
    green: float = 0.0
    red: float = 0.0
    tone_hz: int = 0


@dataclass(frozen=True, slots=True)
class Pattern:
    """Steps played in order, `rounds` times or (`repeats`) until something else is shown."""

    steps: tuple[Step, ...]
    repeats: bool = False
    rounds: int = 1

    @property
    def length_ms(self) -> int:
        """How long one round takes."""
        return sum(step.for_ms for step in self.steps)


def _blink(times: int, on: Step, off_ms: int) -> tuple[Step, ...]:
    return (on, Step(off_ms)) * times


PATTERNS: dict[Signal, Pattern] = {
    Signal.ACCEPTED: Pattern(
        (
            Step(120, green=1, tone_hz=1319),
            Step(180, green=1, tone_hz=1760),
            Step(900, green=1),
        )
    ),
    Signal.ALREADY_RECORDED: Pattern(_blink(3, Step(120, green=1, tone_hz=1319), 100)),
    # Long and short: one long light would be "accepted" to who cannot tell red from green.
    Signal.REJECTED: Pattern((Step(700, red=1, tone_hz=330), Step(200), Step(300, red=1))),
    Signal.NOT_A_CARD: Pattern(_blink(2, Step(220, red=1, tone_hz=440), 120)),
    # Rising, as a question is.
    Signal.DECLARE: Pattern(
        (
            Step(400, red=1, tone_hz=523),
            Step(120),
            Step(120, red=1, tone_hz=659),
            Step(120),
            Step(400, red=1, tone_hz=784),
        )
    ),
    # Falling, and long at the end: wait.
    Signal.FULL: Pattern((Step(150, red=1, tone_hz=740), Step(100), Step(750, red=1, tone_hz=554))),
    Signal.ONE_AT_A_TIME: Pattern(
        (
            Step(90, red=1, tone_hz=880),
            Step(90),
            Step(90, red=1, tone_hz=880),
            Step(330),
            Step(90, red=1, tone_hz=880),
            Step(90),
            Step(90, red=1, tone_hz=880),
        )
    ),
    Signal.HOLD_STILL: Pattern(_blink(4, Step(60, red=0.4, tone_hz=660), 190)),
    Signal.STARTING: Pattern((Step(500, red=0.3), Step(500)), repeats=True),
    Signal.READY: Pattern((Step(40, red=0.15), Step(4960)), repeats=True),
    # Long enough to walk towards it; whoever holds up a card meanwhile is answered all the same.
    Signal.IDENTIFY: Pattern(
        (
            *(Step(100, red=1, tone_hz=988), Step(100), Step(100, red=1, tone_hz=1480), Step(100)),
            *(Step(100, red=1, tone_hz=988), Step(100), Step(100, red=1, tone_hz=1480), Step(100)),
            *(Step(100, red=1, tone_hz=988), Step(600)),
        ),
        rounds=8,
    ),
}


def _stage(flashes: int) -> Pattern:
    """Return the pattern of a stage under way: so many flashes of both lights, then a pause."""
    return Pattern((*_blink(flashes, Step(180, green=0.6, red=0.6), 220), Step(1600)), repeats=True)


ONBOARDING_PATTERNS: dict[OnboardingSignal, Pattern] = {
    OnboardingSignal.SHOW_CODE: Pattern((Step(1200, green=0.4, red=0.4), Step(1200)), repeats=True),
    OnboardingSignal.CODE_TAKEN: Pattern(
        (
            *(Step(120, green=1, red=1, tone_hz=784), Step(80)),
            Step(120, green=1, red=1, tone_hz=1047),
            Step(600),
        )
    ),
    OnboardingSignal.JOINING: _stage(1),
    OnboardingSignal.AWAITING_TIME: _stage(2),
    OnboardingSignal.ENROLLING: _stage(3),
    OnboardingSignal.FINISHING: _stage(4),
    OnboardingSignal.ONBOARDED: Pattern(
        (
            *(Step(500, green=1, red=1, tone_hz=784), Step(150)),
            *(Step(500, green=1, red=1, tone_hz=1047), Step(150)),
            Step(900, green=1, red=1, tone_hz=1568),
        )
    ),
    OnboardingSignal.JOINED: Pattern(
        (
            *(Step(700, green=1, red=1, tone_hz=1047), Step(150)),
            Step(150, green=1, red=1, tone_hz=1568),
        )
    ),
    # Four, where a broken camera has two and a full disk three.
    OnboardingSignal.NOT_ONBOARDED: Pattern(_blink(4, Step(250, red=1, tone_hz=330), 250)),
}

_TEST_GAP_MS = 500
_TEST_MOST_MS = 2500


def pattern_of(signal: Signal, fault: Fault | None = None) -> Pattern:
    """Return what `signal` looks and sounds like; out of order counts its `fault` in red blinks.

    >>> len([s for s in pattern_of(Signal.OUT_OF_ORDER, Fault.DISK).steps if s.red])
    3
    """
    if signal is Signal.OUT_OF_ORDER:
        blinks = FAULT_BLINKS[fault] if fault else 1
        return Pattern((*_blink(blinks, Step(250, red=1), 250), Step(1500)), repeats=True)
    return PATTERNS[signal]


def onboarding_pattern(signal: OnboardingSignal, failure: Failure | None = None) -> Pattern:
    """Return what `signal` looks and sounds like; a `failure` is counted after one long red.

    >>> failed = onboarding_pattern(OnboardingSignal.FAILED, Failure.CLAIM)
    >>> len([step for step in failed.steps if step.red and step.for_ms < 1000])
    3
    """
    if signal is OnboardingSignal.FAILED:
        blinks = FAILURE_BLINKS[failure] if failure else 0
        counted = _blink(blinks, Step(200, red=1, tone_hz=392), 300)
        long = (Step(1000, red=1, tone_hz=262), Step(600))
        return Pattern((*long, *counted, Step(1000)), rounds=2)
    return ONBOARDING_PATTERNS[signal]


def lights_test() -> Pattern:
    """Return every signal in turn, one round of each, for whoever tests lights and buzzer.

    A check-in's green must not be seen without a check-in: where a signal is green, red is lit
    beside it and there is no tone. What is dark for long is cut short.
    """
    shown = [pattern_of(signal) for signal in PATTERNS]
    shown += [pattern_of(Signal.OUT_OF_ORDER, fault) for fault in Fault]
    steps = [step for pattern in shown for step in (*_told_apart(pattern), Step(_TEST_GAP_MS))]
    return Pattern(tuple(steps))


def _told_apart(pattern: Pattern) -> tuple[Step, ...]:
    is_green = any(step.green for step in pattern.steps)
    return tuple(
        Step(
            min(step.for_ms, _TEST_MOST_MS),
            step.green,
            max(step.green, step.red),
            0 if is_green else step.tone_hz,
        )
        for step in pattern.steps
    )


ANSWERS = {
    Reason.OK: Signal.ACCEPTED,
    Reason.DECLARATION_MISSING: Signal.DECLARE,
    Reason.DECLARATION_EXPIRED: Signal.DECLARE,
    Reason.FULL: Signal.FULL,
    **dict.fromkeys(FOREIGN_REASONS.values(), Signal.NOT_A_CARD),
}
"""What shows a reason; every other one is shown as a card that is not accepted."""


def signal_of(reason: Reason) -> Signal:
    """Return what a decision's reason looks and sounds like.

    >>> signal_of(Reason.EXPIRED), signal_of(Reason.FULL)
    (<Signal.REJECTED: 'rejected'>, <Signal.FULL: 'full'>)
    """
    return ANSWERS.get(reason, Signal.REJECTED)
