"""Presses the button of a kiosk, long enough and too short: `button.py PRESSES BOUNCES`."""

import json
import sys
import threading
from pathlib import Path

from tests.device.pi.guest.kiosk_run import KioskRun, levels, press
from tests.device.pi.guest.settings import BUTTON

PRESS_S, BOUNCE_S, BETWEEN_S = 0.2, 0.003, 0.3
HEARD_S = 3.0
GREEN = 17


def main(presses: int, bounces: int) -> None:
    """Write whether a press lit the green light, and for how many presses the kiosk said so.

    A press in which the guest got no time is none: the kiosk sees both its ends at once. It is made
    again, and counted.
    """
    wait = threading.Event().wait
    again = 0
    with KioskRun() as kiosk:
        kiosk.until("eye up")
        for _ in range(bounces):
            press(BUTTON, BOUNCE_S)
            wait(BETWEEN_S)
        was_lit = levels()[GREEN]
        for _ in range(presses):
            press(BUTTON, PRESS_S)
            while not kiosk.says("button pressed", HEARD_S):
                again += 1
                press(BUTTON, PRESS_S)
            wait(BETWEEN_S)
        is_lit = False
        while not is_lit:
            wait(0.01)
            is_lit = bool(levels()[GREEN])
        kiosk.end()
        more = kiosk.rest().count("button pressed")
        said = {"was_lit": was_lit, "is_lit": is_lit, "more": more, "again": again}
    Path("/mnt/said.json").write_text(json.dumps(said), "utf-8")


main(*map(int, sys.argv[1:]))
