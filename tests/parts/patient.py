"""A kiosk in good health, in a folder: settings, keys, lists, outbox, machine and programs.

`kiosk doctor` finds nothing wrong with it. A test takes one thing away, or makes one thing wrong,
and sees what is found then. Nothing of this machine is looked at: `machine` stands for `/`, and
`programs` come first in `PATH`.
"""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from typer.testing import CliRunner, Result

from kiosk import __version__
from kiosk.app.cli import app
from kiosk.door.event import ClockReading, source_of
from kiosk.identity.periods import SiteKey, Terms, as_text, period_at
from kiosk.lists.form import ListName, site_of
from kiosk.outbox.sqlite import Settings, SqliteOutbox, build
from provisioning.lists.making import Made
from tests.e2e.door import PATIENCE_S, Sections, environ, toml
from tests.parts.authorities import office
from tests.parts.lists import a_list, keeper_in, operator, pem_of
from tests.parts.readings import check_in_at, reading

SITE, DEVICE = "hk-042", "door-1"
SOURCE = source_of(SITE, DEVICE)
DAYS = 14
BOOT = "00000000-0000-4000-8000-00000000000b"
SYSTEM = {
    "etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n',
    "proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.5\0",
    "proc/net/route": "Iface Destination Gateway Flags\neth0 00000000 0102A8C0 0003 0 0 0\n",
    "proc/self/mounts": "/dev/mmcblk0p2 / ext4 rw,noatime 0 0\n",
    "proc/sys/kernel/random/boot_id": f"{BOOT}\n",
    "sys/block/mmcblk0/device/life_time": "0x02 0x01\n",
    "sys/class/hwmon/hwmon1/in0_lcrit_alarm": "0\n",
    "sys/class/net/eth0/operstate": "up\n",
    "sys/class/net/lo/operstate": "unknown\n",
    "sys/class/thermal/thermal_zone0/temp": "48123\n",
}
UNIT = {
    "LoadState": "loaded",
    "ActiveState": "active",
    "SubState": "running",
    "UnitFileState": "enabled",
    "Result": "success",
    "ExecMainStatus": "0",
    "NRestarts": "0",
    "InactiveExitTimestampMonotonic": "4711",
}
HUNG = {**UNIT, "ActiveState": "inactive", "InactiveExitTimestampMonotonic": "0"}


