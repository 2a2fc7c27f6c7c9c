"""A kiosk that is being onboarded: one thread turns cues into effects, as the door's does.

The eye, the link to it and the lights are the door's own. Nothing that is held up is recorded, and
what a card says is not even looked at.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from secrets import token_bytes
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from kiosk.app.eye_watch import EyeWatch
from kiosk.app.health import Proofs
from kiosk.app.inbox import Inbox, Item, WorkEnded
from kiosk.app.logs import Log
from kiosk.app.notify import Notify
from kiosk.app.telling import Pulse
from kiosk.clock import Clock
from kiosk.door.cues import FaultCleared, FaultRaised, Guide, Show
from kiosk.door.signal import Fault
from kiosk.errors import OnboardingRefused
from kiosk.eye.link import EyeGone, Heard
from kiosk.eye.messages import Seen
from kiosk.eye.supervisor import START_PATIENCE_S, Supervisor
from kiosk.onboarding.cues import (
    Begin,
    CardShown,
    CodeKept,
    CodeShown,
    Cue,
    Discard,
    End,
    Keep,
    TimePassed,
    WorkDone,
    WorkFailed,
)
from kiosk.onboarding.form import Refusal, Setup, opened
from kiosk.onboarding.kept import KeptCode, probe
from kiosk.onboarding.machine import Onboarding, state_of, step
from kiosk.onboarding.shown import is_code
from kiosk.payloads.parts.trust import Context

_log = Log()

TICK_S = 0.1
PROBE_FAILED_S = 1.0
PROBE_IDLE_S = 30.0


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose codes are taken, and from when on; `bootstrap` opens a sealed password."""

    signers: Context
    floor_s: int
    bootstrap: X25519PrivateKey | None = None

    def read(self, raw: bytes) -> Setup | Refusal:
        """Return what a code says, or why it is not taken."""
        try:
            return opened(raw, self.signers, self.floor_s, self.bootstrap)
        except OnboardingRefused as error:
            return Refusal(error.refusal)


class Lights(Protocol):
    """What is asked of the player; nothing blocks."""

    @property
    def turned_s(self) -> float:
        """When its thread last turned (monotonic s)."""

    def play(self, effect: Guide | Show) -> None:
        """Play `effect` now."""


class Hands(Protocol):
    """What is asked of the worker; nothing blocks."""

    @property
    def turned_s(self) -> float:
        """When its thread last turned (monotonic s)."""

    def begin(self, begin: Begin) -> None:
        """Do this next."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What onboarding is made of; each belongs to the main thread or never blocks it.

    `code_file` is where a code lies while it is worked on. `button_is_down` holds the end back: the
    next start would see the button held.
    """

    lights: Lights
    clock: Clock
    supervisor: Supervisor | None
    silent_s: float
    notify: Notify
    hands: Hands
    trust: Trust
    code_file: Path
    button_is_down: Callable[[], bool]


