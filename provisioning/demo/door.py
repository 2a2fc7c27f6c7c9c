"""The daemon under demonstration: its settings, its process, and what its log says."""

import json
import os
import queue
import secrets
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from provisioning.broker import end

SITE, DEVICE = "demo", "door-1"
HOLD_OFF_S = 1.0
"""Shorter than at a real door, so that the demonstration fits into a minute."""

_SETTINGS = """\
[kiosk]
site = "{site}"
device = "{device}"
direction = "in"
[identity]
device_key_file = "{folder}/device.key"
[camera]
{camera}
[eye]
{eye}
[door]
hold_off_s = {hold_off_s}
repeat_s = 6
[gpio]
pins = "mock"
[indicators]
use = ["led", "buzzer", "relay"]
[outbox]
kind = "sqlite"
path = "{folder}/outbox.db"
[uplink]
kind = "mqtt"
host = "127.0.0.1"
port = {port}
tls = false
[log]
format = "json"
"""


class DoorProcess:
    """`kiosk run` as a child of ours, on mock pins, with its log as a queue of facts."""

    def __init__(self, folder: Path, port: int, camera: str, eye: str = "") -> None:
        self.outbox = folder / "outbox.db"
        config = folder / "kiosk.toml"
        config.write_text(
            _SETTINGS.format(
                site=SITE,
                device=DEVICE,
                folder=folder,
                camera=camera,
                eye=eye,
                hold_off_s=HOLD_OFF_S,
                port=port,
            ),
            "utf-8",
        )
        self.log = folder / "kiosk.log"
        self.facts: queue.Queue[dict[str, Any]] = queue.Queue()
        key = {"KIOSK_IDENTITY__SITE_KEY": secrets.token_hex(32)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kiosk", "run", "--config", str(config)],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, **key},
            # Ctrl-C is for the demonstration, which then ends the door in its own order.
            start_new_session=True,
        )
        threading.Thread(target=self._read, name="door-log", daemon=True).start()

    def stop(self) -> int:
        """End the door and return its exit code."""
        return end(self.process)

    def _read(self) -> None:
        pipe = self.process.stderr
        if pipe is None:
            raise RuntimeError("the door has no log")
        with self.log.open("wb") as copy:
            for line in pipe:
                copy.write(line)
                copy.flush()
                try:
                    facts = json.loads(line)
                except ValueError:
                    facts = {"event": "text", "line": line.decode(errors="replace").rstrip()}
                self.facts.put(facts)
        self.facts.put({"event": "ended"})
