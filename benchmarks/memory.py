"""How much memory a kiosk takes, and whether it stays at that.

The real `kiosk run` with its eye, mock pins, a real mosquitto and the drawn camera at its usual
size, while cards are held up all the time: both processes after the start, after some cards, and
minute by minute. Beside it stands an interpreter that has imported nothing, and one for each
process that has imported the libraries which that process cannot do without, and does nothing.

Held to: both processes together at most 110 MB, each page counted once, and level: at most 2 MB an
hour. With `--picamera2` the camera is the real library, which plays what it is given: no card is
shown by us.
"""

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import linear_regression
from typing import Any

from benchmarks.mappings import by_mapping, held, together_mb
from kiosk.door.event import source_of
from provisioning.broker import Broker
from provisioning.demo.door import DEVICE, SITE, DoorProcess
from provisioning.demo.play import Stage, next_fact, wait_until_ready
from provisioning.demo.subscriber import Subscriber

MOST_MB = 110.0
MOST_MB_AN_HOUR = 2.0
_MINUTE_S = 60.0
_SETTLED_S = 5.0
_CARD_PATIENCE_S = 10.0
_WARM_MINUTES = 10
"""What every library takes once: it is no growth."""
_FEWEST_MINUTES = 5
_FILES_TOLD = 14
_LIBRARIES = {
    "kiosk": "cbor2, cryptography.hazmat.primitives.asymmetric.ed25519, gpiozero, pydantic,"
    " paho.mqtt.client, sqlite3, ssl",
    "eye": "PIL.Image, pydantic, zbarlight, zxingcpp",
}


@dataclass(frozen=True, slots=True)
class Sample:
    """Both processes at one moment, MB.

    `together_mb` counts each page once. `anonymous_mb`: of both, the pages that are no file's,
    which is where a leak is seen.
    """

    when: str
    at_s: float
    cards: int
    kiosk_pss_mb: float
    kiosk_private_mb: float
    eye_pss_mb: float
    eye_private_mb: float
    anonymous_mb: float
    together_mb: float

    def line(self) -> str:
        """Return what was seen in one line."""
        return (
            f"{self.when:<16} {self.cards:5d} cards  kiosk {self.kiosk_pss_mb:6.1f} PSS"
            f" {self.kiosk_private_mb:6.1f} private  eye {self.eye_pss_mb:6.1f} PSS"
            f" {self.eye_private_mb:6.1f} private  anonymous {self.anonymous_mb:6.1f}"
            f" together {self.together_mb:6.1f} MB"
        )


@dataclass(slots=True)
class Run:
    """One run: its samples, what its peers hold, and where the memory lies."""

    samples: list[Sample] = field(default_factory=list)
    peers_mb: dict[str, float] = field(default_factory=dict)
    where_kb: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def most_mb(self) -> float:
        """Return the most that both processes ever held together."""
        return max(sample.together_mb for sample in self.samples)

    @property
    def slope_mb_an_hour(self) -> float | None:
        """Return how fast they grew since they were warm; None: the run was too short to tell.

        Pages of files come and go with what else this computer reads: they are no growth.
        """
        level = [s for s in self.samples if s.when.startswith("minute")][_WARM_MINUTES:]
        if len(level) < _FEWEST_MINUTES:
            return None
        hours = [sample.at_s / 3600 for sample in level]
        return linear_regression(hours, [sample.anonymous_mb for sample in level]).slope

    @property
    def kept(self) -> bool:
        """Tell whether it was as little, and as level, as it must be."""
        slope = self.slope_mb_an_hour
        return self.most_mb <= MOST_MB and (slope is None or slope <= MOST_MB_AN_HOUR)


class Shown:
    """A door that cards are held up before, one after the other and never the same again soon."""

    def __init__(self, door: DoorProcess, stage: Stage | None) -> None:
        self.door = door
        self.cards = 0
        self._stage = stage

    def show(self) -> None:
        """Hold up the next card until it was answered; where a camera plays, wait for a second.

        Raises:
            TimeoutError: It was not answered.
        """
        if self._stage is None:
            next_fact(self.door, 1.0)
            return
        text = f"0990900{self.cards % 100_000:05d}||Nguyễn Văn An|01011990|Nam|Hà Nội|15042021"
        self._stage.show({"codes": [{"text": text}], "noise": 4, "tremor_px": 0.6})
        deadline_s = time.monotonic() + _CARD_PATIENCE_S
        while (left_s := deadline_s - time.monotonic()) > 0:
            facts = next_fact(self.door, left_s)
            if facts is not None and "event_id" in facts:
                self.cards += 1
                return
        raise TimeoutError(f"card {self.cards} was not answered within {_CARD_PATIENCE_S:g} s")


def eye_of(pid: int) -> int:
    """Return the process that the kiosk started.

    Raises:
        LookupError: There is none.
    """
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The name may hold anything, brackets too: what follows starts at the last of them.
            fields = status.read_text("utf-8", errors="replace").rpartition(")")[2].split()
            if int(fields[1]) == pid:
                return int(status.parent.name)
    raise LookupError(f"process {pid} has started no other")


