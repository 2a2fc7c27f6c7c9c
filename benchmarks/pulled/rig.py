"""Boots the guest: the virtual Pi of the device tier, with a disk whose writes are logged.

The kernel and the Pi's disk are those of `tests/device/pi`, made there where nobody names others.
"""

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from benchmarks.pulled.disks import make_empty
from benchmarks.pulled.plan import LEDGER, PLAN, TOLD, Plan, Told
from benchmarks.pulled.write_log import Entry, read_log
from tests.device.pi.board import PI_4, write

ROOT = Path(__file__).resolve().parents[2]
_PI = ROOT / "tests" / "device" / "pi"
_PACKAGES = ("kiosk", "ledger", "provisioning", "benchmarks")
_MAIN = """\
cd /mnt/src
PYTHONPATH=/mnt/src PYTHON_COLORS=0 exec /opt/app/bin/python -m benchmarks.pulled.guest /mnt
"""
LOG_MIB = 2048
_BOOT_S = 300.0
_TOLD_LINES = 15


class RigError(Exception):
    """The virtual Pi cannot be had, or did not do what it should."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A kernel that is a program, and a Pi's disk with the application's environment on it."""

    kernel: Path
    image: Path

    @classmethod
    def found(cls, environ: Mapping[str, str]) -> "Parts":
        """Return those that the environment names; the others are made first.

        Raises:
            RigError: They cannot be made.
        """
        kernel = environ.get("DEVICE_KERNEL") or _made(_PI / "build_kernel.sh")
        image = environ.get("DEVICE_IMAGE")
        if not image:
            tree = _made(_PI.parent / "build_tree.sh")
            image = _made(_PI / "build_plain.sh", tree)
        return cls(Path(kernel), Path(image))


@dataclass(frozen=True, slots=True)
class Booted:
    """One boot that is over: what the guest saw, and all that it wrote."""

    told: Told
    entries: list[Entry]


class Guest:
    """One kiosk's computer, booted as often as one likes; its ledger is kept from boot to boot."""

    def __init__(self, parts: Parts, folder: Path) -> None:
        self._parts = parts
        self._folder = folder
        self._share = folder / "share"
        self._share.mkdir()
        for package in _PACKAGES:
            shutil.copytree(
                ROOT / package,
                self._share / "src" / package,
                ignore=shutil.ignore_patterns("__pycache__", "scenes"),
            )
        (self._share / "main.sh").write_text(_MAIN, "utf-8")
        self._board = write(PI_4, folder / "pi.dtb")

    @property
    def ledger(self) -> Path:
        """Where the ledger's database lies after a boot that had one."""
        return self._share / LEDGER

    def boot(self, plan: Plan, disk: Path) -> Booted:
        """Boot it on `disk`, which it writes to, and wait until it has done what the plan says.

        Raises:
            RigError: It did not.
            LogError: What it wrote cannot be read.
        """
        told, log, run = self._share / TOLD, self._folder / "log.img", self._folder / "run"
        told.unlink(missing_ok=True)
        shutil.rmtree(run, ignore_errors=True)
        (self._share / PLAN).write_text(plan.model_dump_json(), "utf-8")
        make_empty(log, LOG_MIB)
        options: dict[str, str | Path] = {"--init": "/sbin/pi-init", "--dtb": self._board}
        options |= {"--share": self._share}
        words = [word for option in options.items() for word in option]
        words += ["--disk", disk, "--disk", log, run, self._parts.kernel, self._parts.image]
        with subprocess.Popen(  # noqa: S603 - our own script
            # With us ends the guest, however we end.
            ["setpriv", "--pdeathsig=TERM", "bash", _PI / "boot_pi.sh", *words],  # noqa: S607
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as guest:
            try:
                guest.wait(_BOOT_S)
            except subprocess.TimeoutExpired:
                raise RigError(f"the guest did not end:\n{_end_of(run)}") from None
            finally:
                # Its script ends it with itself.
                guest.terminate()
        try:
            seen = Told.model_validate_json(told.read_bytes())
        except (OSError, ValidationError):
            raise RigError(f"the guest failed:\n{_end_of(run)}") from None
        entries = read_log(log)
        log.unlink()
        return Booted(seen, entries)


def _made(script: Path, *arguments: str) -> str:
    """Return what a script of the device tier says that it has made.

    Raises:
        RigError: It has not.
    """
    done = subprocess.run(  # noqa: S603 - our own script
        ["bash", script, *arguments],  # noqa: S607 - bash is where PATH says
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RigError(f"{script.name} failed")
    return done.stdout.strip()


def _end_of(run: Path) -> str:
    try:
        lines = (run / "console.log").read_text("utf-8", errors="replace").splitlines()
    except OSError as error:
        return str(error)
    return "\n".join(lines[-_TOLD_LINES:])
