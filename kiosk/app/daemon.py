"""The kiosk process: one thread owns the door, takes cues from a bounded queue, performs effects.

An effect that fails to commit drops its step whole, so that the door never shows what the disk
does not hold. Everything here runs on the main thread.
"""

from collections.abc import Callable
from dataclasses import replace

from kiosk.app.commanding import Commanding
from kiosk.app.eye_watch import EyeWatch
from kiosk.app.health import Proofs
from kiosk.app.inbox import ButtonPressed, EnrolmentChanged, Inbox, Item, ListsChanged
from kiosk.app.logs import Log
from kiosk.app.orders import Orders
from kiosk.app.parts import Parts
from kiosk.app.record import check_in, looked
from kiosk.app.remembering import Remembering
from kiosk.app.status import KeyStatus
from kiosk.app.telling import Account, Pulse
from kiosk.app.told_direction import Way
from kiosk.door.cues import (
    Cue,
    FaultCleared,
    FaultRaised,
    Forget,
    LightsDoubted,
    Record,
    Show,
    ShowAll,
    Ticked,
    TimeLearned,
    Unlock,
)
from kiosk.door.event import QueuedEvent
from kiosk.door.machine import Door, step
from kiosk.door.signal import Fault
from kiosk.errors import OutboxError
from kiosk.eye.link import EyeGone, Heard
from kiosk.eye.messages import Heartbeat, Message, Seen
from kiosk.eye.supervisor import START_PATIENCE_S
from kiosk.onboarding.shown import ShownBefore
from kiosk.uplink import Commanded
from kiosk.uplink.courier import CourierState

_log = Log()

TICK_S = 0.1
PROBE_FAILED_S = 1.0
PROBE_IDLE_S = 30.0
SAME_OFFSET_S = 0.5
"""A clock that differs by less from what the door knows decides nothing else."""


