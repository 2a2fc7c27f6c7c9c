"""Cameras: where frames come from. The file name is `[camera] kind`.

A camera is one module with a frozen `Settings` model (`extra="forbid"`), a class that keeps this
contract, and `build(settings) -> Camera`. It is imported only when chosen. Its
`Settings` may have `remark() -> str | None`: what a technician should know of them.
"""

from typing import Protocol

from kiosk.eye.frame import Frame


class Camera(Protocol):
    """A source of frames, used by the eye's main thread.

    Contract, held by `tests/contract/test_cameras.py` for every adapter: frames honour their
    stride; `captured_ns` never goes back and is CLOCK_MONOTONIC; the newest frame wins (a camera
    that plays a list may play each once instead); `capture` waits at most `timeout_s` and then
    raises; `close` may be called twice, and from a camera that failed.
    """

    has_sensor: bool
    """Whether frames carry a sensor's noise, so that two equal ones mean a frozen camera."""

    @property
    def remark(self) -> str | None:
        """What a technician should know of the camera as it was found; None: nothing."""

    @property
    def skipped(self) -> int:
        """How many files could not be used since the start; 0 where there are no files."""

    def capture(self, timeout_s: float) -> Frame:
        """Return the next frame not returned before.

        Raises:
            CameraLost: No frame came within `timeout_s`, or the device is gone.
        """

    def close(self) -> None:
        """Release the device. Never raises."""
