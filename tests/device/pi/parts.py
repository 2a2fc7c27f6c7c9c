"""A virtual Pi: booted from a disk that is never written, with a folder that it shares with us."""

import fcntl
import os
import shutil
import signal
import subprocess
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.device.pi import board as boards
from tests.parts.markdown import ROOT

KERNEL = Path(os.environ["DEVICE_KERNEL"])
IMAGE = Path(os.environ["DEVICE_IMAGE"])
BOOT = ROOT / "tests/device/pi/boot_pi.sh"
GUEST = "tests/device/pi/guest"
PLAIN = "/sbin/pi-init"
"""The first process without systemd: runs the share's `main.sh` and powers off."""
PATIENCE_S = 120.0


class VirtualPi:
    """A Pi in a folder of its own; the plug is pulled when its block ends, unless it is off.

    What the guest writes stays in the folder: another one in the same folder is the same Pi again.
    `share` is a folder that the guest has at /mnt. `init` is its first process, None is systemd.
    One that is `timed` goes before this computer's other work, as a Pi has its processor to itself:
    another one that is waits for it.
    """

    def __init__(
        self,
        folder: Path,
        *,
        board: boards.Board = boards.PI_4,
        image: Path = IMAGE,
        init: str | None = PLAIN,
        disks: Iterable[Path] = (),
        memory: str = "512M",
        append: str = "",
        timed: bool = False,
    ) -> None:
        self.folder, self.share = folder, folder / "share"
        self.share.mkdir(parents=True, exist_ok=True)
        self._options = [
            *("--dtb", str(boards.write(board, folder / "board.dtb"))),
            *("--share", str(self.share)),
            *(("--init", init) if init else ()),
            *(word for disk in disks for word in ("--disk", str(disk))),
            *("--memory", memory, "--append", append),
            *(("--timed", "yes") if timed else ()),
        ]
        self._image, self._timed = image, timed

    def __enter__(self) -> Self:
        pid = self.folder / "pid"
        pid.unlink(missing_ok=True)
        if self._timed:
            self._turn = (Path(os.environ["DEVICE_SCRATCH"]) / "timed").open("w")
            fcntl.flock(self._turn, fcntl.LOCK_EX)
        self._boot = subprocess.Popen(
            # With us ends the guest, however we end.
            [
                *("setpriv", "--pdeathsig=TERM", "bash", BOOT, *self._options),
                *(self.folder, KERNEL, self._image),
            ],
            stdin=subprocess.DEVNULL,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._boot.poll() is None:
            self.pull_the_plug()
        if self._timed:
            self._turn.close()

    def pull_the_plug(self) -> None:
        """End the guest at once, as a power cut does; what it had not written is lost."""
        self._boot.send_signal(signal.SIGTERM)
        self._boot.wait(PATIENCE_S)

    def until_off(self, patience_s: float = PATIENCE_S) -> None:
        """Wait until the guest has powered off by itself."""
        try:
            code = self._boot.wait(patience_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it never powered off:\n{self.console()}") from None
        assert code == 0, f"the guest ended with {code}:\n{self.console()}"

    def console(self) -> str:
        """Return what the guest said so far."""
        return (self.folder / "console.log").read_text("utf-8", errors="replace")

    def read(self, name: str) -> str:
        """Return a file of the share."""
        return (self.share / name).read_text("utf-8")


def put_kiosk(pi: VirtualPi) -> None:
    """Copy the kiosk and the programs of these tests into the share: hostfs shows nothing else."""
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("kiosk", GUEST):
        shutil.copytree(ROOT / name, pi.share / "source" / name, ignore=ignored)


def run_program(pi: VirtualPi, name: str, *arguments: str) -> None:
    """Boot, run a program of the folder `guest` on the tree's Python, and see it succeed.

    It runs as root, with the kiosk importable, in the guest's memory; /mnt is the share.
    """
    put_kiosk(pi)
    words = " ".join(f"'{argument}'" for argument in arguments)
    (pi.share / "main.sh").write_text(
        # Where the tree's Python looks for it.
        "mkdir /run/work && cp -r /mnt/source /run/source\n"
        "mkdir -p /src/kiosk && mount --bind /run/source /src/kiosk && cd /run/work\n"
        "export LG_WD=/run/work PATH=/opt/app/bin:$PATH\n"
        f"exec python -m {GUEST.replace('/', '.')}.{name} {words}\n",
        "utf-8",
    )
    with pi:
        pi.until_off()
    assert pi.read("status").strip() == "0", pi.console()


def note(what: str, figure: float, unit: str) -> None:
    """Note a figure for run.sh, which shows all of them at its end; no test judges one."""
    with (Path(os.environ["DEVICE_SCRATCH"]) / "figures").open("a", encoding="utf-8") as file:
        file.write(f"{what}: {figure:.1f} {unit}\n")
