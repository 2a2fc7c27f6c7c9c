"""The eye's loop: capture, look, tell. One thread, one camera, one connection to the kiosk.

It ends when the camera is lost or the kiosk is gone; whoever started it starts it again. It never
retries by itself, so that there is one policy for restarts and it is not in here.
"""

import base64
import time
from collections.abc import Callable
from typing import Protocol

from kiosk.errors import CameraLost
from kiosk.eye.cameras import Camera
from kiosk.eye.decoders import Symbol
from kiosk.eye.frame import Frame
from kiosk.eye.look import Look
from kiosk.eye.messages import (
    MAX_CODES,
    MAX_PAYLOAD_BYTES,
    MAX_SEEN_HZ,
    Code,
    Heartbeat,
    Hello,
    Message,
    Seen,
)
from kiosk.eye.quality import measure

HEARTBEAT_S = 1.0
CAMERA_PATIENCE_S = 3.0
"""A camera that delivers nothing for so long is lost; the slowest shutter is a tenth of it."""


class Send(Protocol):
    """Sends one message to the kiosk; raises OSError when it is gone."""

    def __call__(self, message: Message) -> None:
        """Send `message`."""


class Watch:
    """Turns frames into messages until told to stop."""

    def __init__(
        self,
        camera: Camera,
        look: Look,
        send: Send,
        *,
        camera_kind: str,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._camera = camera
        self._look = look
        self._send = send
        self._kind = camera_kind
        self._monotonic_s = monotonic_s
        self._frames = self._frames_read = self._codes_read = 0
        self._beat_s = self._seen_s = float("-inf")
        self._told: dict[bytes | None, float] = {}

    def run(self, stopping: Callable[[], bool]) -> None:
        """Watch until `stopping()`, or the camera or the kiosk is gone.

        Raises:
            CameraLost: The camera stopped delivering; the kiosk has been told.
            OSError: The kiosk is gone.
        """
        self._send(Hello(camera=self._kind, decoders=tuple(d.name for d in self._look.decoders)))
        frame: Frame | None = None
        try:
            while not stopping():
                frame = self._camera.capture(CAMERA_PATIENCE_S)
                self._turn(frame)
        except CameraLost:
            self._beat(None, camera_ok=False)
            raise

    def _turn(self, frame: Frame) -> None:
        symbols = self._look.read(frame)
        self._frames += 1
        read = [s for s in symbols if s.payload is not None]
        self._frames_read += bool(read)
        self._codes_read += len(read)
        now_s = self._monotonic_s()
        if symbols:
            self._tell(frame, symbols, now_s)
        if now_s - self._beat_s >= HEARTBEAT_S:
            self._beat_s = now_s
            self._beat(frame, camera_ok=True)

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
                pictures_skipped=getattr(self._camera, "skipped", 0),
                sensor_ns=frame.sensor_ns if frame else 0,
                sharpness=sharpness,
                brightness=brightness,
            )
        )


def _code(symbol: Symbol) -> Code:
    payload = None if symbol.payload is None else base64.b64encode(symbol.payload).decode()
    return Code(payload=payload, corners=symbol.corners, decoder=symbol.decoder)
