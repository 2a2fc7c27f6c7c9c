"""The guest's part: the kiosk lives on a disk whose writes are logged, and each green is marked.

A mark is made once the kernel's trace has shown the green pin rising and the kiosk's log has said
for which event: so it comes after the green, never before, and what it claims is less than true.
Runs as root in a virtual Pi, from the folder that is shared with it, and nowhere else.
"""

import queue
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.lists_workload import SITE
from benchmarks.pulled import lamp
from benchmarks.pulled.delivery import delivering, wait_for
from benchmarks.pulled.disks import mounted
from benchmarks.pulled.kiosk_process import GREEN_PIN, KioskProcess
from benchmarks.pulled.lamp import Change
from benchmarks.pulled.mapper import LoggedDisk
from benchmarks.pulled.plan import (
    GREEN,
    LIST_BEGINS,
    LIST_IS_TAKEN,
    PERIOD_DAYS,
    PLAN,
    SITE_KEY,
    TOLD,
    End,
    Plan,
    Told,
    mark_of,
)
from kiosk.door.signal import Signal
from kiosk.durable import replace_file
from kiosk.eye.people import person
from kiosk.identity.periods import Terms, as_text, derived, period_at

DISK, LOG = Path("/dev/ubdb"), Path("/dev/ubdc")
STATE = Path("/var/lib/kiosk")
SCRATCH = Path("/run/pulled")
LINK = "https://thucdon.example.vn/ban-{}"
PATIENCE_S = 60.0
Taking = AbstractContextManager[None]
_GREENS = frozenset({Signal.ACCEPTED, Signal.ALREADY_RECORDED})


class Witness:
    """Pairs rises of green with the kiosk's log, in order, and marks; main thread but for `heard`.

    The cards come one by one, each after its predecessor's green is over, so the first rise belongs
    to the first scan, and so on.
    """

    def __init__(self, mark: Callable[[str], None]) -> None:
        self._mark = mark
        self._said: queue.Queue[dict[str, Any] | tuple[Change, float]] = queue.Queue()
        self._scans: list[dict[str, Any]] = []
        self._unpaired: list[float] = []
        self.is_lit = False
        self.rises = 0
        self.scans = 0
        self.marks = 0
        self.eyes = 0
        self.lags_s: list[float] = []
        self.last: str | None = None

    def changed(self, change: Change, at_s: float) -> None:
        """Hear that the lamp did this, and when (monotonic s); any thread."""
        self._said.put((change, at_s))

    def heard(self, fact: dict[str, Any]) -> None:
        """Hear a fact of the kiosk's log; any thread."""
        self._said.put(fact)

    def begin(self) -> None:
        """Forget what one life of the kiosk left unpaired: its log ended before it said more."""
        while not self._said.empty():
            self._take(self._said.get())
        self._scans.clear()
        self._unpaired.clear()

    def wait(self, until: Callable[[], bool], what: str) -> None:
        """Take what is said until `until` holds.

        Raises:
            TimeoutError: It does not come to hold.
        """
        deadline_s = time.monotonic() + PATIENCE_S
        while not until():
            try:
                self._take(self._said.get(timeout=max(0.0, deadline_s - time.monotonic())))
            except queue.Empty:
                raise TimeoutError(f"waited in vain for {what}") from None

    def wait_for_mark(self) -> None:
        """Wait until one more green was marked.

        Raises:
            TimeoutError: None is.
        """
        before = self.marks
        self.wait(lambda: self.marks > before, "green")

    def _take(self, said: dict[str, Any] | tuple[Change, float]) -> None:
        if isinstance(said, tuple):
            self.is_lit = said[0] is Change.LIT
            self.rises += self.is_lit
            self._unpaired += said[1:] if self.is_lit else ()
        elif said.get("event") == "eye up":
            self.eyes += 1
        elif said.get("event") == "scan":
            if said["signal"] in _GREENS:
                self._scans.append(said)
                self.scans += 1
        elif said.get("level") in ("warning", "error", "critical"):
            sys.stdout.write(f"{said}\n")
        while self._unpaired and self._scans:
            rose_s, scan = self._unpaired.pop(0), self._scans.pop(0)
            if scan["signal"] == Signal.ACCEPTED:
                self.last = scan["event_id"]
                self._mark(mark_of(GREEN, scan["event_id"]))
                self.marks += 1
                self.lags_s.append(time.monotonic() - rose_s)


