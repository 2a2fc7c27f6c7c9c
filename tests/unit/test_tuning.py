"""Automatic exposure is capped for the sensor that is there, and only when that is certain."""

import json
from pathlib import Path
from typing import Any

import pytest

from kiosk.eye import tuning


class TuningFiles:
    """The two static functions of `Picamera2` that read tuning files."""

    def __init__(self, **files: Any) -> None:
        self.files = {f"{name}.json": json.dumps(content) for name, content in files.items()}

    def load_tuning_file(self, name: str) -> Any:
        if name not in self.files:
            raise RuntimeError("Tuning file not found")
        return json.loads(self.files[name])

    def find_tuning_algo(self, content: Any, name: str) -> Any:
        if content.get("version", 1) == 1:
            return content[name]
        return next(part for part in content["algorithms"] if name in part)[name]


MODES = {"exposure_modes": {"normal": {"shutter": [100, 66666], "gain": [1.0, 8.0]}, "long": {}}}
CAPPED = {"shutter": [100, 2000], "gain": [1.0, 16.0]}


def kernel_with(folder: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        part = folder / f"v4l-subdev{number}"
        part.mkdir()
        (part / "name").write_text(f"{name}\n")
    return folder


def test_every_exposure_mode_of_the_sensor_that_is_there_is_capped(tmp_path: Path) -> None:
    content = {"version": 2.0, "algorithms": [{"rpi.awb": {}}, {"rpi.agc": {"channels": [MODES]}}]}
    files = TuningFiles(imx708_wide=content, imx219={"rpi.agc": MODES})
    subdevices = kernel_with(tmp_path, "unicam-image", "dw9807 4-000c", "imx708_wide 4-001a")
    found = tuning.capped(files, None, 2000, 16.0, subdevices)
    assert found is not None
    channel = found["algorithms"][1]["rpi.agc"]["channels"][0]
    assert channel["exposure_modes"] == {"normal": CAPPED, "long": CAPPED}


def test_the_older_layout_is_capped_too(tmp_path: Path) -> None:
    files = TuningFiles(imx219_noir={"rpi.agc": MODES})
    found = tuning.capped(files, "imx219_noir.json", 2000, 16.0, tmp_path)
    assert found is not None
    assert found["rpi.agc"]["exposure_modes"]["normal"] == CAPPED


@pytest.mark.parametrize(
    ("files", "sensors"),
    [
        ({}, ("imx708 4-001a",)),
        ({"imx708": {"rpi.agc": MODES}}, ()),
        ({"imx708": {"rpi.agc": MODES}, "imx219": {"rpi.agc": MODES}}, ("imx708 4", "imx219 6")),
        ({"imx708": {"version": 2.0, "algorithms": []}}, ("imx708 4-001a",)),
        ({"imx708": {"rpi.agc": {"channels": [{}]}}}, ("imx708 4-001a",)),
    ],
    ids=["no file", "no sensor", "two kinds", "no agc", "no modes"],
)
def test_no_tuning_where_it_would_be_a_guess(
    tmp_path: Path, files: dict[str, Any], sensors: tuple[str, ...]
) -> None:
    subdevices = kernel_with(tmp_path, *sensors)
    assert tuning.capped(TuningFiles(**files), None, 2000, 16.0, subdevices) is None
