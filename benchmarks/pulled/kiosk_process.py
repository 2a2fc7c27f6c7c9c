"""`kiosk run` in the guest: the shipped command, before a synthetic camera and with real pins."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.lists_workload import KEY, SITE, version_of
from benchmarks.pulled import plan
from kiosk.eye.scenes import Scene, SceneCode
from provisioning.lists.folder import write

_SHIPPED, _NORMAL = "kiosk", "benchmarks.pulled.normal"
GREEN_PIN = 17
_END_S = 20.0
_ENTRIES = 200
_SETTINGS = """\
[kiosk]
site = "{site}"
device = "{device}"
direction = "in"
[identity]
site_key_file = "{state}/{site_key}"
period_days = {period_days}
device_key_file = "{state}/{device_key}"
[camera]
kind = "synthetic"
stage = "{stage}"
[eye]
decoders = ["zxing"]
[door]
hold_off_s = 0.5
[gpio]
pins = "lgpio"
[indicators]
use = ["led"]
[indicators.led]
green_pin = {green_pin}
[clock]
kind = "system"
trust_file = "{trust_file}"
[outbox]
kind = "sqlite"
path = "{state}/{outbox}"
retention_days = {retention_days}
acknowledged_days = {acknowledged_days}
[uplink]
kind = "mqtt"
host = "127.0.0.1"
port = {port}
tls = false
[courier]
drain_hz = 100
[lists]
folder = "{state}/{lists}"
signers = ["{signer}"]
[log]
format = "json"
"""


class KioskProcess:
    """One kiosk that lives several times; `heard` gets each fact of its log, on another thread."""

    def __init__(
        self, state: Path, scratch: Path, port: int, heard: Callable[[dict[str, Any]], None]
    ) -> None:
        self._config = scratch / "kiosk.toml"
        self._stage = scratch / "stage.json"
        self._heard = heard
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        trust_file = scratch / "synchronized"
        trust_file.touch()
        signer = scratch / "operator.pub"
        signer.write_text(KEY.public_key().public_bytes_raw().hex(), "ascii")
        self._stick = scratch / "stick"
        self._config.write_text(
            _SETTINGS.format(
                site=SITE,
                device=plan.DEVICE,
                state=state,
                site_key=plan.SITE_KEY,
                device_key=plan.DEVICE_KEY,
                period_days=plan.PERIOD_DAYS,
                stage=self._stage,
                green_pin=GREEN_PIN,
                trust_file=trust_file,
                outbox=plan.OUTBOX,
                lists=plan.LISTS,
                signer=signer,
                retention_days=plan.RETENTION_DAYS,
                acknowledged_days=plan.ACKNOWLEDGED_DAYS,
                port=port,
            ),
            "utf-8",
        )

    def start(self, *, normal: bool) -> None:
        """Start it; returns at once."""
        self.show(None)
        module = _NORMAL if normal else _SHIPPED
        self._process = process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", module, "run", "--config", str(self._config)],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "LG_WD": str(self._config.parent)},
        )
        self._reader = threading.Thread(target=self._read, args=(process,), daemon=True)
        self._reader.start()

    def show(self, text: str | None) -> None:
        """Hold up a code with this text; None: nobody is at the door."""
        codes = () if text is None else (SceneCode(text=text),)
        draft = self._stage.with_suffix(".draft")
        draft.write_text(Scene(codes=codes).model_dump_json(), "utf-8")
        draft.rename(self._stage)

    def take_list(self, version: int) -> subprocess.Popen[bytes]:
        """Let the shipped command take a version of a list beside the kiosk; returns at once."""
        write(self._stick, version_of(version, _ENTRIES))
        install = ["lists", "install", str(self._stick), "--config", str(self._config)]
        return subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "kiosk", *install], stdin=subprocess.DEVNULL
        )

    def end(self, how: plan.End) -> None:
        """End it; returns when all of its log was heard."""
        if self._process is None or self._reader is None:
            raise RuntimeError("it was not started")
        self._process.send_signal(signal.SIGKILL if how is plan.End.KILLED else signal.SIGTERM)
        self._process.wait(_END_S)
        self._reader.join(_END_S)

    def kill(self) -> None:
        """End it whatever it does; nothing where it has ended."""
        if self._process is not None and self._process.poll() is None:
            self.end(plan.End.KILLED)

    def _read(self, process: subprocess.Popen[str]) -> None:
        if process.stderr is None:
            raise RuntimeError("it has no log")
        with process.stderr as log:
            for line in log:
                try:
                    self._heard(json.loads(line))
                except ValueError:
                    sys.stderr.write(line)
