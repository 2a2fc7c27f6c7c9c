"""A virtual Pi on which the kiosk is installed, under its own systemd, and what tests ask of it."""

import json
import os
import shlex
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Self

from kiosk.app.status import Status
from kiosk.door.event import CheckInEvent
from tests.device.pi import board as boards
from tests.device.pi import pictures
from tests.device.pi.parts import PATIENCE_S, VirtualPi
from tests.device.pi.waveform import Lit, Record

INSTALLED = Path(os.environ["DEVICE_INSTALLED"])
SOURCE = "kiosk/v1/hk-042/door-1"
SERVICES = ("kiosk.service", "kiosk-eye.service")
GREEN, RED, BUZZER = 17, 27, 18
_LOOK_S = 0.05
_TRACING = "/sys/kernel/tracing"
_STORED = """
import json, sqlite3, sys, time
columns = "seq, name, verdict, trusted, at_us"
while True:
    try:
        ledger = sqlite3.connect("file:/var/lib/kiosk-ledger/ledger.db?mode=ro", uri=True)
        rows = ledger.execute(f"select {columns} from event order by seq").fetchall()
    except sqlite3.OperationalError:
        rows = []  # It has not made its tables yet.
    known = [row for row in rows if row[4] is not None]
    if len(rows) >= int(sys.argv[1]) and len(known) >= int(sys.argv[2]):
        break
    time.sleep(0.2)
print(json.dumps(rows))
"""

Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An event as the ledger has it; times in Unix seconds."""

    seq: int
    name: str
    verdict: str | None
    trusted: bool
    at_s: float | None


class InstalledPi(VirtualPi):
    """A virtual Pi with the kiosk on its disk, booted until its systemd has nothing left to start.

    `before` is what its camera shows.
    """

    def __init__(
        self,
        folder: Path,
        *,
        board: boards.Board = boards.PI_5,
        before: tuple[str, ...] = (pictures.NOBODY,),
        disks: tuple[Path, ...] = (),
        memory: str = "512M",
        append: str = "",
    ) -> None:
        super().__init__(
            folder,
            board=board,
            image=INSTALLED,
            init=None,
            disks=disks,
            memory=memory,
            append=append,
        )
        # The guest's other users must not come through here to this computer's files.
        self.share.chmod(0o700)
        (self.share / "pictures").mkdir()
        pictures.put(self.share / "pictures", *before)
        self._asked = 0

    def __enter__(self) -> Self:
        super().__enter__()
        try:
            self._until_up(None)
            self.shell("systemctl is-system-running --wait >/dev/null || systemctl --failed")
        except BaseException:
            self.pull_the_plug()
            raise
        return self

    def run(self, script: str, patience_s: float = PATIENCE_S) -> Done:
        """Run a script for sh as root, beside everything else in the guest."""
        number, self._asked = self._asked, self._asked + 1
        (self.share / f"{number}.sh").write_text(script, "utf-8")
        (self.share / f"{number}.asked").touch()
        answer = self.share / f"{number}.code"
        self._until(answer.exists, patience_s, script)
        out, err = (self.read(f"{number}.{end}") for end in ("out", "err"))
        return Done(script, int(answer.read_text("ascii")), out, err)

    def shell(self, script: str) -> str:
        """Return what a script prints; it must succeed."""
        done = self.run(script)
        assert done.returncode == 0, f"{script}: {done.stderr}{done.stdout}"
        return done.stdout.rstrip("\n")

    def until(self, condition: str, patience_s: float = PATIENCE_S) -> None:
        """Wait until a condition for sh holds in the guest."""
        loop = f"until {condition}; do sleep 0.5; done"
        done = self.run(f"timeout {patience_s} sh -c {shlex.quote(loop)}", patience_s + 30)
        assert done.returncode == 0, f"never: {condition}\n{self.log()}"

    def until_ready(self) -> None:
        """Wait until both services are."""
        self.until(" && ".join(f"systemctl --quiet is-active {name}" for name in SERVICES))

    def unit(self, name: str, key: str) -> str:
        """Return a property of a unit."""
        return self.shell(f"systemctl show --value --property={key} {name}")

    def starts(self) -> tuple[str, str]:
        """Return what tells one run of the services from another: of the kiosk, of the eye."""
        return (self.unit(SERVICES[0], "InvocationID"), self.unit(SERVICES[1], "InvocationID"))

    def log(self) -> str:
        """Return what both services, and systemd of them, said in this boot."""
        return self.shell("journalctl --no-pager -b -o cat -u kiosk -u kiosk-eye")

    def boot_id(self) -> str:
        """Return what tells one boot from another."""
        return self.shell("cat /proc/sys/kernel/random/boot_id")

    def until_it_boots_again(self, before: str) -> None:
        """Wait until a boot that is not `before` answers."""
        self._until_up(before)
        self.shell("systemctl is-system-running --wait >/dev/null || systemctl --failed")

    def put_before_the_camera(self, *texts: str, frozen: bool = False) -> None:
        """Change what a camera sees that is opened from now on; nothing else stays as it was."""
        pictures.put(self.share / "pictures", *texts, frozen=frozen)
        self.shell("rm -f /run/pictures/*; cp /mnt/pictures/* /run/pictures")

    def show(self, *texts: str, frozen: bool = False) -> None:
        """Put pictures before the camera, and let the eye open it anew: it reads them only then."""
        self.put_before_the_camera(*texts, frozen=frozen)
        self.shell("systemctl restart kiosk-eye")

    def watch_the_pins(self) -> None:
        """Begin to record every change of a pin, with the kernel's monotonic time."""
        self.shell(
            f"cd {_TRACING}; echo mono >trace_clock; echo 8192 >buffer_size_kb;"
            "echo >trace; echo 1 >events/gpio/gpio_value/enable"
        )

    def lights(self, pin: int) -> list[Lit]:
        """Return when and how brightly a light was lit since `watch_the_pins`, until now."""
        told = self.shell(f"cat /proc/uptime {_TRACING}/trace; cat /sys/kernel/debug/gpio")
        now_s = float(told.split()[0])
        return Record(told, told).lights(pin, 0.0, now_s)

    def until_blinks(self, count: int) -> None:
        """Wait until the red light has counted a fault: so many long blinks, then a long pause."""
        self.watch_the_pins()
        pause, deadline = threading.Event(), time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if count in list(counted(self.lights(RED))):
                return
            pause.wait(0.5)
        raise AssertionError(f"never {count} blinks: {self.lights(RED)}")

    def heard(self, topic: str) -> list[str]:
        """Return all that went over the broker under a topic of the kiosk."""
        said = [line.partition(" ") for line in self.shell("cat /run/heard").splitlines()]
        return [body for each, _, body in said if each == f"{SOURCE}/{topic}"]

    def events(self) -> list[CheckInEvent]:
        """Return the check-ins that went over the broker, each held against the schema."""
        bodies = self.heard("event/checkin")
        return [CheckInEvent.model_validate_json(body, strict=False) for body in bodies]

    def statuses(self) -> list[Status]:
        """Return every status that went over the broker."""
        return [Status.model_validate_json(body) for body in self.heard("status")]

    def until_status(self, pattern: str) -> None:
        """Wait until a status that comes from now on matches, a pattern for grep, in its JSON."""
        first = int(self.shell("wc -l </run/heard")) + 1
        self.until(f"tail -n +{first} /run/heard | grep -q {shlex.quote(pattern)}")

    def stored(self, at_least: int = 0, timed: int = 0) -> list[Stored]:
        """Return what the ledger has, in the order of its numbers.

        Once it has so many rows, and knows the time of so many.
        """
        script = f"timeout {PATIENCE_S} python3 -I -c {shlex.quote(_STORED)} {at_least} {timed}"
        done = self.run(script, PATIENCE_S + 30)
        assert done.returncode == 0, f"never {at_least} events: {done.stderr}\n{self.log()}"
        return [
            Stored(
                seq=seq,
                name=name,
                verdict=verdict,
                trusted=bool(trusted),
                at_s=None if at_us is None else at_us / 1e6,
            )
            for seq, name, verdict, trusted, at_us in json.loads(done.stdout)
        ]

    def passes(self, text: str) -> Stored:
        """Show a card until the ledger has one more event; return its row there.

        An eye that is started later sees nobody: a card that lies there would be new to it.
        """
        before = len(self.stored())
        self.show(text)
        self.put_before_the_camera(pictures.NOBODY)
        return self.stored(before + 1)[before]

    def until_logged(self, match: str, *words: str) -> None:
        """Wait until the journal of this boot has one of these, of what matches; told at once."""
        # One reader that follows: to start one again and again would take half of a guest's time.
        follow = f"journalctl -b -o cat --no-tail -f {match}"
        any_of = " ".join(f"-e {shlex.quote(each)}" for each in words)
        wait = f"grep -qF -m 1 {any_of} < <(exec {follow})"
        done = self.run(f"timeout {PATIENCE_S} bash -c {shlex.quote(wait)}", PATIENCE_S + 30)
        assert done.returncode == 0, f"never said: {words}\n{self.log()}"

    def until_acknowledged(self) -> None:
        """Wait until the kiosk's outbox says that the ledger has all of its events."""
        self.until('kiosk outbox status | tr -s " " | grep -qx "unacknowledged 0"')

    def memory_mb(self) -> tuple[float, float]:
        """Return what the kiosk and the eye use now: their proportional share (PSS), MB."""
        kiosk, eye = (
            self.shell(
                f"awk '/^Pss:/ {{ print $2 }}' /proc/{self.unit(name, 'MainPID')}/smaps_rollup"
            )
            for name in SERVICES
        )
        return int(kiosk) / 1024, int(eye) / 1024

    def charged_mb(self, name: str) -> float:
        """Return what the kernel counts towards a service's limit, MB: what it has read, too."""
        return int(self.unit(name, "MemoryCurrent")) / 1024**2

    def _until_up(self, before: str | None) -> None:
        boot = self.share / "boot"

        def is_up() -> bool:
            return boot.exists() and boot.read_text("ascii").strip() not in {"", before}

        self._until(is_up, PATIENCE_S, "boot")

    def _until(self, condition: Callable[[], bool], patience_s: float, what: str) -> None:
        pause, deadline = threading.Event(), time.monotonic() + patience_s
        while not condition():
            assert self._boot.poll() is None, f"the guest ended:\n{self.console()[-4000:]}"
            assert time.monotonic() < deadline, f"{what}: no answer\n{self.console()[-4000:]}"
            pause.wait(_LOOK_S)


def counted(lights: list[Lit]) -> Iterator[int]:
    """Yield how many blinks stand together, for each group that a pause follows.

    >>> blink = [Lit(0, 0.25, 1), Lit(0.5, 0.75, 1), Lit(2.5, 2.75, 1)]
    >>> list(counted(blink))
    [2]
    """
    blinks = [light for light in lights if light.brightness > 0.9 and is_blink(light)]
    together = 0
    for light, later in pairwise(blinks):
        together += 1
        if later.begin_s - light.end_s > 1.0:
            yield together
            together = 0


def is_blink(light: Lit) -> bool:
    """Tell a blink that counts a fault from a wink that says ready."""
    return 0.15 < light.end_s - light.begin_s < 0.6
