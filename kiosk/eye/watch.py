"""The eye's loop: capture, look, tell. One camera, one connection, one frame at a time.

The look runs in a thread of its own, so that a picture which is slow to read does not delay a
heartbeat. A look that takes too long does: then the eye falls silent, and whoever started it ends
it.

It ends when the camera is lost or frozen, when the kiosk is gone, or, while nobody is in view, when
it has grown: whoever started it starts it again. It never retries by itself, so that there is one
policy for restarts and it is not in here.
"""

import base64
import math
import resource
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Protocol

from kiosk.errors import CameraLost
from kiosk.eye.allocator import give_back
from kiosk.eye.cameras import Camera
from kiosk.eye.decoders import Symbol
from kiosk.eye.frame import Frame
from kiosk.eye.liveness import Liveness
from kiosk.eye.looker import Looked, Looker
from kiosk.eye.messages import (
    MAX_CODES,
    MAX_SEEN_HZ,
    Bye,
    Code,
    Heartbeat,
    Hello,
    Message,
    Seen,
)
from kiosk.eye.quality import measure
from kiosk.payloads import MAX_PAYLOAD_BYTES

HEARTBEAT_S = 1.0
LOOK_PATIENCE_S = 2.0
"""A look that takes longer proves no work: no heartbeat is sent until it is over."""
LATE_S = 0.1
"""So long a heartbeat that is due waits for the look, which nearly always ends before."""
CAMERA_PATIENCE_S = 3.0
"""A camera that delivers nothing for so long is lost; the slowest shutter is a tenth of it."""
FROZEN_S = 5.0
"""A camera that delivers the same for so long is frozen; the door says so within 10 s."""
RECYCLE_GROWTH_MB = 4.0
"""zbarlight leaks a few hundred bytes a read; the eye is made anew before that matters."""
RECYCLE_QUIET_S = 20.0
"""Only when nothing was seen for so long: recycling never falls into a presentation."""
WARM_FRAMES = 1000
"""After so many frames every library has taken what it always takes."""
_PAGE_MB = resource.getpagesize() / 1e6


class Send(Protocol):
    """Sends one message to the kiosk; raises OSError when it is gone."""

    def __call__(self, message: Message) -> None:
        """Send `message`."""


class Looking(Protocol):
    """What the loop asks of `kiosk.eye.look.Look`."""

    @property
    def names(self) -> tuple[str, ...]:
        """Which decoders it has."""

    @property
    def reads(self) -> Mapping[str, int]:
        """How many frames each way of looking has read."""

    def read(self, frame: Frame) -> list[Symbol]:
        """Return the symbols in `frame`, or else those located but not read."""


