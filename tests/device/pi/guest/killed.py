"""Kills a kiosk whose door is open and whose light is green: `killed.py [COMMAND...]`.

Without a command the kernel alone is left to turn everything off. With one, the chip keeps what it
was told, as Raspberry Pi's own kernel does, and the command is what systemd would start then.
"""

import json
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import lgpio

from kiosk.eye.people import person
from tests.device.pi.guest import settings
from tests.device.pi.guest.kiosk_run import KioskRun, levels

GREEN, RELAY = 17, 22
PATIENCE_S = 20.0
LINE_IS_OUT = 2
"""A flag of lgpio's."""
PERSIST = Path("/sys/module/gpio_sim/parameters/persist_gpio_outputs")


def main(command: list[str]) -> None:
    """Kill it, and write how long what was on stayed on."""
    wait = threading.Event().wait
    PERSIST.write_text("Y" if command else "N", "ascii")
    with KioskRun() as kiosk:
        kiosk.until("eye up")
        settings.show(person(random.Random(1)))
        by_s = time.monotonic() + PATIENCE_S
        while not (on := levels())[RELAY] * on[GREEN] and time.monotonic() < by_s:
            wait(0.005)
        killed_s = kiosk.kill()
        left = levels()
        environ = {**os.environ, **settings.ENVIRON}
        after = subprocess.Popen(command, env=environ) if command else None
        while any(levels().values()) and time.monotonic() < killed_s + PATIENCE_S:
            wait(0.005)
        off_s = time.monotonic() - killed_s
        code = after.wait() if after else 0
        said = {
            "on": on,
            "left": left,
            "off_s": off_s,
            "code": code,
            "at_last": levels(),
            "driven": driven(),
        }
    Path("/mnt/said.json").write_text(json.dumps(said), "utf-8")


def driven() -> list[int]:
    """Return the pins that are outputs, whoever made them so; the others float."""
    handle = lgpio.gpiochip_open(0)
    flags = {pin: lgpio.gpio_get_line_info(handle, pin)[2] for pin in levels()}
    lgpio.gpiochip_close(handle)
    return [pin for pin, flag in flags.items() if flag & LINE_IS_OUT]


main(sys.argv[1:])
