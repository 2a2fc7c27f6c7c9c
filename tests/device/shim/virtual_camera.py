"""What a Pi's camera offers and libcamera's virtual one does not.

picamera2 was made for the Pi and takes two things for granted; then there is a cable that can be
pulled, and a sensor that takes its time. They are added to libcamera's Python binding, when an
interpreter of the tree starts; picamera2 and the kiosk are used as they are.
"""

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import libcamera

PULLED = Path("/run/pictures/pulled")
"""While this exists no frame comes, and no word of it."""

_generate = libcamera.Camera.generate_configuration
_init = libcamera.FrameBuffer.__init__
_queue_request = libcamera.Camera.queue_request


def _generate_configuration(camera: Any, roles: Sequence[Any]) -> Any:
    """Describe the ordinary stream where there is no raw one: picamera2 asks each sensor for it."""
    return _generate(camera, roles) or _generate(camera, [libcamera.StreamRole.Viewfinder])


def _init_frame_buffer(buffer: Any, planes: list[Any], *more: Any) -> None:
    """Take a buffer in one piece as the two planes of NV12, luma and colour, that it holds.

    A Pi's pipeline takes one piece; the virtual one stops the process on an assertion.
    """
    if len(planes) == 1:
        # picamera2 goes on using this very object, so it is the one that becomes the luma.
        luma, colour = planes[0], libcamera.FrameBuffer.Plane()
        whole_bytes = luma.length
        luma.length = whole_bytes * 2 // 3
        colour.fd, colour.offset = luma.fd, luma.length
        colour.length = whole_bytes - luma.length
        planes = [luma, colour]
    _init(buffer, planes, *more)


def pace(frame_s: float) -> None:
    """Let frames come no faster than this; without it they come as fast as they are taken."""
    _pace.frame_s = frame_s


class _Pace:
    frame_s = 0.0
    next_s = 0.0
    # A camera starts with all of its buffers at once.
    first = 4
    pause = threading.Event()

    def wait(self) -> None:
        """Wait until the next frame is due; by whoever gives a buffer back."""
        if self.first:
            self.first -= 1
            return
        now_s = time.monotonic()
        self.next_s = max(self.next_s + self.frame_s, now_s)
        self.pause.wait(self.next_s - now_s)


_pace = _Pace()


def _queue_unless_pulled(camera: Any, request: Any) -> Any:
    """Take a request for a frame when it is due, and where the cable is pulled never answer it."""
    if PULLED.exists():
        return 0
    _pace.wait()
    return _queue_request(camera, request)


libcamera.Camera.generate_configuration = _generate_configuration
libcamera.FrameBuffer.__init__ = _init_frame_buffer
libcamera.Camera.queue_request = _queue_unless_pulled