@contextlib.contextmanager
def sickroom() -> Iterator[Path]:
    """Give a folder in memory: how fast this machine's disk commits is no kiosk's fault."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(prefix="patient-", dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


class Patient:
    """One kiosk. `sections` may be changed until `write`; files at any time."""

    def __init__(self, folder: Path, uplink: Mapping[str, Any]) -> None:
        self.folder = folder
        self.machine, self.programs = folder / "machine", folder / "programs"
        self.state = folder / "state"
        self.config = folder / "kiosk.toml"
        self.outbox = self.state / "outbox.db"
        self.site_key, self.device_key = self.state / "site.key", self.state / "device.key"
        self.lists = self.state / "lists"
        self.status = folder / "status.json"
        for each in (self.machine, self.programs, self.state):
            each.mkdir(parents=True)
        self.environ: dict[str, str] = {}
        self.sections = self._sections(uplink)
        self._keys()
        self._system()
        self.give_list(a_list(ListName.REVOKED, issued_s=round(time.time()) - 3600))
        self.fill_outbox()

    def _sections(self, uplink: Mapping[str, Any]) -> Sections:
        self.operators = self.folder / "operator.pem.pub"
        self.operators.write_bytes(pem_of(operator()))
        authority = self.folder / "authority.pub"
        authority.write_bytes(public_pem())
        synchronised = self.folder / "synchronised"
        synchronised.touch()
        return {
            "kiosk": {"site": SITE, "device": DEVICE, "direction": "in"},
            "identity": {
                "site_key_file": self.site_key,
                "device_key_file": self.device_key,
                "authority_key_file": authority,
                "period_days": DAYS,
            },
            "camera": {"kind": "synthetic", "stage": self.folder / "stage.json", "fps": 4},
            "eye": {"decoders": ["zxing"]},
            "gpio": {"pins": "mock"},
            "indicators": {"use": ["led", "buzzer", "relay"]},
            "outbox": {"kind": "sqlite", "path": self.outbox},
            "uplink": dict(uplink),
            "lists": {"folder": self.lists, "signers": [str(self.operators)]},
            "clock": {"kind": "system", "trust_file": synchronised},
            "log": {"format": "json", "status_file": self.status},
        }

    def _keys(self) -> None:
        self.give_site_key(0)
        self.device_key.write_bytes(bytes(range(32)))
        self.device_key.chmod(0o600)

    def _system(self) -> None:
        for path, text in SYSTEM.items():
            self.put(path, text)
        self.put("sys/class/rtc/rtc0/since_epoch", f"{round(time.time())}\n")
        self.give_program("vcgencmd", "throttled=0x0")
        self.give_units()
        self.give_program("journalctl", "")

    # What a test makes wrong ---------------------------------------------------------------------

    def put(self, path: str, text: str | None) -> None:
        """Write a system file; None removes it."""
        place = self.machine / path
        if text is None:
            place.unlink()
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")

    def give_program(self, name: str, output: str, code: int = 0) -> None:
        """Let a program of this name print so, whatever it is asked."""
        said = self.programs / f"{name}.out"
        said.write_text(output, "utf-8")
        self._script(name, f"cat {said}\nexit {code}\n")

    def give_units(self, **units: Mapping[str, str]) -> None:
        """Let systemd say so of its units; by default both run, and the kiosk's word is not asked.

        `is-active` fails: what counts is the copy of the status.
        """
        known = {"kiosk": UNIT, "kiosk_eye": UNIT, "kiosk_hung": HUNG} | units
        cases = []
        for name, said in known.items():
            path = self.programs / f"{name}.unit"
            path.write_text("".join(f"{key}={value}\n" for key, value in said.items()), "utf-8")
            cases.append(f"{name.replace('_', '-')}.service) cat {path} ;;")
        lines = "\n".join(cases)
        self._script("systemctl", f'[ "$1" = show ] || exit 3\ncase "$2" in\n{lines}\nesac\n')

    def _script(self, name: str, body: str) -> None:
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{body}", "utf-8")
        path.chmod(0o755)

    def give_site_key(self, ahead: int) -> None:
        """Let the venue's key be of a period so many later than now."""
        period = period_at(time.time(), DAYS) + ahead
        self.site_key.write_text(as_text(SiteKey(b"\x5a" * 32, Terms(SITE, DAYS), period)))
        self.site_key.chmod(0o600)

    def give_list(self, made: Made) -> None:
        """Put a list on the kiosk's disk."""
        keeper = keeper_in(self.lists)
        manifest = keeper.examine(made.manifest.name, made.raw)
        assert manifest is not None, "the list is no newer one"
        assert site_of(made.manifest.name, SITE) in (None, SITE)
        keeper.install(manifest, made.raw, made.shards)

    def fill_outbox(self, *after_s: float) -> None:
        """Commit a check-in at each of these times, in seconds of the outbox's own age."""
        outbox = self.open_outbox()
        for number, at_s in enumerate(after_s or (0.0, 1.0), 1):
            outbox.commit(check_in_at(number, reading(at_s)))
        outbox.close()

    def open_outbox(self) -> SqliteOutbox:
        """Return the outbox, open."""
        return build(Settings(path=self.outbox), SOURCE)

    def say(self, **changed: Any) -> None:
        """Let a kiosk run here that says so: this process stands for it."""
        clock = ClockReading.model_validate(
            {
                "utc": "2026-01-01T00:00:00Z",
                "trusted": True,
                "boot": BOOT,
                "mono_ns": time.monotonic_ns(),
            }
        ).model_dump(mode="json")
        status = {**WORD, "clock": clock, **changed}
        self.status.write_text(json.dumps({"version": 1, "pid": os.getpid(), "status": status}))
        self.put(f"proc/{os.getpid()}/cmdline", "python\0-m\0kiosk\0run\0")

    # The command ---------------------------------------------------------------------------------

    def write(self) -> None:
        """Write the settings as they are now."""
        self.config.write_text(toml(self.sections), "utf-8")

    def run(self, *arguments: str, answers: str = "") -> Result:
        """Run a command of `kiosk` within this process."""
        self.write()
        path = f"{self.programs}:{os.environ['PATH']}"
        named = [*arguments, "--config", str(self.config), "--root", str(self.machine)]
        given = {**self.environ, "PATH": path}
        return CliRunner().invoke(app, named, input=answers, env=given)

    def typed(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[bytes]:
        """Run a command of `kiosk` as somebody types it, in a process of its own."""
        self.write()
        named = [*arguments, "--config", str(self.config), "--root", str(self.machine)]
        path = f"{self.programs}:{os.environ['PATH']}"
        return subprocess.run(
            [sys.executable, "-m", "kiosk", *named],
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
            stdin=subprocess.DEVNULL,
            env={**environ(), **self.environ, "PATH": path, **more},
        )

    def wrong(self, answers: str = "") -> dict[str, str]:
        """Return what the doctor finds wrong, with the fix of each."""
        asked = [] if answers else ["--yes"]
        done = self.run("doctor", "--json", *asked, answers=answers)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        report = json.loads(done.stdout)
        assert done.exit_code == report["exit_code"]
        return {o["diagnosis"]: o["fix"] for o in report["observations"] if o["diagnosis"]}


WORD: dict[str, Any] = {
    "online": True,
    "firmware": __version__,
    "uptime_s": 7200,
    "phase": "ready",
    "faults": [],
    "delivery": {"connected": True, "trouble": None, "ledger_online": True, "apart": 0},
    "eye": {
        "camera_ok": True,
        "frames": 1000,
        "frames_hz": 12.0,
        "sharpness": 80,
        "brightness": 120,
        "restarts": 0,
    },
    "background_codes": 0,
    "a_field_of_a_later_version": 1,
}
"""What a kiosk in good health says of itself."""


def public_pem() -> bytes:
    """Return the tracing authority's public key as its file holds it."""
    key = X25519PublicKey.from_public_bytes(office().public)
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
