"""A whole kiosk in one thread: the real daemon between a scripted eye and recorded effects.

Time is a manual clock. Everything that leaves the kiosk (commits, signals, nudges, statuses) stands
in `trace` in the order in which it happened.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kiosk.app.daemon import Kiosk
from kiosk.app.keys import KeyPeriods, Keys, without_periods
from kiosk.app.notify import Notify
from kiosk.app.parts import Parts, Stage
from kiosk.app.status import Status
from kiosk.app.status_file import StatusFile
from kiosk.app.telling import STATUS_EVERY_S
from kiosk.app.told_direction import Way
from kiosk.clock.manual import ManualClock
from kiosk.clock.manual import Settings as ClockSettings
from kiosk.commands.judging import Terms
from kiosk.door.cues import Show, ShowAll, Unlock
from kiosk.door.event import Acknowledgement, BootClock, CheckIn, ClockReading, QueuedEvent
from kiosk.door.machine import Conduct
from kiosk.door.rules import Rules
from kiosk.door.signal import Signal
from kiosk.eye.link import Heard
from kiosk.eye.messages import Code, Heartbeat, Message, Seen
from kiosk.eye.supervisor import Supervisor
from kiosk.outbox import Depth, Memory, MemoryChange, Outbox
from kiosk.uplink.courier import CourierState

FRAME_S = 0.1
KEYS = Keys(site=b"s" * 32, device=b"d" * 32)
CONDUCT = Conduct(Rules(frozenset({"cccd"})))
SILENT_S = 5.0
WATCHDOG_S = 20.0
_CORNERS = ((200, 100), (400, 100), (400, 300), (200, 300))


@dataclass(frozen=True, slots=True)
class Committed:
    """The disk holds this event now."""

    event: QueuedEvent


@dataclass(frozen=True, slots=True)
class Nudged:
    """The courier was told of a row."""


Did = Committed | Nudged | Show | ShowAll | Unlock


class RecordedOutbox:
    """An outbox that notes each commit after it succeeded."""

    def __init__(self, outbox: Outbox, trace: list[Did]) -> None:
        self._outbox = outbox
        self._trace = trace

    def commit(self, check_in: CheckIn, change: MemoryChange | None = None) -> QueuedEvent:
        event = self._outbox.commit(check_in, change)
        self._trace.append(Committed(event))
        return event

    def commit_clock(self, boot_clock: BootClock, now: ClockReading) -> QueuedEvent | None:
        event = self._outbox.commit_clock(boot_clock, now)
        if event is not None:
            self._trace.append(Committed(event))
        return event

    def probe(self) -> None:
        self._outbox.probe()

    def remember(self, change: MemoryChange) -> None:
        self._outbox.remember(change)

    def memory(self) -> Memory:
        return self._outbox.memory()

    def pending(self, after_row: int, limit: int) -> list[QueuedEvent]:
        return self._outbox.pending(after_row, limit)

    def mark_sent(self, rows: Iterable[int]) -> None:
        self._outbox.mark_sent(rows)

    def acknowledge(self, acknowledgement: Acknowledgement) -> int:
        return self._outbox.acknowledge(acknowledgement)

    def send_again(self) -> int:
        return self._outbox.send_again()

    def keep(self, now: ClockReading) -> bool:
        return self._outbox.keep(now)

    def depth(self) -> Depth:
        return self._outbox.depth()

    def sibling(self) -> Outbox:
        return self._outbox.sibling()

    def close(self) -> None:
        self._outbox.close()


class Turning:
    """A thread that turns all the time, until it hangs."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._hung_s: float | None = None

    @property
    def turned_s(self) -> float:
        return self._clock.monotonic_s() if self._hung_s is None else self._hung_s

    def hang(self, *, hangs: bool = True) -> None:
        self._hung_s = self._clock.monotonic_s() if hangs else None


class RecordedStage(Turning):
    """Notes what is played, and plays it where there is a player."""

    def __init__(self, clock: ManualClock, trace: list[Did], player: Stage | None) -> None:
        super().__init__(clock)
        self.trace = trace
        self.player = player

    def play(self, effect: Show | ShowAll | Unlock) -> None:
        self.trace.append(effect)
        if self.player is not None:
            self.player.play(effect)


class RecordedCourier(Turning):
    """Notes what the courier is told."""

    def __init__(self, clock: ManualClock, trace: list[Did]) -> None:
        super().__init__(clock)
        self.trace = trace
        self.statuses: list[bytes] = []
        self.answers: list[tuple[str, bytes]] = []

    def nudge(self) -> None:
        self.trace.append(Nudged())

    def say(self, status: bytes) -> None:
        self.statuses.append(status)

    def answer(self, name: str, body: bytes) -> None:
        self.answers.append((name, body))


