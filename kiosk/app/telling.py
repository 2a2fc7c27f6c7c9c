"""What the kiosk says of itself: to the ward as a status, to the service manager as proof of work.

Nothing here decides anything about the door. Main thread only.
"""

from kiosk.app.health import Proofs, hung, is_up
from kiosk.app.lists_status import list_statuses
from kiosk.app.logs import Log
from kiosk.app.notify import Notify
from kiosk.app.status import (
    CertificateStatus,
    DeliveryStatus,
    EyeStatus,
    KeyStatus,
    QueueStatus,
    Status,
)
from kiosk.app.told_direction import Way
from kiosk.clock import Clock
from kiosk.commands.wire import CommandStatus
from kiosk.door.machine import Door
from kiosk.door.signal import Fault
from kiosk.errors import OutboxError
from kiosk.eye.messages import Heartbeat
from kiosk.lists import Lists, NoLists
from kiosk.outbox import Outbox
from kiosk.uplink.courier import CourierState

_log = Log()

STATUS_EVERY_S = 10.0
"""So often at least it is made, for whoever stands at the kiosk; told to others as settings say."""
STATUS_AT_MOST_EVERY_S = 0.5


class Account:
    """The kiosk's account of itself: what was heard of its parts, and the status made of it."""

    def __init__(
        self, outbox: Outbox, clock: Clock, way: Way, interval_s: float = STATUS_EVERY_S
    ) -> None:
        self._outbox = outbox
        self._clock = clock
        self._way = way
        self._started_s = clock.monotonic_s()
        self._said: tuple[object, ...] | None = None
        self._said_s = float("-inf")
        self._interval_s = interval_s
        self._told: tuple[object, ...] | None = None
        self._told_s = float("-inf")
        self._heartbeat: Heartbeat | None = None
        self._heard_s = float("-inf")
        self._frames_hz: float | None = None
        self.courier = CourierState()
        self.lists: Lists = NoLists()
        self.keys: KeyStatus | None = None
        self.certificate: CertificateStatus | None = None
        self.commands: CommandStatus | None = None

    def up_s(self, now_s: float) -> float:
        """Return how long this start lasts."""
        return now_s - self._started_s

    def hear(self, beat: Heartbeat, at_s: float) -> None:
        """Take in what the eye says of itself; counts that went back are a new eye's."""
        before, since_s = self._heartbeat, at_s - self._heard_s
        self._heartbeat, self._heard_s = beat, at_s
        if before is not None and beat.frames >= before.frames and since_s > 0:
            self._frames_hz = round((beat.frames - before.frames) / since_s, 1)
        else:
            self._frames_hz = None

    def due(self, door: Door, now_s: float) -> bool:
        """Tell whether to make it now: soon when it changed in kind, else now and then."""
        heard = (
            self.courier,
            self.lists,
            self.commands,
            self._way.told,
            self.certificate,
            self._frames_hz is None,
        )
        kinds = (door.phase, door.faults, *heard, door.background_count, self._trusted())
        since_s = now_s - self._said_s
        is_old = since_s >= STATUS_EVERY_S or now_s - self._told_s >= self._interval_s
        if since_s < STATUS_AT_MOST_EVERY_S or (kinds == self._said and not is_old):
            return False
        self._said, self._said_s = kinds, now_s
        return True

    def is_news(self, status: Status, now_s: float) -> bool:
        """Tell whether the ward is to hear it too: what changed in kind, else at its interval."""
        outbox = status.outbox
        wrong = (status.site_key, outbox is None or outbox.trouble)
        kinds = (self._said, wrong)
        if kinds == self._told and now_s - self._told_s < self._interval_s:
            return False
        self._told, self._told_s = kinds, now_s
        return True

    def status(self, door: Door, now_s: float, eye_restarts: int) -> Status:
        """Return the status as of now."""
        return Status(
            online=True,
            uptime_s=round(self.up_s(now_s)),
            phase=door.phase,
            faults=tuple(f for f in Fault if f in door.faults),
            outbox=self._queue_status(),
            delivery=self._delivery_status(),
            site_key=self.keys,
            certificate=self.certificate,
            lists=list_statuses(self.lists, self._clock, self.keys),
            direction=self._way.passing,
            direction_told=self._way.told is not None,
            commands=self.commands,
            background_codes=door.background_count,
            eye=self._eye_status(eye_restarts),
            clock=self._clock.read(),
            clock_offset_ns=self._clock.boot_clock().offset_ns if self._trusted() else None,
        )

    def _trusted(self) -> bool:
        return self._clock.trusted()

    def _queue_status(self) -> QueueStatus | None:
        try:
            depth = self._outbox.depth()
        except OutboxError:
            return None
        return QueueStatus(
            rows=depth.rows,
            unsent=depth.unsent,
            unacknowledged=depth.unacknowledged,
            oldest_unsent_s=None if depth.oldest_unsent_s is None else round(depth.oldest_unsent_s),
            trouble=depth.trouble,
        )

    def _delivery_status(self) -> DeliveryStatus:
        said = self.courier
        trouble = said.trouble if said.trouble or said.connected else "not connected"
        return DeliveryStatus(
            connected=said.connected,
            trouble=trouble,
            ledger_online=said.ledger_online,
            drain_hz=said.drain_hz,
            drain_told=said.drain_told,
            apart=said.apart,
        )

    def _eye_status(self, restarts: int) -> EyeStatus | None:
        beat = self._heartbeat
        if beat is None:
            return None
        said = beat.model_dump(include=set(EyeStatus.model_fields))
        more = {"restarts": restarts, "frames_hz": self._frames_hz}
        return EyeStatus.model_validate({**said, **more})


class Pulse:
    """Feeds the watchdog while everything proves that it works, and says why where it does not."""

    def __init__(self, notify: Notify, eye_limit_s: float) -> None:
        self._notify = notify
        self._eye_limit_s = eye_limit_s
        self._every_s = None if notify.watchdog_s is None else notify.watchdog_s / 2
        self._fed_s = float("-inf")
        self._up = False
        self._hung: tuple[str, ...] = ()
        self._line = ""

    def beat(self, proofs: Proofs, now_s: float, line: str) -> None:
        """Take in the proofs of now; `line` says in words how the door is."""
        if not self._up:
            if not is_up(proofs):
                return
            self._up = True
            self._notify.ready()
        missing = hung(proofs, now_s, self._eye_limit_s)
        if missing != self._hung:
            self._hung = missing
            if missing:
                _log.error("hung: the watchdog is not fed", parts=missing)
            else:
                _log.info("nothing hangs any more")
        line = f"hung: {', '.join(missing)}" if missing else line
        if line != self._line:
            self._line = line
            self._notify.status(line)
        if not missing and self._every_s is not None and now_s - self._fed_s >= self._every_s:
            self._fed_s = now_s
            self._notify.feed()
