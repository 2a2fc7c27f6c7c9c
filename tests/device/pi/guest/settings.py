"""The settings of the kiosk in the guest: as a technician writes them, on the real pins."""

import json
from pathlib import Path

from kiosk.app.settings import Settings, load_kiosk

WORK = Path("/run/work")
CONFIG = WORK / "kiosk.toml"
STAGE = WORK / "stage.json"
UNLOCK_S = 1.5
BUTTON = 23
ENVIRON = {"RUNTIME_DIRECTORY": str(WORK)}
"""What systemd tells the kiosk, and what it starts when the kiosk has ended."""

_TEXT = f"""
[kiosk]
site = "hk-042"
device = "door-1"
direction = "in"
[identity]
site_key = "{"5a" * 32}"
device_key_file = "{WORK}/device.key"
[camera]
kind = "synthetic"
stage = "{STAGE}"
fps = 5
[eye]
decoders = ["zxing"]
[door]
unlock_s = {UNLOCK_S}
[gpio]
pins = "lgpio"
button_pin = {BUTTON}
[indicators]
use = ["led", "buzzer", "relay"]
[outbox]
kind = "sqlite"
path = "{WORK}/outbox.db"
[uplink]
kind = "stdout"
[log]
format = "json"
"""


def write() -> Settings:
    """Write them, and return them as the kiosk reads them."""
    CONFIG.write_text(_TEXT, "utf-8")
    return load_kiosk(CONFIG, {})


def show(*texts: str) -> None:
    """Hold these up, and nothing else; replaced whole, never half-written."""
    codes = [{"text": text, "x": 0.5, "size": 0.5} for text in texts]
    draft = STAGE.with_suffix(".draft")
    draft.write_text(json.dumps({"codes": codes}), "utf-8")
    draft.replace(STAGE)
