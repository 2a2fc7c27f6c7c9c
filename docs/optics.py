"""How far from which camera which code can be held: arithmetic, from figures with a source.

A pinhole: a thing `m` millimetres wide at the distance `d` millimetres is `f * m / d` pixels wide,
where `f` is the focal length counted in pixels. Nothing here has been measured through a lens.

Source: Raspberry Pi documentation, "Camera" (fields of view, focal lengths, pixels, depths of
field); sensor modes and their crops as `rpicam-hello --list-cameras` prints them (picamera2 issue
683 for imx219, rpicam-apps issue 515 for imx708); which mode is taken for a frame size: libcamera,
`src/libcamera/pipeline/rpi/common/pipeline_base.cpp` (`findBestFormat`), asked as picamera2 asks
it, for a raw stream of the size of the main one.
"""

import math
from dataclasses import dataclass

from kiosk.eye.camera_controls import Part
from kiosk.eye.cameras.picamera2 import Settings

Size = tuple[int, int]

_DEFAULTS = Settings()
DEFAULT: Size = (_DEFAULTS.width_px, _DEFAULTS.height_px)
"""The frames that are read where nothing else is set."""
SMALL: Size = (640, 480)
"""What the settings advise for a Pi Zero 2 W."""

WANTED_PX = 2.0
"""Pixels a module to plan for: a reserve for hands, light and lenses that no scene has."""
LEAST_PX = 1.4
"""Pixels a module at which `python -m benchmarks.reach` read all of 48 still codes; 1.2: none."""
SMEARED_MODULES = 1.2
"""Modules of smear to plan for; the same benchmark read all of 48 at 1.6, and half of them at 2."""


@dataclass(frozen=True, slots=True)
class Mode:
    """How a sensor is read out: `pixels` that come, from the native pixels of `area`."""

    pixels: Size
    area: Size


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera module as its maker describes it; `modes` are those taken for our frame sizes.

    `nearest_mm` is where its focus begins; None where that is the lens's or nobody's word.
    """

    name: str
    native: Size
    focal_px: float
    nearest_mm: int | None
    modes: dict[Size, Mode]


@dataclass(frozen=True, slots=True)
class Code:
    """A code that is held up: the side of its symbol, and how many modules that is."""

    english: str
    vietnamese: str
    side_mm: float
    modules: int

    @property
    def module_mm(self) -> float:
        """The side of one module."""
        return self.side_mm / self.modules

    @property
    def with_border_mm(self) -> float:
        """The side with the light border of four modules that belongs to it."""
        return self.module_mm * (self.modules + 8)


def focal_px(native_width_px: int, view_deg: float, focal_mm: float, pixel_um: float) -> float:
    """Return the focal length in native pixels.

    The maker's field of view and focal length disagree by up to a tenth, so the shorter counts.

    >>> round(focal_px(4608, 66, 4.74, 1.4))
    3386
    """
    by_view = native_width_px / 2 / math.tan(math.radians(view_deg) / 2)
    return min(by_view, 1000 * focal_mm / pixel_um)


def _module_3(name: str, view_deg: float, focal_mm: float, nearest_mm: int) -> Camera:
    binned = Mode((1536, 864), (3072, 1728))
    focal = focal_px(4608, view_deg, focal_mm, 1.4)
    return Camera(name, (4608, 2592), focal, nearest_mm, {DEFAULT: binned, SMALL: binned})


_MODULE_2 = {DEFAULT: Mode((1920, 1080), (1920, 1080)), SMALL: Mode((640, 480), (1280, 960))}
_GLOBAL = Mode((1456, 1088), (1456, 1088))
_WEBCAM = Mode((1280, 720), (1280, 720))
CAMERAS = (
    Camera("Camera Module 2", (3280, 2464), focal_px(3280, 62.2, 3.04, 1.12), 100, _MODULE_2),
    _module_3("Camera Module 3", 66, 4.74, 100),
    _module_3("Camera Module 3 Wide", 102, 2.75, 50),
    Camera(
        "Global Shutter, 6 mm lens",
        (1456, 1088),
        1000 * 6 / 3.45,
        None,
        {DEFAULT: _GLOBAL, SMALL: _GLOBAL},
    ),
    Camera(
        "USB webcam, 70° (no adapter yet)",
        (1280, 720),
        640 / math.tan(math.radians(35)),
        None,
        {DEFAULT: _WEBCAM, SMALL: _WEBCAM},
    ),
)

CITIZEN = Code("citizen card, code 11 mm", "thẻ căn cước, mã 11 mm", 11.0, 49)
"""The size is that of a draft circular; the number of modules that of its longest content."""
POCKET = Code("ward's card, code 35 mm", "thẻ phường cỡ nhỏ, mã 35 mm", 35.0, 49)
SHEET = Code("ward's sheet, code 64 mm", "thẻ phường cỡ lớn, mã 64 mm", 64.0, 49)
CERTIFICATE = Code("certificate on a phone, 50 mm", "chứng nhận trên điện thoại, 50 mm", 50.0, 93)
CODES = (CITIZEN, POCKET, SHEET, CERTIFICATE)


@dataclass(frozen=True, slots=True)
class View:
    """A camera with a frame size and a crop: what reaches the reader, in pixels of the frame.

    `scale_px` says how large things are drawn; `sharp_px` how much of that the sensor has really
    seen: drawing a crop larger than it was read out adds pixels and no detail.
    """

    size: Size
    scale_px: float
    sharp_px: float


def view(camera: Camera, size: Size, part: float = 1.0) -> View:
    """Return what a camera gives in frames of `size`, of a `part` of what it sees by itself."""
    mode = camera.modes[size]
    used = _used(mode, size)[0] * part
    scale = camera.focal_px * size[0] / used
    return View(size, scale, min(scale, camera.focal_px * mode.pixels[0] / mode.area[0]))


def crop(camera: Camera, size: Size, part: float) -> Part:
    """Return the middle `part` of what a camera sees by itself, as `camera.crop` wants it.

    It has the shape of the frame: another shape would be stretched, or so libcamera's source says.
    """
    mode = camera.modes[size]
    width, height = (
        round(part * used / whole, 3)
        for used, whole in zip(_used(mode, size), mode.area, strict=True)
    )
    return round((1 - width) / 2, 3), round((1 - height) / 2, 3), width, height


def _used(mode: Mode, size: Size) -> tuple[float, float]:
    """Return the native pixels in the frame: the longer side is cut until it has its shape."""
    width = min(mode.area[0], mode.area[1] * size[0] / size[1])
    return width, width * size[1] / size[0]


def farthest_mm(seen: View, code: Code, module_px: float = WANTED_PX) -> float:
    """Return the distance at which a module has just `module_px` pixels."""
    return seen.sharp_px * code.module_mm / module_px


def nearest_mm(seen: View, code: Code, camera: Camera) -> float:
    """Return the distance from which on the whole code is in the picture, and in focus."""
    fits = seen.scale_px * code.with_border_mm / min(seen.size)
    return max(fits, camera.nearest_mm or 0)


def seen_mm(seen: View, distance_mm: float) -> tuple[float, float]:
    """Return width and height of what the picture shows at a distance."""
    width, height = seen.size
    return width * distance_mm / seen.scale_px, height * distance_mm / seen.scale_px


def fastest_mm_s(code: Code, exposure_us: int) -> float:
    """Return how fast a hand may move a code: `SMEARED_MODULES` within one exposure."""
    return SMEARED_MODULES * code.module_mm * 1_000_000 / exposure_us
