"""Says what gpiozero and lgpio, as they are on a Pi, take this machine for."""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import lgpio

from kiosk.app.wiring import pin_factory

handle = lgpio.gpiochip_open(0)
_, lines, _, label = lgpio.gpio_get_chip_info(handle)
names = [lgpio.gpio_get_line_info(handle, number)[3] for number in range(lines)]
lgpio.gpiochip_close(handle)
pins = pin_factory("lgpio")
said = {
    "python": list(sys.version_info[:2]),
    "gpiozero": version("gpiozero"),
    "lgpio": version("lgpio"),
    "factory": type(pins).__name__,
    "model": Path("/proc/device-tree/model").read_text("ascii").rstrip("\0"),
    "board": pins.board_info.model,
    "revision": int(pins.board_info.revision, 16),
    "label": label,
    "names": names,
}
Path("/mnt/said.json").write_text(json.dumps(said), "utf-8")