class Watch:
    """Turns frames into messages until told to stop."""

    def __init__(
        self,
        camera: Camera,
        look: Looking,
        send: Send,
        *,
        camera_kind: str,
        monotonic_s: Callable[[], float] = time.monotonic,
        resident_mb: Callable[[], float] | None = None,
        recycle_growth_mb: float = RECYCLE_GROWTH_MB,
    ) -> None:
        self._camera = camera
        self._look = look
        self._reads: Mapping[str, int] = {}
        self._send = send
        self._kind = camera_kind
        self._monotonic_s = monotonic_s
        self._frames = self._frames_read = self._codes_read = 0
        self._beat_s = self._seen_s = float("-inf")
        self._liveness = Liveness(FROZEN_S, has_sensor=camera.has_sensor)
        self._symbol_px = 0
        self._quiet_since_s = monotonic_s()
        self._resident_mb = resident_mb or resident_now_mb
        self._recycle_growth_mb = recycle_growth_mb
        self._started_mb: float | None = None
        self._grown = False
        self._told: dict[bytes | None, float] = {}

    def run(self, stopping: Callable[[], bool]) -> bool:
        """Watch until `stopping()`, or begin anew: return True where the eye has grown.

        Raises:
            CameraLost: The camera stopped delivering; the kiosk has been told.
            OSError: The kiosk is gone.
        """
        self._send(Hello(camera=self._kind, decoders=self._look.names))
        try:
            with closing(Looker(self._looked)) as looker:
                self._watch(looker, stopping)
        except CameraLost:
            self._beat(None, camera_ok=False)
            raise
        if self._grown:
            self._send(Bye(why="planned: memory has grown while nobody is in view"))
        return self._grown

    def _watch(self, looker: Looker, stopping: Callable[[], bool]) -> None:
        while not self._grown and not stopping():
            frame = self._camera.capture(CAMERA_PATIENCE_S)
            self._liveness.check(frame)
            looker.begin(frame)
            looked = self._answer(looker, frame, stopping)
            if looked is None:
                return
            self._turn(frame, looked)

    def _looked(self, frame: Frame) -> Looked:
        """Look at `frame`: called by the looker's thread, which alone uses the look."""
        return Looked(self._look.read(frame), dict(self._look.reads))

    def _answer(self, looker: Looker, frame: Frame, stopping: Callable[[], bool]) -> Looked | None:
        """Wait for the look, and send the heartbeats that are due meanwhile; None when stopping."""
        begun_s = self._monotonic_s()
        while (looked := looker.answer(LATE_S)) is None:
            if stopping():
                return None
            now_s = self._monotonic_s()
            if now_s - begun_s < LOOK_PATIENCE_S and now_s - self._beat_s >= HEARTBEAT_S:
                self._beat_s = now_s
                self._beat(frame, camera_ok=True)
        return looked

    def _turn(self, frame: Frame, looked: Looked) -> None:
        symbols, self._reads = looked.symbols, looked.reads
        self._frames += 1
        read = [s for s in symbols if s.payload is not None]
        self._frames_read += bool(read)
        self._codes_read += len(read)
        now_s = self._monotonic_s()
        if symbols:
            self._quiet_since_s = now_s
            self._symbol_px = max(_side_px(symbols), self._symbol_px)
            self._tell(frame, symbols, now_s)
        if now_s - self._beat_s >= HEARTBEAT_S:
            self._beat_s = now_s
            self._beat(frame, camera_ok=True)
            self._grown = self._has_grown(now_s)

    def _tell(self, frame: Frame, symbols: list[Symbol], now_s: float) -> None:
        """Send what was seen, at most MAX_SEEN_HZ times a second; a new code need not wait.

        A code is new when it was not told in the last second, so that codes which alternate are
        not sent on every frame.
        """
        self._told = {p: at_s for p, at_s in self._told.items() if now_s - at_s < 1.0}
        payloads = {s.payload for s in symbols}
        if payloads <= self._told.keys() and now_s - self._seen_s < 1 / MAX_SEEN_HZ:
            return
        codes = tuple(_code(s) for s in symbols if len(s.payload or b"") <= MAX_PAYLOAD_BYTES)
        if not codes:
            return
        self._told |= dict.fromkeys(payloads, now_s)
        self._seen_s = now_s
        self._send(
            Seen(
                captured_ns=frame.captured_ns,
                width_px=frame.width_px,
                height_px=frame.height_px,
                codes=codes[:MAX_CODES],
            )
        )

    def _beat(self, frame: Frame | None, *, camera_ok: bool) -> None:
        sharpness, brightness = measure(frame) if frame else (0, 0)
        self._send(
            Heartbeat(
                camera_ok=camera_ok,
                frames=self._frames,
                frames_read=self._frames_read,
                codes_read=self._codes_read,
                pictures_skipped=self._camera.skipped,
                sensor_ns=frame.sensor_ns if frame else 0,
                sharpness=sharpness,
                brightness=brightness,
                symbol_px=self._symbol_px,
                reads=dict(self._reads),
            )
        )
        self._symbol_px = 0

    def _has_grown(self, now_s: float) -> bool:
        """Tell whether to begin anew: grown, and nothing in view for a while."""
        now_mb = self._resident_mb()
        if self._started_mb is None and self._frames >= WARM_FRAMES:
            self._started_mb = now_mb
        if self._started_mb is None or now_s - self._quiet_since_s < RECYCLE_QUIET_S:
            return False
        limit_mb = self._started_mb + self._recycle_growth_mb
        if now_mb >= limit_mb:
            # What the allocator kept is no leak; a new eye would soon have kept as much.
            give_back()
            now_mb = self._resident_mb()
        return now_mb >= limit_mb


def _code(symbol: Symbol) -> Code:
    payload = None if symbol.payload is None else base64.b64encode(symbol.payload).decode()
    return Code(payload=payload, corners=symbol.corners, decoder=symbol.decoder)


def _side_px(symbols: list[Symbol]) -> int:
    corners = [s.corners for s in symbols if s.corners is not None]
    return max(
        (round(max(math.dist(c[0], c[1]), math.dist(c[1], c[2]))) for c in corners), default=0
    )


def resident_now_mb() -> float:
    """Return the resident memory of this process, in MB of 10**6 bytes."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * _PAGE_MB
