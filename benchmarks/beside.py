"""A hostile picture before the eye's own process: are its heartbeats, and the lights, on time?

This process is the kiosk's side: the real end of the socket and the real player on mock pins. The
eye is `kiosk eye`, as the kiosk starts it, before a camera that plays the sheet 30 times a second.
"""

import itertools
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpiozero.pins.mock import MockFactory, MockPWMPin
from PIL import Image

from benchmarks.sheets import p99
from kiosk.app.player import Player, Score
from kiosk.door.cues import Show
from kiosk.door.signal import Signal, pattern_of
from kiosk.eye.link import Heard, KioskEnd
from kiosk.eye.link import Report as EyeReport
from kiosk.eye.messages import Heartbeat
from kiosk.eye.watch import HEARTBEAT_S
from kiosk.indicators import OFF, Indicator, Output, buzzer, led

FPS = 30
UNLOCK_S = 3.0
ANSWERS = (Signal.ACCEPTED, Signal.REJECTED, Signal.NOT_A_CARD, Signal.ONE_AT_A_TIME)
ANSWER_EVERY_S = 2.0
_START_S = 30.0
_END_S = 5.0


@dataclass(frozen=True, slots=True)
class Punctual:
    """How late heartbeats and changes of the lights were before one sheet, in ms."""

    sheet: str
    beat_late_ms: tuple[float, ...]
    light_late_ms: tuple[float, ...]
    missed: int

    def line(self) -> str:
        """Return the figures in one line of a table."""
        beats, lights = self.beat_late_ms, self.light_late_ms
        return (
            f"{self.sheet:14} {len(beats):6d} {p99(beats):12.0f} {max(beats, default=0):7.0f}"
            f" {len(lights):8d} {self.missed:7d} {p99(lights):12.1f} {max(lights, default=0):7.1f}"
        )


HEAD = (
    f"{'sheet':14} {'beats':>6} {'late p99 ms':>12} {'worst':>7} {'changes':>8} {'missed':>7}"
    f" {'late p99 ms':>12} {'worst':>7}"
)


def together(punctuals: Sequence[Punctual]) -> Punctual:
    """Return all sheets as one."""
    return Punctual(
        "all",
        tuple(late for one in punctuals for late in one.beat_late_ms),
        tuple(late for one in punctuals for late in one.light_late_ms),
        sum(one.missed for one in punctuals),
    )


class Witness:
    """An indicator that notes when the player changed something; used by the player's thread."""

    def __init__(self) -> None:
        self.changes: list[tuple[float, Output]] = []

    def apply(self, output: Output) -> None:
        """Note a change."""
        if not self.changes or self.changes[-1][1] != output:
            self.changes.append((time.monotonic(), output))

    def close(self) -> None:
        """Release nothing."""


def scheduled(signal: Signal, from_s: float, idle: Output) -> list[tuple[float, Output]]:
    """Return when an answer asked for at `from_s` changes what, until it is over."""
    score = Score(UNLOCK_S)
    score.take(Show(signal), from_s)
    due: list[tuple[float, Output]] = []
    now_s, last = from_s, idle
    end_s = from_s + pattern_of(signal).length_ms / 1000
    while now_s < end_s:
        output, until_s = score.at(now_s)
        if output != last:
            due.append((now_s, output))
            last = output
        # Past the rounding of sums, so that the next step has begun.
        now_s = until_s + 1e-6
    return due


def lateness(
    due: list[tuple[float, Output]], seen: list[tuple[float, Output]]
) -> tuple[list[float], int]:
    """Return how late each change was in ms, and how many never came."""
    late: list[float] = []
    left = iter(seen)
    for at_s, output in due:
        found = next((when for when, what in left if what == output and when >= at_s - 2e-6), None)
        if found is None:
            return late, len(due) - len(late)
        late.append((found - at_s) * 1000)
    return late, 0