class Boot:
    """One boot of the guest, by its plan."""

    def __init__(self, plan: Plan, share: Path) -> None:
        self._plan = plan
        self._share = share
        self._dice = random.Random(plan.seed)  # noqa: S311 - a trial, no secret
        self._links = 0

    def run(self) -> Told:
        """Live all lives, and return what was seen.

        Raises:
            TimeoutError: The kiosk does not do what it should.
        """
        plan = self._plan
        time.clock_settime(time.CLOCK_REALTIME, time.time() + plan.ahead_s)
        SCRATCH.mkdir()
        with ExitStack() as stack:
            port = stack.enter_context(delivering(SCRATCH, self._share)) if plan.delivers else 1
            disk = stack.enter_context(LoggedDisk("kiosk", DISK, LOG))
            stack.enter_context(mounted(disk.path, STATE, "noatime"))
            witness = Witness(disk.mark)
            lamp.watch(GREEN_PIN, witness.changed)
            if not (STATE / SITE_KEY).exists():
                # As whoever provisions a kiosk writes it, before it is first started.
                replace_file(STATE / SITE_KEY, _new_key().encode())
            kiosk = KioskProcess(STATE, SCRATCH, port, witness.heard)
            stack.callback(kiosk.kill)
            for version, how in enumerate(plan.lives, start=plan.first_list):
                self._live(kiosk, witness, how, partial(self._take_list, kiosk, disk, version))
        return Told(
            rises=witness.rises,
            scans=witness.scans,
            marks=witness.marks,
            lags_s=tuple(witness.lags_s),
        )

    def _live(
        self, kiosk: KioskProcess, witness: Witness, how: End, take_list: Callable[[], Taking]
    ) -> None:
        eyes = witness.eyes
        kiosk.start(normal=self._plan.normal)
        witness.wait(lambda: witness.eyes > eyes, "the eye")
        # What a killed life left unpaired must not be taken for this one's.
        witness.begin()
        with take_list():
            for _ in range(self._plan.cards):
                kiosk.show(person(self._dice))
                witness.wait_for_mark()
                # What is no card ends the green, so that the next one is a rise of its own.
                self._links += 1
                kiosk.show(LINK.format(self._links))
                witness.wait(lambda: not witness.is_lit, "the end of green")
        if how is End.KILLED:
            kiosk.show(person(self._dice))
            time.sleep(self._dice.uniform(0.0, 0.4))
        elif self._plan.delivers and witness.last is not None:
            wait_for(SCRATCH, witness.last, PATIENCE_S)
        kiosk.end(how)

    @contextmanager
    def _take_list(self, kiosk: KioskProcess, disk: LoggedDisk, version: int) -> Iterator[None]:
        """Take a list while people pass, and mark when that began and when it was in use."""
        disk.mark(mark_of(LIST_BEGINS, version))
        taking = kiosk.take_list(version)
        try:
            yield
        finally:
            code = taking.wait(PATIENCE_S)
        if code != 0:
            raise RuntimeError(f"a list was not taken: exit code {code}")
        disk.mark(mark_of(LIST_IS_TAKEN, version))


def _new_key() -> str:
    terms = Terms(SITE, PERIOD_DAYS)
    return as_text(derived(bytes(32), terms, period_at(time.time(), terms.days)))


def main() -> None:
    """Do what the plan in the shared folder says.

    Raises:
        SystemExit: This is no virtual Pi: its clock and its disks are not to be touched.
    """
    if not DISK.is_block_device():
        raise SystemExit("this runs in a virtual Pi only: see benchmarks.power_pulled")
    share = Path(sys.argv[1])
    plan = Plan.model_validate_json((share / PLAN).read_bytes())
    told = Boot(plan, share).run()
    (share / TOLD).write_text(told.model_dump_json(), "utf-8")


if __name__ == "__main__":
    main()
