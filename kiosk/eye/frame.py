"""A camera frame as the decoders get it: 8-bit luma in place, never a copy in colour."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Frame:
    """One exposed picture.

    `luma`: uint8, row-major, `stride_px >= width_px` bytes a row, at least
    `stride_px * (height_px - 1) + width_px` bytes; valid until the camera's next `capture`.
    `captured_ns`: CLOCK_MONOTONIC nanoseconds at the exposure, or at its arrival where the sensor
    does not tell. `sensor_ns`: the sensor's own timestamp, which stands still when a camera is
    frozen; equal to `captured_ns` where there is none.
    """

    luma: bytes | memoryview = field(repr=False)
    width_px: int
    height_px: int
    stride_px: int
    captured_ns: int
    sensor_ns: int

    def __post_init__(self) -> None:
        """Refuse a layout that a decoder would read beyond."""
        needed = self.stride_px * (self.height_px - 1) + self.width_px
        if min(self.width_px, self.height_px) < 1 or self.stride_px < self.width_px:
            raise ValueError(
                f"a frame of {self.width_px} x {self.height_px} px cannot have rows of "
                f"{self.stride_px} bytes"
            )
        if len(self.luma) < needed:
            raise ValueError(f"a frame holds {len(self.luma)} bytes and needs {needed}")