class Kiosk:
    """Owns the door; main thread only."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._now_s: Callable[[], float] = parts.clock.monotonic_s
        self.door = Door()
        self._lists = parts.lists
        self._keys = parts.keys.now()
        self._probe_at_s = float("-inf")
        self._eye = EyeWatch(parts.supervisor, parts.silent_s, self._now_s())
        self._shown = ShownBefore()
        self._disk_s: float | None = None
        self._tell_clock_at_s = float("-inf")
        utc_offset_s = parts.conduct.rules.utc_offset_s
        self._remembering = Remembering(parts.outbox, parts.clock, utc_offset_s)
        self._way = parts.way or Way(parts.conduct.passing)
        self._orders = Orders(self._way, parts.notify, self._step, self._now_s)
        self._commanding = Commanding(parts.commands, self._orders.obey, parts.courier.answer)
        self._account = Account(parts.outbox, parts.clock, self._way, parts.status_interval_s)
        self._account.lists = parts.lists
        self._pulse = Pulse(parts.notify, max(parts.silent_s, START_PATIENCE_S))

    def run(self, inbox: Inbox) -> int:
        """Turn until told to stop; returns the exit code."""
        while inbox.exit_code is None:
            item = inbox.take(TICK_S)
            if item is not None:
                self.take(item)
            self.turn()
            if self._orders.exit_code is not None:
                inbox.stop(self._orders.exit_code)
        return inbox.exit_code

    def take(self, item: Item) -> None:
        """Handle what another thread said."""
        match item:
            case Heard(message, at_s):
                self._hear(message, at_s)
            case EyeGone(why):
                self._maybe(self._eye.gone(why, self._now_s()))
            case CourierState():
                self._account.courier = item
                _log.info("uplink", connected=item.connected, trouble=item.trouble)
            case Commanded():
                now_s = self._now_s()
                self._commanding.take(item, now_s, self._account.up_s(now_s))
            case ButtonPressed():
                _log.info("button pressed")
                self._step(LightsDoubted(self._now_s()))
            case EnrolmentChanged(certificate):
                self._account.certificate = certificate
            case ListsChanged(lists):
                self._lists = self._account.lists = lists

    def turn(self) -> None:
        """Do what time asks for: probe the disk, watch the eye, tick the door, say how we are."""
        now_s = self._now_s()
        self._probe(now_s)
        self._know_time(now_s)
        self._learn_time(now_s)
        self._write_late(now_s)
        self._keys = self._parts.keys.now()
        self._maybe(self._eye.supervise(now_s))
        self._step(Ticked(now_s))
        self._tell(now_s)

    def _hear(self, message: Message, at_s: float) -> None:
        cue = self._eye.heard(message, at_s)
        match message:
            case Seen():
                self._step(looked(message, at_s, self._keys, self._lists, self._shown))
            case Heartbeat(camera_ok=camera_ok):
                self._account.hear(message, at_s)
                if camera_ok:
                    self._shown.look(at_s)
        self._maybe(cue)

    def _maybe(self, cue: Cue | None) -> None:
        if cue is not None:
            self._step(cue)

    def _probe(self, now_s: float) -> None:
        """Prove that the disk takes writes: often while it did not, seldom while it does."""
        if now_s < self._probe_at_s:
            return
        try:
            self._parts.outbox.probe()
            self._load_memory()
        except OutboxError as error:
            self._probe_at_s = now_s + PROBE_FAILED_S
            if Fault.DISK not in self.door.faults:
                _log.error("out of order", fault=Fault.DISK.value, what=str(error))
            self._step(FaultRaised(now_s, Fault.DISK))
            self._disk_s = self._now_s()
        else:
            self._probe_at_s = now_s + PROBE_IDLE_S
            self._disk_s = self._now_s()
            if Fault.DISK in self.door.faults:
                _log.info("the disk takes writes again")
                self._step(FaultCleared(now_s, Fault.DISK))

    def _load_memory(self) -> None:
        if not self._remembering.is_loaded:
            self.door = replace(self.door, memory=self._remembering.load())

    def _know_time(self, now_s: float) -> None:
        """Tell the door what the clock means, whenever that is another thing than before."""
        clock, known_s = self._parts.clock, self.door.offset_s
        offset_s = clock.unix_s() - clock.monotonic_s() if clock.trusted() else None
        if offset_s is None or known_s is None:
            if offset_s is known_s:
                return
        elif abs(offset_s - known_s) <= SAME_OFFSET_S:
            return
        if known_s is None:
            self.door = replace(self.door, memory=self._remembering.settle(self.door.memory))
        self._step(TimeLearned(now_s, offset_s))

    def _write_late(self, now_s: float) -> None:
        """Let the disk forget what the door forgot, and learn times that are known by now."""
        try:
            self._remembering.write_late(self.door.memory, now_s)
        except OutboxError as error:
            # The probe finds what is wrong with the disk; this is only tried again.
            _log.warning("the memory is not written yet", what=str(error))
            self._probe_at_s = now_s

    def _learn_time(self, now_s: float) -> None:
        """After the first synchronisation of a boot, record once what its clock means."""
        clock = self._parts.clock
        if now_s < self._tell_clock_at_s or not clock.trusted():
            return
        try:
            event = self._parts.outbox.commit_clock(clock.boot_clock(), clock.read())
        except OutboxError as error:
            # The probe finds what is wrong with the disk; this is only tried again.
            _log.warning("the clock is not recorded yet", what=str(error))
            self._tell_clock_at_s = now_s + PROBE_FAILED_S
            self._probe_at_s = now_s
            return
        self._tell_clock_at_s = float("inf")
        if event is not None:
            _log.info("the clock is right", event_id=event.event_id)
            self._parts.courier.nudge()

    def _step(self, cue: Cue) -> None:
        before = self.door
        conduct = self._parts.conduct
        if self._way.told is not None:
            conduct = replace(conduct, passing=self._way.passing)
        after, effects = step(before, cue, conduct)
        event: QueuedEvent | None = None
        decision: Record | None = next((e for e in effects if isinstance(e, Record)), None)
        shown: Show | None = None
        self.door = after
        try:
            for effect in effects:
                match effect:
                    case Record():
                        event = self._record(effect, before)
                    case Show():
                        self._parts.stage.play(effect)
                        shown = effect
                    case ShowAll() | Unlock():
                        self._parts.stage.play(effect)
                    case Forget(marks):
                        self._remembering.forget(marks)
        except OutboxError as error:
            _log.error("not recorded", what=str(error))
            self.door = before
            self._probe_at_s = self._now_s() + PROBE_FAILED_S
            self._step(FaultRaised(self._now_s(), Fault.DISK))
            return
        if shown is not None and shown.captured_s is not None:
            self._log_scan(shown, decision, event)

    def _record(self, record: Record, before: Door) -> QueuedEvent:
        parts, memory = self._parts, self.door.memory
        change = self._remembering.change(memory, before.memory, record.mark)
        event = parts.outbox.commit(check_in(record, self._keys, parts.clock.read()), change)
        self._remembering.committed(event, memory)
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
            if record.decision.flags:
                facts["flags"] = [flag.value for flag in record.decision.flags]
        if event is not None:
            facts["event_id"] = event.event_id
        facts["latency_ms"] = round((self._now_s() - captured_s) * 1000, 1)
        _log.info("scan", **facts)

    def _tell(self, now_s: float) -> None:
        """Tell the ward how we are, and prove to the watchdog that everything works."""
        parts, door = self._parts, self.door
        self._account.commands = self._commanding.status
        if self._account.due(door, now_s):
            self._account.keys = KeyStatus(period=self._keys.period, trouble=parts.keys.trouble)
            status = self._account.status(door, now_s, self._eye.restarts)
            parts.status_file.write(status)
            if self._account.is_news(status, now_s):
                parts.courier.say(status.model_dump_json().encode())
        proofs = Proofs(
            disk_s=self._disk_s,
            eye_s=self._eye.eye_s,
            eye_fault_shown=Fault.CAMERA in door.faults,
            courier_s=parts.courier.turned_s,
            player_s=parts.stage.turned_s,
        )
        shown = ", ".join(fault.value for fault in Fault if fault in door.faults)
        self._pulse.beat(proofs, now_s, f"{door.phase.value}: {shown}" if shown else door.phase)
