"""A kiosk at work on the kernel's pins: texts.json of the share, each held up and answered."""

import json
import threading
from pathlib import Path

from tests.device.pi.guest import scope, settings
from tests.device.pi.guest.kiosk_run import KioskRun

DARK_S = 2.0


def main(texts: list[str]) -> None:
    """Hold them up one after the other, each with a mark before it and one behind its answer."""
    wait = threading.Event().wait
    scope.start()
    with KioskRun() as kiosk:
        kiosk.until("eye up")
        for text in texts:
            scope.mark("shown")
            settings.show(text)
            kiosk.until("scan")
            settings.show()
            # The door is unlocked for a while, and an answer has an end.
            wait(settings.UNLOCK_S + DARK_S)
        scope.mark("end")
        kiosk.end()
    scope.keep(Path("/mnt"))


main(json.loads(Path("/mnt/texts.json").read_text("utf-8")))
