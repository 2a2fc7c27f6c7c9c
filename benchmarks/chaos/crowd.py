"""Who stands before a kiosk in a chaos run: ever new synthetic people, in rushes, without a camera.

The kiosk's own loop takes them from here as it would take what its eye says; a person comes as soon
as the one before was answered. The clock stands here too, since it may jump.
"""

import base64
import random
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from kiosk.app.inbox import Inbox, Item
from kiosk.clock.system import Settings as SystemSettings
from kiosk.clock.system import SystemClock
from kiosk.door.event import BootClock, ClockReading, utc_of
from kiosk.eye.link import Heard
from kiosk.eye.messages import Code, Heartbeat, Seen
from kiosk.eye.people import person

RUSH_S = 2.0
"""So often a rush begins; its people come as fast as the door answers."""
HEARTBEAT_S = 0.5
_CORNERS = ((200, 100), (400, 100), (400, 300), (200, 300))
_JUMP_EVERY_S = 1.5
_JUMPS_S = (2.0, 3600.0, 40 * 86400.0, 20 * 365 * 86400.0)


class Crowd(Inbox):
    """The kiosk's inbox with a crowd before the door, until `until_s` (monotonic s) or `over`.

    `green` tells how many were shown green in this life; a rush brings as many people as are
    missing to `hz` green a second. `over` is a file: when it is there, everybody goes home. A
    signal could come before somebody listens to it.
    """

    def __init__(
        self,
        rng: random.Random,
        hz: float,
        until_s: float,
        green: Callable[[], int],
        over: Path | None = None,
    ) -> None:
        super().__init__()
        self._rng = rng
        self._hz = hz
        self._until_s = until_s
        self._green = green
        self._over = over
        self.begun_s = time.monotonic()
        self._beat_s = float("-inf")

    def take(self, timeout_s: float) -> Item | None:
        """Return the next item: what a thread left, a heartbeat, or the next person."""
        item = super().take(0.0)
        if item is not None:
            return item
        now_s = time.monotonic()
        if now_s - self._beat_s >= HEARTBEAT_S:
            self._beat_s = now_s
            if self._over is not None and self._over.exists():
                self._until_s = now_s
            return Heard(_heartbeat(), now_s)
        if now_s < self._until_s and self._green() < self.wanted(now_s):
            return Heard(_seen(person(self._rng), now_s), now_s)
        return super().take(timeout_s)

    def wanted(self, now_s: float) -> float:
        """Return how many are to be green by now: all of a rush from its beginning on."""
        rushes = 1 + int((now_s - self.begun_s) / RUSH_S)
        return rushes * RUSH_S * self._hz


def _seen(text: str, at_s: float) -> Seen:
    code = Code(payload=base64.b64encode(text.encode()).decode(), corners=_CORNERS, decoder="zxing")
    return Seen(captured_ns=round(at_s * 1e9), width_px=640, height_px=480, codes=(code,))


def _heartbeat() -> Heartbeat:
    return Heartbeat(
        camera_ok=True,
        frames=1,
        frames_read=0,
        codes_read=0,
        sensor_ns=0,
        sharpness=100,
        brightness=120,
    )


class JumpingClock(SystemClock):
    """A machine's clock that somebody sets at random, by seconds or by years, both ways.

    Its boot is one of its own, as after a power cut.
    """

    def __init__(self, rng: random.Random) -> None:
        super().__init__(SystemSettings())
        self._boot = str(uuid.UUID(int=rng.getrandbits(128), version=4))
        self._seed = rng.getrandbits(64)
        self._begun_s = time.monotonic()

    def _now(self) -> tuple[float, bool]:
        """Return by how much the wall clock is wrong now (s), and whether it is believed."""
        step = int((time.monotonic() - self._begun_s) / _JUMP_EVERY_S)
        rng = random.Random(self._seed + step)  # noqa: S311 - a fault's moment, no secret
        return rng.uniform(-1, 1) * rng.choice(_JUMPS_S), rng.random() < 0.6

    def unix_s(self) -> float:
        """Return the wall clock in Unix seconds, believed or not."""
        return super().unix_s() + self._now()[0]

    def trusted(self) -> bool:
        """Tell whether somebody says that it is right."""
        return self._now()[1]

    def read(self) -> ClockReading:
        """Return the reading that goes into an event."""
        wrong_s, trusted = self._now()
        return ClockReading(
            utc=utc_of(super().unix_s() + wrong_s),
            trusted=trusted,
            boot=self._boot,
            mono_ns=time.monotonic_ns(),
        )

    def boot_clock(self) -> BootClock:
        """Return what this boot's monotonic clock means by the wall clock as it is now."""
        told = super().boot_clock()
        return BootClock(boot=self._boot, offset_ns=told.offset_ns + round(self._now()[0] * 1e9))
