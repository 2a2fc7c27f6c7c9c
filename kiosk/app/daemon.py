"""The kiosk process: one thread owns the door, takes cues from a bounded queue, performs effects.

An effect that fails to commit drops its step whole, so that the door never shows what the disk
does not hold. Everything here runs on the main thread except `post`.
"""

import contextlib
import queue
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from kiosk.app.record import Keys, check_in, looked, names_in
from kiosk.app.status import EyeStatus, QueueStatus, Status
from kiosk.clock import Clock
from kiosk.door.cues import Cue, FaultCleared, FaultRaised, Record, Show, Ticked, Unlock
from kiosk.door.event import QueuedEvent
from kiosk.door.machine import Conduct, Door, Passing, step
from kiosk.door.signal import Fault
from kiosk.errors import EXIT_SETTINGS, OutboxError, SettingsError
from kiosk.eye.link import EyeGone, Heard
from kiosk.eye.link import Report as EyeReport
from kiosk.eye.messages import Bye, Heartbeat, Hello, Message, Seen
from kiosk.eye.supervisor import EXIT_PLANNED, START_PATIENCE_S, Supervisor
from kiosk.outbox import Outbox
from kiosk.uplink.courier import CourierState

_log = structlog.get_logger("kiosk")

TICK_S = 0.1
PROBE_FAILED_S = 1.0
PROBE_IDLE_S = 30.0
STATUS_EVERY_S = 10.0
STATUS_AT_MOST_EVERY_S = 0.5


class Courier(Protocol):
    """What the daemon asks of the courier; neither call blocks."""

    def nudge(self) -> None:
        """Say that a row was committed."""

    def say(self, status: bytes) -> None:
        """Replace the kiosk's status."""


class Stage(Protocol):
    """What the daemon asks of the player; never blocks."""

    def play(self, effect: Show | Unlock) -> None:
        """Play `effect` now."""


Item = EyeReport | CourierState


class Inbox:
    """Everything that other threads tell the main thread; bounded, never blocks them."""

    def __init__(self) -> None:
        self._queue: queue.Queue[Item] = queue.Queue(maxsize=256)
        self.exit_code: int | None = None

    def post(self, item: Item) -> None:
        """Leave `item`; any thread. What does not fit is dropped: the next frame says it again."""
        with contextlib.suppress(queue.Full):
            self._queue.put_nowait(item)

    def stop(self, code: int) -> None:
        """End the daemon with this exit code; any thread, and a signal handler.

        A handler may interrupt the main thread while it holds the queue's lock, so this takes none.
        """
        if self.exit_code is None:
            self.exit_code = code

    def take(self, timeout_s: float) -> Item | None:
        """Return the next item, or None after `timeout_s`."""
        try:
            return self._queue.get(timeout=timeout_s)
        except queue.Empty:
            return None


@dataclass(frozen=True, slots=True)
class Parts:
    """What a kiosk is made of; each belongs to the main thread or never blocks it."""

    outbox: Outbox
    courier: Courier
    stage: Stage
    clock: Clock
    supervisor: Supervisor | None
    keys: Keys
    conduct: Conduct
    silent_s: float