class RecordedNotify(Notify):
    """A service manager that notes what it is told, and when."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(None, WATCHDOG_S)
        self._clock = clock
        self.told: list[tuple[float, str]] = []
        self.starts_again = False

    @property
    def listens(self) -> bool:
        return self.starts_again

    def _tell(self, words: str) -> None:
        self.told.append((self._clock.monotonic_s(), words))

    @property
    def words(self) -> list[str]:
        return [words for _, words in self.told]

    @property
    def fed_s(self) -> float:
        """When the watchdog was fed last."""
        return max((at_s for at_s, w in self.told if w == "WATCHDOG=1"), default=float("-inf"))


def clock(**settings: Any) -> ManualClock:
    return ManualClock(ClockSettings(**settings))


def seen(*texts: str | bytes | None, captured_ns: int = 0, x_px: int = 0) -> Seen:
    """Return what the eye says of a frame with these payloads; None is located and not read."""
    corners = tuple((x + x_px, y) for x, y in _CORNERS)
    codes = [
        {"payload": None if text is None else encoded(text), "corners": corners, "decoder": "zxing"}
        for text in texts
    ]
    return Seen(
        captured_ns=captured_ns,
        width_px=640,
        height_px=480,
        codes=tuple(Code.model_validate(code) for code in codes),
    )


def encoded(text: str | bytes) -> str:
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


class Doorway:
    """A kiosk at work; the eye's heartbeat comes once a second while time passes."""

    def __init__(
        self,
        outbox: Outbox,
        *,
        conduct: Conduct = CONDUCT,
        time: ManualClock | None = None,
        supervisor: Supervisor | None = None,
        player: Stage | None = None,
        keys: KeyPeriods | None = None,
        commands: Terms | None = None,
        way: Way | None = None,
        status_interval_s: float = STATUS_EVERY_S,
        status_file: StatusFile | None = None,
    ) -> None:
        # Not synchronised, as most doors are while a test is not about time.
        self.clock = time or clock(trusted=False)
        self.trace: list[Did] = []
        self.courier = RecordedCourier(self.clock, self.trace)
        self.stage = RecordedStage(self.clock, self.trace, player)
        self.notify = RecordedNotify(self.clock)
        self.outbox = outbox
        self.heartbeats = True
        parts = Parts(
            RecordedOutbox(outbox, self.trace),
            self.courier,
            self.stage,
            self.clock,
            supervisor,
            keys or without_periods(KEYS, self.clock),
            conduct,
            SILENT_S,
            self.notify,
            commands=commands,
            way=way,
            status_interval_s=status_interval_s,
            status_file=status_file or StatusFile(None),
        )
        self.kiosk = Kiosk(parts)
        self._beat_s = float("-inf")

    def open(self) -> "Doorway":
        """Turn until the door is ready, and forget how it got there."""
        self.wait(0.2)
        self.trace.clear()
        return self

    def hear(self, message: Message) -> None:
        """Let the eye say `message` now."""
        self.kiosk.take(Heard(message, self.clock.monotonic_s()))
        self.kiosk.turn()

    def uplink(self, *, connected: bool, trouble: str | None = None) -> None:
        self.kiosk.take(CourierState(connected, trouble))

    def beat(self, *, camera_ok: bool = True) -> None:
        self._beat_s = self.clock.monotonic_s()
        self.hear(
            Heartbeat(
                camera_ok=camera_ok,
                frames=1,
                frames_read=0,
                codes_read=0,
                sensor_ns=0,
                sharpness=100,
                brightness=120,
            )
        )

    def hold(self, *texts: str | bytes | None, for_s: float = FRAME_S) -> None:
        """Hold these up: they are in every frame for so long."""
        for _ in range(max(1, round(for_s / FRAME_S))):
            if texts:
                self.hear(seen(*texts, captured_ns=round(self.clock.monotonic_s() * 1e9)))
            self.wait(FRAME_S)

    def wait(self, for_s: float) -> None:
        """Let time pass before an empty door."""
        for _ in range(max(1, round(for_s / FRAME_S))):
            self.kiosk.turn()
            if self.heartbeats and self.clock.monotonic_s() - self._beat_s >= 1:
                self.beat()
            self.clock.advance(FRAME_S)

    @property
    def shows(self) -> list[Show]:
        return [did for did in self.trace if isinstance(did, Show)]

    @property
    def signals(self) -> list[Signal]:
        return [show.signal for show in self.shows]

    @property
    def greens(self) -> int:
        return self.signals.count(Signal.ACCEPTED)

    @property
    def committed(self) -> list[QueuedEvent]:
        return [did.event for did in self.trace if isinstance(did, Committed)]

    @property
    def status(self) -> Status:
        """The newest status that the courier was given."""
        return Status.model_validate_json(self.courier.statuses[-1])