def sample(when: str, shown: Shown, began_s: float) -> Sample:
    """Look at both processes."""
    pids = (shown.door.process.pid, eye_of(shown.door.process.pid))
    kiosk, eye = (held(pid) for pid in pids)
    together = together_mb(pids)
    return Sample(
        when,
        time.monotonic() - began_s,
        shown.cards,
        kiosk.pss_mb,
        kiosk.private_mb,
        eye.pss_mb,
        eye.private_mb,
        kiosk.anonymous_mb + eye.anonymous_mb,
        # Without root: what pages are shared with others is counted as if they were not there.
        kiosk.pss_mb + eye.pss_mb if together is None else together,
    )


def idle_mb(libraries: str) -> float:
    """Return what an interpreter holds alone that has imported these, and does nothing."""
    program = f"{'import ' + libraries if libraries else ''}\nprint(flush=True)\ninput()"
    with subprocess.Popen(  # noqa: S603 - our own interpreter, with imports that stand above
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        if process.stdout is None or not process.stdout.readline():
            raise RuntimeError(f"cannot be imported: {libraries}")
        alone_mb = together_mb([process.pid])
        seen_mb = held(process.pid).pss_mb if alone_mb is None else alone_mb
        process.communicate(b"\n")
    return seen_mb


@contextlib.contextmanager
def door(folder: Path, *, picamera2: bool) -> Iterator[Shown]:
    """Run a broker and a door; both are gone afterwards."""
    with contextlib.ExitStack() as stack:
        broker = stack.enter_context(Broker(folder, verbose=False))
        subscriber = Subscriber(broker.port, source_of(SITE, DEVICE))
        stack.callback(subscriber.close)
        stage = None if picamera2 else Stage(folder / "stage.json")
        camera = 'kind = "picamera2"'
        if stage is not None:
            camera = f'kind = "synthetic"\nstage = "{stage.path}"'
        running = DoorProcess(folder, broker.port, camera)
        stack.callback(running.stop)
        wait_until_ready(running, subscriber)
        yield Shown(running, stage)


def measure(cards: int, minutes: int, *, picamera2: bool = False) -> Run:
    """Show cards, and look at the memory all the while; a line is printed at each look."""
    run = Run()
    with tempfile.TemporaryDirectory(prefix="kiosk-memory-") as folder:
        with door(Path(folder), picamera2=picamera2):
            pass  # the first start of all compiles our modules, and keeps what that takes
        with door(Path(folder), picamera2=picamera2) as shown:
            _watch(run, shown, cards, minutes)

    run.peers_mb = {"bare interpreter": idle_mb("")}
    run.peers_mb |= {f"{name}'s libraries": idle_mb(text) for name, text in _LIBRARIES.items()}
    return run


def _watch(run: Run, shown: Shown, cards: int, minutes: int) -> None:
    began_s = time.monotonic()

    def look(when: str) -> None:
        run.samples.append(sample(when, shown, began_s))
        say(run.samples[-1].line())

    _idle_until(shown, began_s + _SETTLED_S)
    look("after the start")
    for _ in range(cards):
        shown.show()
    look(f"after {cards} cards")
    for minute in range(1, minutes + 1):
        ends_s = time.monotonic() + _MINUTE_S
        while time.monotonic() < ends_s:
            shown.show()
        look(f"minute {minute}")
    pid = shown.door.process.pid
    for name, number in (("kiosk", pid), ("eye", eye_of(pid))):
        run.where_kb[name] = dict(by_mapping(number).most_common(_FILES_TOLD))


def _idle_until(shown: Shown, until_s: float) -> None:
    while (left_s := until_s - time.monotonic()) > 0:
        next_fact(shown.door, left_s)


def say(line: str) -> None:
    """Print one line now, also into a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def told(run: Run) -> dict[str, Any]:
    """Return what the JSON file holds."""
    return {
        **asdict(run),
        "most_mb": run.most_mb,
        "slope_mb_an_hour": run.slope_mb_an_hour,
        "kept": run.kept,
    }


def main(given: Sequence[str] | None = None) -> int:
    """Measure once; return 1 where it is more than it may be."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--cards", type=int, default=200, help="show so many first")
    parser.add_argument("--minutes", type=int, default=1, help="then go on for so long")
    parser.add_argument("--picamera2", action="store_true", help="the real camera library")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args(given)
    run = measure(options.cards, options.minutes, picamera2=options.picamera2)
    for name, share_kb in run.where_kb.items():
        say(f"{name}: " + ", ".join(f"{file} {kb / 1024:.1f}" for file, kb in share_kb.items()))
    for name, mb in run.peers_mb.items():
        say(f"{name}: {mb:.1f} MB")
    slope = run.slope_mb_an_hour
    grew = "too short to tell growth" if slope is None else f"{slope:+.2f} MB an hour"
    say(f"most {run.most_mb:.1f} MB together (at most {MOST_MB:g}); {grew}")
    if options.json is not None:
        options.json.write_text(json.dumps(told(run), indent=2) + "\n", "utf-8")
    return int(not run.kept)


if __name__ == "__main__":
    sys.exit(main())
