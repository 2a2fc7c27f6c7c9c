"""What a Pi camera is told of focus and crop, in the sensor's own pixels."""

from typing import Any

import pytest
from pydantic import ValidationError

from kiosk.eye.camera_controls import Rectangle, controls
from kiosk.eye.cameras.picamera2 import Settings

SENSOR: Rectangle = (16, 0, 4608, 2592)
NOTHING: dict[str, Any] = {
    "fps": 30.0,
    "exposure_us": None,
    "lens_position": None,
    "focus_window": None,
    "crop": None,
    "sensor": SENSOR,
}


def test_without_wishes_the_whole_picture_is_focused_by_itself() -> None:
    told = controls(**NOTHING)
    assert told == {"FrameDurationLimits": (33333, 33333), "AfMode": 2, "AfSpeed": 1}


def test_focus_looks_where_cards_are_held_within_what_is_read() -> None:
    told = controls(**NOTHING | {"focus_window": (0.5, 0.0, 0.5, 1.0), "crop": (0.25, 0, 0.5, 0.5)})
    assert told["ScalerCrop"] == (1168, 0, 2304, 1296)
    assert told["AfMetering"] == 1
    assert told["AfWindows"] == [(1168 + 1152, 0, 1152, 1296)]


def test_a_fixed_lens_needs_no_window() -> None:
    told = controls(**NOTHING | {"focus_window": (0, 0, 1, 1), "lens_position": 5.0})
    assert (told["AfMode"], told["LensPosition"]) == (0, 5.0)
    assert "AfWindows" not in told


def test_a_sensor_of_unknown_size_is_neither_cropped_nor_windowed() -> None:
    wishes = {"focus_window": (0, 0, 1, 1), "crop": (0, 0, 0.5, 0.5), "sensor": None}
    assert controls(**NOTHING | wishes).keys() == controls(**NOTHING).keys()


@pytest.mark.parametrize("part", [(0, 0, 0, 1), (0.5, 0, 0.6, 1), (-0.1, 0, 1, 1), (0, 0.99, 1, 1)])
def test_a_part_lies_within_the_picture(part: tuple[float, ...]) -> None:
    for field in ("focus_window", "crop"):
        with pytest.raises(ValidationError, match="parts of the picture"):
            Settings.model_validate({field: part})
