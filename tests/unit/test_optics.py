"""The arithmetic of distances: against figures by hand, and what is printed and set."""

import math

import pytest

from docs.optics import (
    CAMERAS,
    CITIZEN,
    CODES,
    DEFAULT,
    LEAST_PX,
    POCKET,
    SHEET,
    SMALL,
    SMEARED_MODULES,
    WANTED_PX,
    Camera,
    Code,
    Mode,
    crop,
    farthest_mm,
    fastest_mm_s,
    focal_px,
    nearest_mm,
    seen_mm,
    view,
)
from kiosk.eye.camera_controls import rectangle
from kiosk.eye.cameras.picamera2 import Settings
from provisioning.cards import pocket, sheet
from provisioning.paper.symbol import MODULES, box_mm

SIZES = (DEFAULT, SMALL)
MODULE_3 = next(camera for camera in CAMERAS if camera.name == "Camera Module 3")


def test_the_codes_are_those_that_are_printed() -> None:
    assert (POCKET.side_mm, SHEET.side_mm) == (pocket.SYMBOL_MM, sheet.SYMBOL_MM)
    assert POCKET.modules == SHEET.modules == MODULES
    assert POCKET.with_border_mm == pytest.approx(box_mm(pocket.SYMBOL_MM))


def test_the_frames_are_those_of_the_settings() -> None:
    assert (Settings().width_px, Settings().height_px) == DEFAULT
    fields = Settings.model_fields
    assert f"{SMALL[0]} on a Pi Zero 2 W" in str(fields["width_px"].description)
    assert f"{SMALL[1]} on a Pi Zero 2 W" in str(fields["height_px"].description)


def test_the_example_of_the_guide() -> None:
    seen = view(MODULE_3, DEFAULT)
    assert round(MODULE_3.focal_px) == 3386
    assert round(seen.scale_px) == round(seen.sharp_px) == 1411
    assert round(farthest_mm(seen, CITIZEN)) == 158
    # Twice as near, a module is twice as wide; and 1.4 px reach farther than 2.
    assert farthest_mm(seen, CITIZEN, 2 * WANTED_PX) == pytest.approx(
        farthest_mm(seen, CITIZEN) / 2
    )
    assert farthest_mm(seen, CITIZEN, LEAST_PX) > farthest_mm(seen, CITIZEN)


def test_larger_frames_of_a_module_3_see_more_and_reach_no_farther() -> None:
    size = (1920, 1080)
    whole = Mode((2304, 1296), (4608, 2592))
    larger = Camera("larger", MODULE_3.native, MODULE_3.focal_px, 100, {size: whole})
    assert view(larger, size).sharp_px == pytest.approx(view(MODULE_3, DEFAULT).sharp_px)
    assert seen_mm(view(larger, size), 200)[0] > seen_mm(view(MODULE_3, DEFAULT), 200)[0]


def test_the_shorter_of_two_focal_lengths_counts() -> None:
    assert focal_px(1000, 90, 1.0, 1.0) == pytest.approx(500)
    assert focal_px(1000, 90, 0.4, 1.0) == pytest.approx(400)


@pytest.mark.parametrize("camera", CAMERAS, ids=lambda camera: camera.name)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_crop_keeps_the_frame_s_shape_and_never_invents_detail(
    camera: Camera, size: tuple[int, int]
) -> None:
    mode, half, whole = camera.modes[size], view(camera, size, 0.5), view(camera, size)
    part = crop(camera, size, 0.5)
    _, _, width, height = rectangle(part, (0, 0, *mode.area))
    assert width / height == pytest.approx(size[0] / size[1], rel=0.01)
    # Settings take it, and it is drawn twice as large.
    assert Settings(crop=part).crop == part
    assert half.scale_px == pytest.approx(2 * whole.scale_px)
    assert whole.sharp_px <= half.sharp_px <= half.scale_px
    assert half.sharp_px <= camera.focal_px * mode.pixels[0] / mode.area[0] * (1 + 1e-9)
    assert all(used <= there for used, there in zip(mode.area, camera.native, strict=True))


@pytest.mark.parametrize("camera", CAMERAS, ids=lambda camera: camera.name)
@pytest.mark.parametrize("code", CODES, ids=lambda code: code.english)
def test_at_the_nearest_distance_the_code_fits_and_is_in_focus(camera: Camera, code: Code) -> None:
    seen = view(camera, DEFAULT)
    nearest = nearest_mm(seen, code, camera)
    assert min(seen_mm(seen, nearest)) >= code.with_border_mm * (1 - 1e-9)
    assert nearest >= (camera.nearest_mm or 0)


def test_a_hand_is_as_fast_as_the_smear_allows() -> None:
    speed = fastest_mm_s(POCKET, 2000)
    smeared = speed * 0.002 / POCKET.module_mm
    assert smeared == pytest.approx(SMEARED_MODULES)
    assert fastest_mm_s(POCKET, 1000) == pytest.approx(2 * speed)
    assert math.isclose(fastest_mm_s(CITIZEN, 2000), 1.2 * 11 / 49 / 0.002)
