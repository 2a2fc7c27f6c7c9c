"""What a Pi camera is told, in libcamera's controls: frame time, exposure, focus and crop.

Source: libcamera's control ids (`FrameDurationLimits`, `ExposureTime`, `AfMode`, `AfSpeed`,
`AfMetering`, `AfWindows`, `LensPosition`, `ScalerCrop`) and its property `ScalerCropMaximum`, in
whose pixels both `ScalerCrop` and `AfWindows` are counted.
"""

from typing import Annotated, Any

from pydantic import AfterValidator

_AF_MANUAL, _AF_CONTINUOUS = 0, 2
_AF_SPEED_FAST = 1
_AF_METERING_WINDOWS = 1

Rectangle = tuple[int, int, int, int]
"""Left, top, width, height, pixels."""


def _within(part: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    left, top, width, height = part
    if min(part) < 0 or min(width, height) < 0.05 or left + width > 1 or top + height > 1:
        raise ValueError(
            "is left, top, width, height as parts of the picture: from 0 to 1, at least 0.05 wide "
            "and high, and within it"
        )
    return part


Part = Annotated[tuple[float, float, float, float], AfterValidator(_within)]
"""Left, top, width, height, as parts of the picture."""


def controls(
    *,
    fps: float,
    exposure_us: int | None,
    lens_position: float | None,
    focus_window: Part | None,
    crop: Part | None,
    sensor: Rectangle | None,
) -> dict[str, Any]:
    """Return the controls to set; `sensor` is `ScalerCropMaximum`, None where it is not told.

    `exposure_us` fixes the exposure; None leaves it to the camera, whose tuning is capped.
    """
    period_us = round(1_000_000 / fps)
    wanted: dict[str, Any] = {"FrameDurationLimits": (period_us, period_us)}
    if exposure_us is not None:
        # Second best: a fixed exposure with automatic gain. Indoors it is the same; in sunlight,
        # where even a gain of 1 is too much, it is overexposed.
        wanted["ExposureTime"] = exposure_us
    seen = sensor
    if sensor is not None and crop is not None:
        wanted["ScalerCrop"] = seen = rectangle(crop, sensor)
    if lens_position is not None:
        return wanted | {"AfMode": _AF_MANUAL, "LensPosition": lens_position}
    wanted |= {"AfMode": _AF_CONTINUOUS, "AfSpeed": _AF_SPEED_FAST}
    if seen is not None and focus_window is not None:
        windows = [rectangle(focus_window, seen)]
        wanted |= {"AfMetering": _AF_METERING_WINDOWS, "AfWindows": windows}
    return wanted


def rectangle(part: Part, whole: Rectangle) -> Rectangle:
    """Return a part of a rectangle in pixels, even as the hardware wants them.

    >>> rectangle((0.25, 0.25, 0.5, 0.5), (16, 0, 4608, 2592))
    (1168, 648, 2304, 1296)
    """
    left, top, width, height = whole
    return (
        left + round(part[0] * width / 2) * 2,
        top + round(part[1] * height / 2) * 2,
        round(part[2] * width / 2) * 2,
        round(part[3] * height / 2) * 2,
    )