def toml(folder: Path, files: Sequence[Path], fps: int, *, loop: bool) -> str:
    """Return the settings of a kiosk before these pictures, all of its files in `folder`."""
    sections: dict[str, dict[str, Any]] = {
        "kiosk": {"site": "hk-042", "device": "door-1", "direction": "in"},
        "identity": {"site_key": "5a" * 32, "device_key_file": str(folder / "device.key")},
        "camera": {"kind": "replay", "files": [*map(str, files)], "fps": fps, "loop": loop},
        "eye": {"decoders": ["zxing", "zbarlight"]},
        "door": {"hold_off_s": 0.5},
        "gpio": {"pins": "mock"},
        "indicators": {"use": ["led", "buzzer"]},
        "outbox": {"kind": "sqlite", "path": str(folder / "outbox.db")},
        "uplink": {"kind": "stdout"},
        "log": {"format": "json"},
    }
    lines: list[str] = []
    for name, values in sections.items():
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
    return "\n".join(lines) + "\n"


@contextmanager
def eye_before(picture: Image.Image, post: Callable[[EyeReport], None]) -> Iterator[None]:
    """Run the eye's process before `picture`, and the kiosk's end of its socket."""
    with tempfile.TemporaryDirectory(prefix="eye-") as name:
        folder = Path(name)
        picture.save(folder / "sheet.png")
        config, socket = folder / "kiosk.toml", folder / "eye.sock"
        config.write_text(toml(folder, [folder / "sheet.png"], FPS, loop=True), "utf-8")
        end = KioskEnd(socket, post)
        command = [sys.executable, "-m", "kiosk", "eye", "--child", "--config", str(config)]
        eye = subprocess.Popen(  # noqa: S603 - our own program
            [*command, "--socket", str(socket)], stderr=subprocess.DEVNULL
        )
        try:
            yield
        finally:
            eye.terminate()
            try:
                eye.wait(_END_S)
            except subprocess.TimeoutExpired:
                eye.kill()
                eye.wait(_END_S)
            end.close()


def punctual(sheet: str, picture: Image.Image, lasts_s: float) -> Punctual:
    """Show `picture` to the eye for so long, and answer every 2 s, as a door with a queue does."""
    beats_s: list[float] = []
    spoke = threading.Event()

    def heard(report: EyeReport) -> None:
        if isinstance(report, Heard) and isinstance(report.message, Heartbeat):
            beats_s.append(report.at_s)
            spoke.set()

    witness, pins = Witness(), MockFactory(pin_class=MockPWMPin)
    lights: list[Indicator] = [
        led.build(led.Settings(), pins),
        buzzer.build(buzzer.Settings(), pins),
        witness,
    ]
    player = Player(lights, time.monotonic, unlock_s=UNLOCK_S)
    late: list[float] = []
    missed = 0
    with eye_before(picture, heard):
        player.start()
        try:
            if not spoke.wait(_START_S):
                raise SystemExit(f"{sheet}: the eye never spoke")
            end_s = time.monotonic() + lasts_s
            for answer in itertools.cycle(ANSWERS):
                if time.monotonic() >= end_s:
                    break
                more, never = _answered(player, witness, answer)
                late += more
                missed += never
        finally:
            player.close()
    gaps = [max(0.0, b - a - HEARTBEAT_S) * 1000 for a, b in itertools.pairwise(beats_s)]
    return Punctual(sheet, tuple(gaps), tuple(late), missed)


def _answered(player: Player, witness: Witness, answer: Signal) -> tuple[list[float], int]:
    """Play one answer to its end; return how late its changes were."""
    begun, from_s = len(witness.changes), time.monotonic()
    idle = witness.changes[-1][1] if witness.changes else OFF
    player.play(Show(answer))
    # Real time is what is measured here: the signal plays to its end.
    time.sleep(ANSWER_EVERY_S)
    return lateness(scheduled(answer, from_s, idle), witness.changes[begun:])
