"""The eye of `benchmarks.door`: the real one, before a mock camera and with a stop watch.

The camera plays drawn cards at 30 frames a second, so many frames with a card and so many without.
It runs in a process of its own, as the eye always does, and says on standard output when a card was
first in a frame and how long each decoder took; only once the card is gone, so that the stop watch
itself takes no time of what it measures.
"""

import json
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from benchmarks.scenes.dice import dice
from benchmarks.scenes.render import render
from benchmarks.scenes.shot import Shot
from kiosk.app import logs
from kiosk.app.choice import Chosen
from kiosk.app.eye_process import run_eye
from kiosk.app.settings import load_eye
from kiosk.errors import CameraLost
from kiosk.eye.decoders import Decoder, Symbol, Threshold
from kiosk.eye.frame import Frame
from kiosk.eye.people import person

FPS = 30
SHOWN_FRAMES = 10
EMPTY_FRAMES = 35
"""Longer than a green light lasts, so that the next one is a rise."""
TOLD_FRAME = 5
"""What was noted is said so many frames after a card is gone."""
WIDTH_PX, HEIGHT_PX = 1280, 720
"""What a kiosk reads unless its settings say otherwise: `[camera] kind = "picamera2"`."""
CARDS = 20
"""Different ones; they come by turns, each after more than `repeat_s`."""
EMPTY = 5
"""Different frames of the empty hall: a sensor is never still."""


_HALL = Shot(seed=5, size_px=(WIDTH_PX, HEIGHT_PX), module_px=5.0, posters=1)


def cards() -> list[bytes]:
    """Return the luma of frames in which made-up people's cards are held up, all in one hall."""
    people = [person(dice("door", number)).encode() for number in range(CARDS)]
    return [_luma(replace(_HALL, content=who, grain=place)) for place, who in enumerate(people)]


def frame_of(luma: bytes, captured_ns: int) -> Frame:
    """Return such a luma as a frame."""
    return Frame(luma, WIDTH_PX, HEIGHT_PX, WIDTH_PX, captured_ns, captured_ns)


def _luma(shot: Shot) -> bytes:
    return render(shot).convert("L").tobytes()


class Slides:
    """Plays the cards of `numbers`, each once, at 30 frames a second; the newest frame wins."""

    has_sensor = False
    remark = None
    skipped = 0

    def __init__(self, count: int, notes: "Notes") -> None:
        self._notes = notes
        self._empty = [_luma(replace(_HALL, grain=1000 + place)) for place in range(EMPTY)]
        self._cards = cards()
        self._count = count
        self._begin_s: float | None = None
        self._tick = 0
        self._told = -1

    def capture(self, _timeout_s: float) -> Frame:
        """Return the frame of the next tick."""
        now_s = time.monotonic()
        if self._begin_s is None:
            self._begin_s = now_s
        self._tick = max(self._tick + 1, int((now_s - self._begin_s) * FPS))
        time.sleep(max(0.0, self._begin_s + self._tick / FPS - now_s))
        number, place = divmod(self._tick, SHOWN_FRAMES + EMPTY_FRAMES)
        if place == TOLD_FRAME or number >= self._count:
            self._notes.say()
        if number >= self._count:
            raise CameraLost("all cards were shown")
        captured_ns = time.monotonic_ns()
        if place < EMPTY_FRAMES:
            return frame_of(self._empty[place % EMPTY], captured_ns)
        if number != self._told:
            self._told = number
            self._notes.add(card=number, captured_ns=captured_ns)
        return frame_of(self._cards[number % CARDS], captured_ns)

    def close(self) -> None:
        """Nothing is open."""


class Timed:
    """A decoder, with a stop watch."""

    def __init__(self, decoder: Decoder, notes: "Notes") -> None:
        self._notes = notes
        self._decoder = decoder
        self.name = decoder.name
        self.reads_inverted = decoder.reads_inverted

    def decode(
        self, frame: Frame, threshold: Threshold = Threshold.LOCAL, *, brief: bool = False
    ) -> list[Symbol]:
        """Return what the decoder returns."""
        begun_ns = time.monotonic_ns()
        symbols = self._decoder.decode(frame, threshold, brief=brief)
        ended_ns = time.monotonic_ns()
        self._notes.add(captured_ns=frame.captured_ns, begun_ns=begun_ns, ended_ns=ended_ns)
        return symbols


@dataclass(frozen=True, slots=True)
class Given(Chosen):
    """An adapter that is there already, in the place of one that settings name."""

    made: Any = None

    def load(self) -> Any:
        """Return what builds it."""
        return self

    def build(self, _settings: BaseModel) -> Any:
        """Return it."""
        return self.made


class Notes:
    """What the stop watches noted and did not say yet; written by the camera's and the look's."""

    def __init__(self) -> None:
        self._waiting: deque[dict[str, int]] = deque()

    def add(self, **facts: int) -> None:
        """Note one fact."""
        self._waiting.append(facts)

    def say(self) -> None:
        """Say all of them to the benchmark, a line each."""
        while self._waiting:
            sys.stdout.write(json.dumps(self._waiting.popleft()) + "\n")
        sys.stdout.flush()


def main(given: Sequence[str]) -> int:
    """Watch until all cards were shown; arguments: settings file, socket, number of cards."""
    config, socket, count = Path(given[0]), Path(given[1]), int(given[2])
    logs.configure("json", "error")
    loaded = load_eye(config, {})
    timed, notes = [], Notes()
    for chosen in loaded.decoders:
        decoder: Decoder = Timed(chosen.load().build(chosen.settings), notes)
        timed.append(Given(chosen.package, chosen.kind, chosen.settings, decoder))
    camera = Given(loaded.camera.package, "synthetic", loaded.camera.settings, Slides(count, notes))
    return run_eye(replace(loaded, decoders=tuple(timed), camera=camera), socket, child=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
