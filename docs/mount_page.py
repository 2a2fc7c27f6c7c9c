"""The tables of the guides to mounting a kiosk: distances and hands, computed by `docs.optics`."""

import math
from collections.abc import Iterator

from docs.delivery_page import markers
from docs.optics import (
    CAMERAS,
    CITIZEN,
    CODES,
    DEFAULT,
    LEAST_PX,
    POCKET,
    SHEET,
    SMALL,
    Camera,
    Code,
    Size,
    View,
    crop,
    farthest_mm,
    fastest_mm_s,
    nearest_mm,
    seen_mm,
    view,
)
from kiosk.eye.cameras.picamera2 import Settings

ENGLISH = "docs/howto/mount-a-kiosk.md"
VIETNAMESE = "docs/howto/mount-a-kiosk.vi.md"
PAGES = (ENGLISH, VIETNAMESE)
DISTANCES = "distances"
HANDS = "hands"
_CROPPED = 0.5
_EXPOSURES_US = (Settings().max_exposure_us, 1000, 500)


def pages(committed: dict[str, str]) -> dict[str, str]:
    """Return both guides with the blocks between their markers written anew."""
    english = _with(committed[ENGLISH], ENGLISH, DISTANCES, distances())
    return {
        ENGLISH: _with(english, ENGLISH, HANDS, hands()),
        VIETNAMESE: _with(committed[VIETNAMESE], VIETNAMESE, DISTANCES, khoang_cach()),
    }


def _with(page: str, name: str, block: str, table: str) -> str:
    begin, end = markers(block)
    before, found_begin, rest = page.partition(begin)
    _, found_end, after = rest.partition(end)
    if not found_begin or not found_end:
        raise SystemExit(f"{name}: put the two lines there: {begin} and {end}")
    return f"{before}{begin}\n{table}\n{end}{after}"


def distances() -> str:
    """Return from where to where each code can be held, in whole centimetres, for technicians."""
    head = ["Camera", "Frames", "`crop`", "Seen at 20 cm", "at 2 m", *(c.english for c in CODES)]
    lines = [_line(head), "|---" * len(head) + "|"]
    for camera, size, part in _rows():
        seen = view(camera, size, part)
        cut = "" if part == 1 else f"`{list(crop(camera, size, part))}`"
        near, far = (_area(seen, mm) for mm in (200, 2000))
        spans = (_span(camera, seen, code) for code in CODES)
        lines.append(_line([camera.name, f"{size[0]} x {size[1]}", cut, near, far, *spans]))
    return "\n".join(lines)


def khoang_cach() -> str:
    """Return the same for venues: what the kiosk sees by itself, and the cards they meet.

    Only cameras whose focus is known: a venue does not choose lenses.
    """
    codes = (CITIZEN, POCKET, SHEET)
    head = ["Camera", *(code.vietnamese for code in codes)]
    lines = [_line(head), "|---" * len(head) + "|"]
    for camera in (each for each in _of_a_pi() if each.nearest_mm is not None):
        seen = view(camera, DEFAULT)
        spans = (_span(camera, seen, code, last=False, to=" đến ") + " cm" for code in codes)
        lines.append(_line([camera.name, *spans]))
    return "\n".join(lines)


def hands() -> str:
    """Return how fast a hand may be while a code is still read, in centimetres a second."""
    head = ["Longest exposure", *(code.english for code in CODES)]
    lines = [_line(head), "|---" * len(head) + "|"]
    for exposure_us in _EXPOSURES_US:
        speeds = (f"{fastest_mm_s(code, exposure_us) / 10:.0f} cm/s" for code in CODES)
        lines.append(_line([f"{exposure_us} µs", *speeds]))
    return "\n".join(lines)


def _rows() -> Iterator[tuple[Camera, Size, float]]:
    for camera in _of_a_pi():
        for size in (DEFAULT, SMALL):
            yield camera, size, 1.0
            # Where the sensor is read out with no more pixels than the frame has, a crop cuts only.
            if view(camera, size, _CROPPED).sharp_px > view(camera, size).sharp_px:
                yield camera, size, _CROPPED
    yield CAMERAS[-1], DEFAULT, 1.0


def _of_a_pi() -> tuple[Camera, ...]:
    return CAMERAS[:-1]


def _area(seen: View, distance_mm: float) -> str:
    width, height = (round(side / 10) for side in seen_mm(seen, distance_mm))
    return f"{width} x {height} cm"


def _span(camera: Camera, seen: View, code: Code, *, last: bool = True, to: str = " to ") -> str:
    """Return "10 to 15 (22)": nearest, farthest to plan for, where reading ends; whole cm."""
    nearest = math.ceil(nearest_mm(seen, code, camera) / 10)
    farthest = int(farthest_mm(seen, code) / 10)
    end = int(farthest_mm(seen, code, LEAST_PX) / 10)
    span = f"{nearest}{to}{farthest}" if nearest < farthest else "none"
    return f"{span} ({end})" if last else span


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
