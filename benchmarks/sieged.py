"""A hostile sheet is held up for minutes, and people come in between: are they still passed?

The whole of `kiosk run`: its own eye, mock pins, a queue on disk, events on standard output.
"""

import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.beside import toml
from benchmarks.sheets import HD_PX, SHEETS, card_before, p99
from kiosk.eye.people import person

FPS = 10
SHEET_FRAMES = 30
CARD_FRAMES = 20
VISIT_S = (SHEET_FRAMES + CARD_FRAMES) / FPS
_START_S, _END_S = 30.0, 5.0


@dataclass(frozen=True, slots=True)
class Siege:
    """How the door did; times in seconds after the quickest card, each from its own schedule."""

    sheet: str
    shown: int
    accepted: int
    eye_restarts: int
    took_p99_s: float
    took_worst_s: float
    latency_ms: tuple[float, ...] = field(repr=False)
    """From the exposure of the frame that was read to the answer, for each card."""

    @property
    def kept(self) -> bool:
        """Tell whether every good card was accepted."""
        return self.shown > 0 and self.accepted == self.shown

    def line(self) -> str:
        """Return the figures in one line of a table."""
        return (
            f"{self.sheet:14} {self.accepted:4d} of {self.shown:4d} {self.eye_restarts:9d}"
            f" {p99(self.latency_ms):14.0f} {self.took_p99_s:12.2f} {self.took_worst_s:12.2f}"
        )


HEAD = (
    f"{'sheet':14} {'accepted':>12} {'restarts':>9} {'answer p99 ms':>14} {'took p99 s':>12}"
    f" {'worst s':>12}"
)


def besieged(sheet: str, minutes: float, seed: int) -> Siege:
    """Hold up `sheet` for `minutes`, with a card of another person before it every 5 s."""
    shown = max(1, round(minutes * 60 / VISIT_S))
    with tempfile.TemporaryDirectory(prefix="door-") as name:
        folder = Path(name)
        config = folder / "kiosk.toml"
        config.write_text(toml(folder, _pictures(folder, sheet, shown, seed), FPS, loop=False))
        door = Door(config)
        try:
            door.watch(shown, shown * VISIT_S)
        finally:
            door.end()
    return door.siege(sheet, shown)


def _pictures(folder: Path, sheet: str, shown: int, seed: int) -> list[Path]:
    """Return the pictures in the order in which they are played."""
    rng = random.Random(seed)  # noqa: S311 - a picture, no secret
    hostile = SHEETS[sheet](HD_PX)
    behind = folder / "sheet.bmp"
    hostile.save(behind)
    played: list[Path] = []
    for number in range(shown):
        path = folder / f"card-{number}.png"
        card_before(hostile, person(rng, rng.choice((7, 11)))).save(path)
        played += [behind] * SHEET_FRAMES + [path] * CARD_FRAMES
    return played


class Door:
    """A running kiosk and what its log said; the log is read by a thread of its own."""

    def __init__(self, config: Path) -> None:
        command = [sys.executable, "-m", "kiosk", "run", "--config", str(config)]
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        self._changed = threading.Condition()
        self._accepted_s: list[float] = []
        self._latency_ms: list[float] = []
        self._restarts = 0
        self._ended = False
        self._last_words = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def watch(self, shown: int, lasts_s: float) -> None:
        """Wait until all cards were accepted, or their time and a half is over."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._accepted_s) >= shown, _START_S + 1.5 * lasts_s)

    def end(self) -> None:
        """End it by SIGTERM."""
        self._process.terminate()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(_END_S)
        self._reader.join(_END_S)

    def siege(self, sheet: str, shown: int) -> Siege:
        """Return what was seen."""
        due_s = [at_s - number * VISIT_S for number, at_s in enumerate(self._accepted_s)]
        took_s = [at_s - min(due_s) for at_s in due_s]
        return Siege(
            sheet,
            shown,
            len(self._accepted_s),
            self._restarts,
            p99(took_s),
            max(took_s, default=0.0),
            tuple(self._latency_ms),
        )

    def _read(self) -> None:
        assert self._process.stderr is not None  # noqa: S101 - asked for above
        with self._process.stderr as log:
            for line in log:
                try:
                    self._note(json.loads(line))
                except ValueError:
                    self._last_words = line.decode(errors="replace").strip()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _note(self, facts: dict[str, Any]) -> None:
        with self._changed:
            if facts.get("event") == "eye restarted":
                self._restarts += 1
            if facts.get("event") == "scan" and facts.get("signal") == "accepted":
                self._accepted_s.append(time.monotonic())
                self._latency_ms.append(facts["latency_ms"])
            self._changed.notify_all()
