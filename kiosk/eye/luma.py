"""A frame as a Pillow picture, without a copy."""

from typing import cast

from PIL import Image

from kiosk.eye.frame import Frame


def as_image(frame: Frame) -> Image.Image:
    """Return the frame as a picture of mode "L" over the same bytes, valid as long as they are."""
    # Pillow takes any buffer; its annotation knows only two of them.
    luma = cast("bytes", frame.luma)
    size_px = (frame.width_px, frame.height_px)
    return Image.frombuffer("L", size_px, luma, "raw", "L", frame.stride_px, 1)