class Onboarder:
    """Owns the onboarding; main thread only."""

    def __init__(self, parts: Parts, patience_s: float) -> None:
        self._parts = parts
        self._now_s = parts.clock.monotonic_s
        self._kept = KeptCode(parts.code_file)
        self._eye = EyeWatch(parts.supervisor, parts.silent_s, self._now_s())
        self._pulse = Pulse(parts.notify, max(parts.silent_s, START_PATIENCE_S))
        self._key = token_bytes(16)
        self._probe_at_s = float("-inf")
        self._disk_s: float | None = None
        self.now = Onboarding(patience_s=patience_s, since_s=self._now_s())
        self.ended: bool | None = None

    def run(self, inbox: Inbox, kept: Setup | None) -> bool | None:
        """Turn until it is over: True: onboarded; False: nobody did it; None: told to stop."""
        parts = self._parts
        self._play(state_of(self.now))
        if kept is not None:
            _log.info("onboarding", what="going on with the code on the disk")
            self._step(CodeKept(self._now_s(), kept))
        while inbox.exit_code is None and (self.ended is None or self._is_held()):
            item = inbox.take(TICK_S)
            if item is not None:
                self.take(item)
            self.turn()
        parts.notify.stopping()
        return self.ended

    def take(self, item: Item) -> None:
        """Handle what another thread said."""
        match item:
            case Heard(Seen() as seen, at_s):
                self._look(seen, at_s)
            case Heard(message, at_s):
                self._maybe(self._eye.heard(message, at_s))
            case EyeGone(why):
                self._maybe(self._eye.gone(why, self._now_s()))
            case WorkEnded(attempt, None):
                self._step(WorkDone(self._now_s(), attempt))
            case WorkEnded(attempt, trouble, final) if trouble is not None:
                self._step(WorkFailed(self._now_s(), attempt, trouble, final=final))

    def turn(self) -> None:
        """Do what time asks for: watch eye and disk, go on, feed the watchdog."""
        now_s = self._now_s()
        self._maybe(self._eye.supervise(now_s))
        self._probe(now_s)
        if self.ended is None:
            self._step(TimePassed(now_s, self._parts.clock.unix_s()))
        shown = ", ".join(fault.value for fault in Fault if fault in self.now.faults)
        proofs = Proofs(
            disk_s=self._disk_s,
            eye_s=self._eye.eye_s,
            eye_fault_shown=Fault.CAMERA in self.now.faults,
            courier_s=self._parts.hands.turned_s,
            player_s=self._parts.lights.turned_s,
        )
        self._pulse.beat(proofs, now_s, f"onboarding: {shown or self.now.stage.value}")

    def _is_held(self) -> bool:
        # A button that is stuck must not hold it for ever.
        limit_s = self.now.due_s + 60
        return bool(self.ended) and self._now_s() < limit_s and self._parts.button_is_down()

    def _look(self, seen: Seen, at_s: float) -> None:
        self._maybe(self._eye.heard(seen, at_s))
        codes = [raw for code in seen.codes if (raw := code.payload_bytes) is not None]
        ours = [raw for raw in codes if is_code(raw)]
        for raw in ours[:1]:
            self._step(CodeShown(at_s, self._mark(raw), self._parts.trust.read(raw), raw))
        for raw in codes[:1] if not ours else []:
            self._step(CardShown(at_s, self._mark(raw)))

    def _mark(self, raw: bytes) -> str:
        """Return what tells one code from another, in this start only."""
        return hmac.new(self._key, raw, sha256).hexdigest()

    def _probe(self, now_s: float) -> None:
        """Prove that the disk takes writes: often while it did not, seldom while it does."""
        if now_s < self._probe_at_s:
            return
        try:
            probe(self._parts.code_file.parent)
        except OSError as error:
            self._disk_failed(error)
        else:
            self._probe_at_s = now_s + PROBE_IDLE_S
            self._step(FaultCleared(now_s, Fault.DISK))
        self._disk_s = self._now_s()

    def _disk_failed(self, error: OSError) -> None:
        if Fault.DISK not in self.now.faults:
            _log.error("onboarding", what=f"the disk takes no code: {error.strerror}")
        self._probe_at_s = self._now_s() + PROBE_FAILED_S
        self._step(FaultRaised(self._now_s(), Fault.DISK))

    def _maybe(self, cue: FaultRaised | FaultCleared | None) -> None:
        if cue is not None:
            self._step(cue)

    def _step(self, cue: Cue) -> None:
        before = self.now
        after, effects = step(before, cue)
        self.now = after
        try:
            for effect in effects:
                match effect:
                    case Keep(raw):
                        self._kept.keep(raw)
                        self._say_taken()
                    case Guide() | Show():
                        self._play(effect)
                    case Begin():
                        self._parts.hands.begin(effect)
                    case Discard():
                        self._discard()
                    case End(onboarded):
                        self.ended = onboarded
        except OSError as error:
            self.now = before
            self._disk_failed(error)
            return
        if after.stage is not before.stage:
            _log.info("onboarding", stage=after.stage.value)

    def _say_taken(self) -> None:
        setup = self.now.setup
        if setup is not None:
            _log.info("onboarding", what="code taken", site=setup.site, device=setup.device)

    def _discard(self) -> None:
        try:
            self._kept.discard()
        except OSError as error:
            # After the next start it is refused once more, and removed then.
            _log.warning("onboarding", what=f"the code is still on the disk: {error.strerror}")

    def _play(self, effect: Guide | Show) -> None:
        if isinstance(effect, Guide):
            facts = {} if effect.failure is None else {"failure": effect.failure.value}
            _log.info("onboarding", shown=effect.signal.value, **facts)
        self._parts.lights.play(effect)