class Kiosk:
    """Owns the door; main thread only."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._now_s: Callable[[], float] = parts.clock.monotonic_s
        self.door = Door()
        self._probe_at_s = float("-inf")
        # An eye that never connects is silent too, once it had time to start.
        self._heard_s: float | None = self._now_s() + START_PATIENCE_S - parts.silent_s
        self._heartbeat: Heartbeat | None = None
        self._planned = False
        self._trouble: str | None = None
        self._said: tuple[object, ...] | None = None
        self._said_s = float("-inf")
        self._inside_loaded = parts.conduct.passing is not Passing.TOGGLE

    def run(self, inbox: Inbox) -> int:
        """Turn until told to stop; returns the exit code."""
        while inbox.exit_code is None:
            item = inbox.take(TICK_S)
            if item is not None:
                self.take(item)
            self.turn()
        return inbox.exit_code

    def take(self, item: EyeReport | CourierState) -> None:
        """Handle what another thread said."""
        match item:
            case Heard(message, at_s):
                self._hear(message, at_s)
            case EyeGone(why):
                self._gone(why)
            case CourierState(connected, trouble):
                self._trouble = trouble if trouble or connected else "not connected"
                _log.info("uplink", connected=connected, trouble=trouble)

    def turn(self) -> None:
        """Do what time asks for: probe the disk, watch the eye, tick the door, tell the status."""
        now_s = self._now_s()
        self._probe(now_s)
        self._supervise(now_s)
        self._step(Ticked(now_s))
        self._tell(now_s)

    def _gone(self, why: str) -> None:
        """Say that the door is blind, unless the eye planned it and another one is on its way."""
        planned, self._planned = self._planned, False
        if not planned:
            _log.warning("eye gone", why=why)
            self._step(FaultRaised(self._now_s(), Fault.CAMERA))

    def _hear(self, message: Message, at_s: float) -> None:
        self._heard_s = at_s
        if self._parts.supervisor is not None:
            self._parts.supervisor.heard(at_s)
        match message:
            case Hello():
                _log.info("eye up", camera_and_decoders=names_in(message))
            case Bye():
                _log.info("eye begins anew", why=message.why)
                self._planned = True
            case Seen():
                self._step(looked(message, at_s, self._parts.keys))
            case Heartbeat():
                self._heartbeat = message
                cue = FaultCleared if message.camera_ok else FaultRaised
                self._step(cue(at_s, Fault.CAMERA))

    def _supervise(self, now_s: float) -> None:
        supervisor = self._parts.supervisor
        if supervisor is not None and (restarted := supervisor.tick(now_s)) is not None:
            if restarted.code == EXIT_SETTINGS:
                raise SettingsError("the eye cannot use its settings; its line is above")
            if restarted.code != EXIT_PLANNED:
                _log.warning("eye restarted", why=restarted.why, pause_s=restarted.pause_s)
                self._step(FaultRaised(now_s, Fault.CAMERA))
        elif self._heard_s is not None and now_s - self._heard_s > self._parts.silent_s:
            # An eye that somebody else restarts: all that the door can do is to say so.
            self._heard_s = None
            _log.warning("eye silent", silent_s=self._parts.silent_s)
            self._step(FaultRaised(now_s, Fault.CAMERA))

    def _probe(self, now_s: float) -> None:
        """Prove that the disk takes writes: often while it did not, seldom while it does."""
        if now_s < self._probe_at_s:
            return
        try:
            self._parts.outbox.probe()
            self._load_inside(now_s)
        except OutboxError as error:
            self._probe_at_s = now_s + PROBE_FAILED_S
            if Fault.DISK not in self.door.faults:
                _log.error("out of order", fault=Fault.DISK.value, what=str(error))
            self._step(FaultRaised(now_s, Fault.DISK))
        else:
            self._probe_at_s = now_s + PROBE_IDLE_S
            if Fault.DISK in self.door.faults:
                _log.info("the disk takes writes again")
                self._step(FaultCleared(now_s, Fault.DISK))

    def _load_inside(self, now_s: float) -> None:
        if not self._inside_loaded:
            unix_s = self._parts.clock.unix_s()
            known = self._parts.outbox.inside()
            inside = {mark: now_s - (unix_s - since_s) for mark, since_s in known.items()}
            self.door = replace(self.door, inside=inside)
            self._inside_loaded = True

    def _step(self, cue: Cue) -> None:
        before = self.door
        after, effects = step(before, cue, self._parts.conduct)
        event: QueuedEvent | None = None
        decision: Record | None = next((e for e in effects if isinstance(e, Record)), None)
        shown: Show | None = None
        self.door = after
        try:
            for effect in effects:
                match effect:
                    case Record():
                        event = self._record(effect)
                    case Show():
                        self._parts.stage.play(effect)
                        shown = effect
                    case Unlock():
                        self._parts.stage.play(effect)
        except OutboxError as error:
            _log.error("not recorded", what=str(error))
            self.door = before
            self._probe_at_s = self._now_s() + PROBE_FAILED_S
            self._step(FaultRaised(self._now_s(), Fault.DISK))
            return
        if shown is not None and shown.captured_s is not None:
            self._log_scan(shown, decision, event)

    def _record(self, record: Record) -> QueuedEvent:
        parts = self._parts
        inside = None
        if parts.conduct.passing is Passing.TOGGLE and record.decision.accepted:
            age_base_s = parts.clock.unix_s() - self._now_s()
            inside = {mark: age_base_s + since_s for mark, since_s in self.door.inside.items()}
        event = parts.outbox.commit(check_in(record, parts.keys, parts.clock.read()), inside)
        parts.courier.nudge()
        return event

    def _log_scan(self, shown: Show, record: Record | None, event: QueuedEvent | None) -> None:
        captured_s = shown.captured_s if shown.captured_s is not None else self._now_s()
        facts: dict[str, object] = {"signal": shown.signal.value}
        if record is not None:
            facts |= {
                "verdict": record.decision.verdict.value,
                "reason": record.decision.reason.value,
                "kind": getattr(record.content, "kind", None),
                "direction": record.direction,
            }
        if event is not None:
            facts["event_id"] = event.event_id
        facts["latency_ms"] = round((self._now_s() - captured_s) * 1000, 1)
        _log.info("scan", **facts)

    def _tell(self, now_s: float) -> None:
        """Publish the status: at once when it changed in kind, else now and then."""
        kinds = (self.door.phase, self.door.faults, self._trouble, self.door.background_count)
        since_s = now_s - self._said_s
        if since_s < STATUS_AT_MOST_EVERY_S or (kinds == self._said and since_s < STATUS_EVERY_S):
            return
        self._said, self._said_s = kinds, now_s
        self._parts.courier.say(self._status().model_dump_json().encode())

    def _status(self) -> Status:
        try:
            depth = self._parts.outbox.depth()
            queue_status = QueueStatus(rows=depth.rows, unsent=depth.unsent)
        except OutboxError:
            queue_status = None
        return Status(
            online=True,
            phase=self.door.phase,
            faults=tuple(f for f in Fault if f in self.door.faults),
            outbox=queue_status,
            delivery_trouble=self._trouble,
            background_codes=self.door.background_count,
            eye=self._eye_status(),
            clock=self._parts.clock.read(),
        )

    def _eye_status(self) -> EyeStatus | None:
        beat = self._heartbeat
        if beat is None:
            return None
        supervisor = self._parts.supervisor
        return EyeStatus(
            camera_ok=beat.camera_ok,
            frames=beat.frames,
            frames_read=beat.frames_read,
            codes_read=beat.codes_read,
            pictures_skipped=beat.pictures_skipped,
            sharpness=beat.sharpness,
            brightness=beat.brightness,
            symbol_px=beat.symbol_px,
            reads=beat.reads,
            restarts=supervisor.restarts if supervisor else 0,
        )
