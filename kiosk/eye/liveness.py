"""Telling a live camera from one that only looks alive.

A camera stack can answer for hours with the same picture. A live one advances its sensor's time,
and the noise of a real sensor makes no two frames equal. Judged by frames, never by a timer.

Source: picamera2 issue 1392 (identical bytes for hours, no error).
"""

import zlib

from kiosk.errors import CameraLost
from kiosk.eye.frame import Frame

_SAMPLE_STEP = 97
"""A prime, so that the sampled pixels walk over all columns; about 1 % of a frame is enough."""


class Liveness:
    """Watches frames for a standing clock and, where there is a sensor, for equal pixels."""

    def __init__(self, frozen_s: float, *, has_sensor: bool) -> None:
        self._frozen_ns = round(frozen_s * 1e9)
        self._has_sensor = has_sensor
        self._sensor_ns: int | None = None
        self._sample: int | None = None
        self._time_moved_ns = self._pixels_moved_ns = 0

    def check(self, frame: Frame) -> None:
        """Take in a frame.

        Raises:
            CameraLost: Time or pixels have stood still for longer than `frozen_s`.
        """
        now_ns = frame.captured_ns
        if frame.sensor_ns != self._sensor_ns:
            self._sensor_ns, self._time_moved_ns = frame.sensor_ns, now_ns
        elif now_ns - self._time_moved_ns > self._frozen_ns:
            raise CameraLost("the camera is frozen: its sensor's clock stands still")
        if not self._has_sensor:
            return
        sample = zlib.crc32(bytes(frame.luma[::_SAMPLE_STEP]))
        if sample != self._sample:
            self._sample, self._pixels_moved_ns = sample, now_ns
        elif now_ns - self._pixels_moved_ns > self._frozen_ns:
            raise CameraLost("the camera is frozen: its picture never changes, not even in noise")
