"""Two things that a Pi's camera offers and libcamera's virtual one does not.

picamera2 was made for the Pi and takes both for granted. They are added to libcamera's Python
binding, when an interpreter of the tree starts; picamera2 and the kiosk are used as they are.
"""

from collections.abc import Sequence
from typing import Any

import libcamera

_generate = libcamera.Camera.generate_configuration
_init = libcamera.FrameBuffer.__init__


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


libcamera.Camera.generate_configuration = _generate_configuration
libcamera.FrameBuffer.__init__ = _init_frame_buffer
