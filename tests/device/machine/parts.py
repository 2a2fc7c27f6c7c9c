"""A machine with a real systemd, booted from layers of folders, and what is installed on it."""

import os
import shutil
import subprocess
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.parts.markdown import ROOT

TREE = Path(os.environ["DEVICE_MACHINE"])
BOOT = ROOT / "tests/device/boot_machine.sh"
SOURCE = Path("/root/door-kiosk")
"""Where the repository lies in the machine."""
PARTS = ("kiosk", "ledger", "provisioning", "systemd", "pyproject.toml", "README.md", "LICENSE")
PATIENCE_S = 120.0
INSTALL_S = 900.0
_WANTS_TO_REBOOT = 133
_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

SETTINGS = """
[kiosk]
site = "hk-042"
device = "door-1"
direction = "in"
[identity]
site_key_file = "/var/lib/kiosk/site.key"
[camera]
kind = "synthetic"
stage = "/srv/door/stage.json"
stall_while = "/srv/door/stall"
[eye]
decoders = ["zxing", "zbarlight"]
socket = "/run/kiosk/eye.sock"
[payloads]
accept = ["cccd"]
[door]
repeat_s = 10
[gpio]
pins = "mock"
[indicators]
use = ["led", "buzzer", "console"]
[outbox]
kind = "sqlite"
path = "/var/lib/kiosk/outbox.db"
[uplink]
kind = "mqtt"
host = "broker.invalid"
port = 1883
tls = false
"""

Done = subprocess.CompletedProcess[str]


