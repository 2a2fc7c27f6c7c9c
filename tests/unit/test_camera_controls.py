"""What a Pi camera is told of focus and crop, in the sensor's own pixels."""

from typing import Any

import pytest
from pydantic import ValidationError

from kiosk.eye.camera_controls import Part, Rectangle, controls, fitted, shape_remark
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


MODULE_2, MODULE_3 = (0, 0, 3280, 2464), (0, 0, 4608, 2592)
HALF = (0.25, 0.25, 0.5, 0.5)


@pytest.mark.parametrize(
    ("crop", "frame_px", "sensor"),
    [
        (HALF, (1280, 720), MODULE_3),
        # Three digits, even pixels, and what a person would write.
        ((0.312, 0.25, 0.375, 0.5), (640, 480), MODULE_3),
        ((0.25, 0.31, 0.5, 0.38), (1280, 720), MODULE_2),
        (HALF, (1280, 720), None),
        # The shape of some sensor, so nothing is known before the camera is.
        (HALF, (640, 480), None),
    ],
)
def test_a_crop_of_the_frames_shape_is_not_remarked_on(
    crop: Part, frame_px: tuple[int, int], sensor: Rectangle | None
) -> None:
    assert shape_remark(crop, frame_px, sensor) is None


@pytest.mark.parametrize(
    ("crop", "frame_px", "sensor", "better"),
    [
        (HALF, (1280, 720), MODULE_2, "on a sensor of 3280:2464 let it be 0.5 wide and 0.374 high"),
        (HALF, (640, 480), MODULE_3, "on a sensor of 4608:2592 let it be 0.375 wide and 0.5 high"),
        ((0, 0, 1, 1), (640, 480), MODULE_3, "let it be 0.75 wide and 1 high"),
        ((0.25, 0, 0.5, 1), (1280, 720), None, "on a sensor of 16:9 let it be 0.5 wide and 0.5 hi"),
        ((0.25, 0, 0.5, 1), (1280, 720), None, "on a sensor of 4:3 let it be 0.5 wide and 0.375 h"),
        ((0.25, 0.31, 0.5, 0.4), (1280, 720), MODULE_2, "0.5 wide and 0.374 high"),
    ],
)
def test_another_shape_is_and_the_right_one_is_told(
    crop: Part, frame_px: tuple[int, int], sensor: Rectangle | None, better: str
) -> None:
    said = shape_remark(crop, frame_px, sensor)
    assert said is not None
    assert said.startswith("camera.crop = [")
    assert better in said


@pytest.mark.parametrize("sensor", [MODULE_2, MODULE_3])
@pytest.mark.parametrize("frame_px", [(1280, 720), (640, 480), (1920, 1080)])
@pytest.mark.parametrize("crop", [HALF, (0, 0, 1, 1), (0.6, 0, 0.4, 1), (0, 0.9, 1, 0.1)])
def test_what_is_told_stays_within_and_is_not_remarked_on_again(
    crop: Part, frame_px: tuple[int, int], sensor: Rectangle
) -> None:
    width, height = fitted(crop, sensor[2:], frame_px)
    assert (width <= crop[2], height <= crop[3]) == (True, True)
    assert shape_remark((crop[0], crop[1], width, height), frame_px, sensor) is None


def test_a_sensor_of_unknown_size_is_neither_cropped_nor_windowed() -> None:
    wishes = {"focus_window": (0, 0, 1, 1), "crop": (0, 0, 0.5, 0.5), "sensor": None}
    assert controls(**NOTHING | wishes).keys() == controls(**NOTHING).keys()


@pytest.mark.parametrize("part", [(0, 0, 0, 1), (0.5, 0, 0.6, 1), (-0.1, 0, 1, 1), (0, 0.99, 1, 1)])
def test_a_part_lies_within_the_picture(part: tuple[float, ...]) -> None:
    for field in ("focus_window", "crop"):
        with pytest.raises(ValidationError, match="parts of the picture"):
            Settings.model_validate({field: part})
