"""A Pi sensor's tuning with the exposure capped: the only way to cap it and keep it automatic.

libcamera has no control for the longest exposure. FrameDurationLimits cannot go below the sensor's
readout, which is ten times too long, and AeExposureMode "short" still climbs far above a frame's
time. A fixed ExposureTime leaves only the gain to adapt, which is too bright in sunlight even at
its lowest. But automatic exposure obeys the table in the sensor's tuning file: first time up to
the table's limit, then gain up to the table's limit.

The sensor is asked of the kernel and not of libcamera: libcamera reads the tuning when its camera
manager first starts, so asking it for the sensor's name would already be too late.

Source: libcamera, `src/ipa/rpi/controller/rpi/agc_channel.cpp` (`divideUpExposure`).
"""

from pathlib import Path
from typing import Any

SUBDEVICES = Path("/sys/class/video4linux")
_SHORTEST_US = 100

Tuning = dict[str, Any]


def capped(
    device: Any,
    name: str | None,
    max_exposure_us: int,
    max_gain: float,
    subdevices: Path = SUBDEVICES,
) -> Tuning | None:
    """Return the tuning for the sensor that is there, capped; None where there is none for it.

    `device` is picamera2's `Picamera2` class, of which only the two static functions for tuning
    files are used. `name` is the tuning file's, where it is not that of the sensor.
    """
    names = [name] if name is not None else [f"{sensor}.json" for sensor in _sensors(subdevices)]
    found = [tuning for tuning in (_load(device, each) for each in names) if tuning is not None]
    # Two sensors of different kinds: which one is meant is known only once libcamera runs.
    if len(found) != 1:
        return None
    return found[0] if _cap(device, found[0], max_exposure_us, max_gain) else None


def _sensors(subdevices: Path) -> list[str]:
    """Return the names of the kernel's camera parts, such as imx708_wide from "imx708_wide 4-1a".

    Lenses and receivers are among them; there is no tuning file of their name.
    """
    names: set[str] = set()
    for entry in subdevices.glob("v4l-subdev*/name"):
        try:
            words = entry.read_text(encoding="utf-8", errors="replace").split()
        except OSError:
            continue
        # Letters, digits and underscores only: the name becomes a file name.
        if words and words[0].isidentifier():
            names.add(words[0])
    return sorted(names)


def _load(device: Any, name: str) -> Tuning | None:
    try:
        tuning: Tuning = device.load_tuning_file(name)
    except (RuntimeError, OSError, ValueError):
        return None
    return tuning


def _cap(device: Any, tuning: Tuning, max_exposure_us: int, max_gain: float) -> bool:
    """Cap every exposure mode of every channel in place; False where the layout is unknown."""
    table = {
        "shutter": [min(_SHORTEST_US, max_exposure_us), max_exposure_us],
        "gain": [1.0, max_gain],
    }
    try:
        algorithm = device.find_tuning_algo(tuning, "rpi.agc")
        for channel in algorithm.get("channels", [algorithm]):
            channel["exposure_modes"] = {mode: dict(table) for mode in channel["exposure_modes"]}
    except (LookupError, StopIteration, AttributeError, TypeError):
        return False
    return True