class Machine:
    """One boot of a layer above the clean tree and `layers`; powered off when its block ends."""

    def __init__(self, folder: Path, *layers: Path, offline: bool = True) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        # As the machine sees it, and as we write it before the machine starts.
        self.upper = folder / "upper"
        self._options = ["--offline"] if offline else []
        self._layers = [str(layer / "upper") for layer in layers]
        self.first = 0

    def __enter__(self) -> Self:
        with (self.folder / "console.log").open("wb") as log:
            self._boot = subprocess.Popen(
                # With us ends the machine, however we end.
                [
                    "setpriv",
                    "--pdeathsig=TERM",
                    "bash",
                    BOOT,
                    *self._options,
                    self.folder,
                    TREE,
                    *self._layers,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            self.first = self._found()
            self._until_booted()
        except BaseException:
            self._boot.terminate()
            self._boot.wait(PATIENCE_S)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._boot.poll() is not None:
            return
        self._enter("systemctl", "poweroff", "--no-block")
        try:
            self._boot.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._boot.terminate()
            self._boot.wait(PATIENCE_S)
            raise

    def run(self, *command: str, timeout_s: float = PATIENCE_S) -> Done:
        """Run a command as root, as a service of the machine's own systemd."""
        return self._enter(
            *("systemd-run", "--quiet", "--pipe", "--wait", "--collect", f"--setenv={_PATH}"),
            "--setenv=HOME=/root",
            "--",
            *command,
            timeout_s=timeout_s,
        )

    def told(self, *command: str) -> str:
        """Return what a command prints; it must succeed."""
        done = self.run(*command)
        assert done.returncode == 0, f"{command}: {done.stderr}{done.stdout}"
        return done.stdout.rstrip("\n")

    def shell(self, script: str) -> str:
        """Return what a script for sh prints; it must succeed."""
        return self.told("sh", "-euc", script)

    def unit(self, name: str, key: str) -> str:
        """Return a property of a unit."""
        return self.told("systemctl", "show", "--value", f"--property={key}", name)

    def until(self, condition: str, patience_s: float = PATIENCE_S) -> None:
        """Wait until a condition for sh holds in the machine."""
        loop = f"until {condition}; do sleep 0.2; done"
        done = self.run("timeout", str(patience_s), "sh", "-c", loop, timeout_s=patience_s + 30)
        assert done.returncode == 0, f"never: {condition}\n{self.log()}"

    def until_ready(self) -> None:
        """Wait until both services are."""
        self.until(
            "systemctl --quiet is-active kiosk.service &&"
            " systemctl --quiet is-active kiosk-eye.service"
        )

    def log(self) -> str:
        """Return what both services said."""
        return self.run(
            "journalctl", "--no-pager", "-o", "cat", "-u", "kiosk", "-u", "kiosk-eye"
        ).stdout

    def starts(self) -> tuple[str, str]:
        """Return what tells one run of the services from another."""
        return (
            self.unit("kiosk.service", "InvocationID"),
            self.unit("kiosk-eye.service", "InvocationID"),
        )

    def is_the_same_boot(self) -> bool:
        """Tell whether the machine's first process is still the one that was booted."""
        return self._boot.poll() is None and Path(f"/proc/{self.first}").exists()

    def until_it_reboots(self) -> None:
        """Wait until the machine ends because it wants to boot again; it is not booted again."""
        assert self._boot.wait(PATIENCE_S) == _WANTS_TO_REBOOT

    def _enter(self, *command: str, timeout_s: float = PATIENCE_S) -> Done:
        return subprocess.run(
            [
                *("nsenter", "-t", str(self.first), "-m", "-u", "-i", "-p", "-n", "-C"),
                "env",
                "-i",
                _PATH,
                *command,
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def _found(self) -> int:
        """Return the machine's first process, by its number on this computer."""
        pause, deadline = threading.Event(), time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            assert self._boot.poll() is None, (self.folder / "console.log").read_text("utf-8")
            children = _children()
            # bash, unshare, systemd-nspawn; its child is the machine's init.
            at = [self._boot.pid]
            for name in ("unshare", "systemd-nspawn", "systemd"):
                at = [
                    pid for parent in at for pid in children.get(parent, []) if _name(pid) == name
                ]
            if at:
                return at[0]
            pause.wait(0.1)
        raise AssertionError((self.folder / "console.log").read_text("utf-8"))

    def _until_booted(self) -> None:
        pause, deadline = threading.Event(), time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            state = self._enter("systemctl", "is-system-running").stdout.strip()
            if state in {"running", "degraded"}:
                return
            pause.wait(0.2)
        raise AssertionError((self.folder / "console.log").read_text("utf-8"))


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text("utf-8").strip()
    except OSError:
        return ""


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parent = int((folder / "stat").read_text("utf-8").rpartition(")")[2].split()[1])
            except OSError:
                continue
            found.setdefault(parent, []).append(int(folder.name))
    return found


def put(machine: Machine, source: Path, target: str) -> None:
    """Copy a file of this computer into the machine."""
    shutil.copyfile(source, Path(f"/proc/{machine.first}/root") / target.lstrip("/"))


def note(what: str, figure: float, unit: str) -> None:
    """Note a figure for run.sh, which shows all of them at its end; no test judges one."""
    with (Path(os.environ["DEVICE_SCRATCH"]) / "figures").open("a", encoding="utf-8") as file:
        file.write(f"{what}: {figure:.1f} {unit}\n")


def put_settings(machine: Machine) -> None:
    """Write settings and the venue's key, as a technician does before installing."""
    machine.shell(
        "mkdir -p /etc/kiosk /srv/door; install -d -m 700 /var/lib/kiosk;"
        f"cat >/etc/kiosk/config.toml <<'END'\n{SETTINGS}\nEND\n"
        f"umask 077; echo {'5e' * 32} >/var/lib/kiosk/site.key"
    )


def put_source(machine: Machine) -> None:
    """Copy the repository into the machine."""
    # Through the file system that it runs on: nothing of this computer is bound into it.
    at = Path(f"/proc/{machine.first}/root") / SOURCE.relative_to("/")
    ignored = shutil.ignore_patterns("__pycache__")
    at.mkdir(parents=True)
    for name in PARTS:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, at / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, at / name)


def install_from_source(machine: Machine) -> Done:
    """Run install.sh in the machine."""
    return machine.run("bash", f"{SOURCE}/provisioning/install.sh", timeout_s=INSTALL_S)


def change_source(machine: Machine, name: str, before: str, after: str) -> None:
    """Change a file of the repository in the machine, in one place."""
    path = Path(f"/proc/{machine.first}/root") / SOURCE.relative_to("/") / name
    text = path.read_text("utf-8")
    assert text.count(before) == 1, f"{before!r} stands {text.count(before)} times in {name}"
    path.write_text(text.replace(before, after), "utf-8")


def versions(machine: Machine) -> tuple[str, set[str]]:
    """Return the current version and all that are there."""
    there = machine.told(
        "find",
        "/opt/door-kiosk",
        "-mindepth",
        "1",
        "-maxdepth",
        "1",
        "-type",
        "d",
        "-printf",
        "%f\n",
    )
    return machine.told("readlink", "/opt/door-kiosk/current"), set(there.split())
