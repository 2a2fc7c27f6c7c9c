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

SENSOR_SHAPES = ((16, 9), (4, 3), (16, 10), (169, 90))
"""Width to height of what the Pi cameras' modes read out of their sensors; the last is the HQ's."""
SHAPE_TOLERANCE = 0.02
"""Crops are written with a few digits; a code may be wider than high by so much, and is read."""


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


def shape_remark(
    crop: Part, frame_px: tuple[int, int], sensor: Rectangle | None = None
) -> str | None:
    """Return that a crop has another shape than the frames, and which would do; None: it has not.

    A camera scales what it is told to cut out to the frame, whatever the shape of either. Without
    `sensor` only what every Pi camera would stretch is remarked on.

    >>> shape_remark((0.25, 0.25, 0.5, 0.5), (1280, 720))
    >>> remark = shape_remark((0.25, 0.25, 0.5, 0.5), (1280, 720), (0, 0, 3280, 2464))
    >>> remark.partition("; ")[2]
    'on a sensor of 3280:2464 let it be 0.5 wide and 0.374 high'
    """
    shapes = SENSOR_SHAPES if sensor is None else (sensor[2:],)
    fitting = [(shape, fitted(crop, shape, frame_px)) for shape in shapes]
    if any(size == crop[2:] for _, size in fitting):
        return None
    # The last of the known shapes is rare, and so is the one before it.
    advice = [
        f"on a sensor of {across}:{down} let it be {width:g} wide and {height:g} high"
        for (across, down), (width, height) in fitting[:2]
    ]
    return (
        f"camera.crop = {[float(f'{part:g}') for part in crop]}: another shape than the frames, "
        f"{frame_px[0]} x {frame_px[1]}, so the picture is stretched, codes too; "
        f"{', '.join(advice)}"
    )


def fitted(crop: Part, sensor: tuple[int, int], frame_px: tuple[int, int]) -> tuple[float, float]:
    """Return width and height, as parts, with which a crop has the frame's shape; never larger.

    >>> fitted((0.25, 0.25, 0.5, 0.5), (4608, 2592), (1280, 720))
    (0.5, 0.5)
    >>> fitted((0.25, 0.25, 0.5, 0.5), (4608, 2592), (640, 480))
    (0.375, 0.5)
    """
    _, _, width, height = crop
    wider = (width * sensor[0] * frame_px[1]) / (height * sensor[1] * frame_px[0])
    if abs(wider - 1) <= SHAPE_TOLERANCE:
        return width, height
    return (round(width / wider, 3), height) if wider > 1 else (width, round(height * wider, 3))


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
