"""The eye of `benchmarks.door`: the real one, before a mock camera and with a stop watch.

The camera plays drawn cards at 30 frames a second, so many frames with a card and so many without.
It runs in a process of its own, as the eye always does, and says on standard output when a card was
first in a frame and how long each decoder took.
"""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from benchmarks.scenes.dice import dice
from kiosk.app import logs
from kiosk.app.choice import Chosen
from kiosk.app.eye_process import run_eye
from kiosk.app.settings import load_eye
from kiosk.errors import CameraLost
from kiosk.eye.decoders import Decoder, Symbol, Threshold
from kiosk.eye.frame import Frame
from kiosk.eye.people import person
from kiosk.eye.scenes import EMPTY, Scene, SceneCode, draw

FPS = 30
SHOWN_FRAMES = 10
EMPTY_FRAMES = 35
"""Longer than a green light lasts, so that the next one is a rise."""
WIDTH_PX, HEIGHT_PX = 640, 480


def card(number: int) -> bytes:
    """Return the luma of a frame in which a made-up person's card is held up."""
    return _luma(Scene(codes=(SceneCode(text=person(dice("door", number)), size=0.5),), noise=3))


def frame_of(luma: bytes, captured_ns: int) -> Frame:
    """Return such a luma as a frame."""
    return Frame(luma, WIDTH_PX, HEIGHT_PX, WIDTH_PX, captured_ns, captured_ns)


def _luma(scene: Scene) -> bytes:
    return draw(scene, (WIDTH_PX, HEIGHT_PX), 0, 0).tobytes()


class Slides:
    """Plays the cards of `numbers`, each once, at 30 frames a second; the newest frame wins."""

    has_sensor = False
    skipped = 0

    def __init__(self, count: int) -> None:
        self._empty = _luma(EMPTY)
        self._cards = [card(number) for number in range(count)]
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
        if number >= len(self._cards):
            raise CameraLost("all cards were shown")
        captured_ns = time.monotonic_ns()
        if place < EMPTY_FRAMES:
            return frame_of(self._empty, captured_ns)
        if number != self._told:
            self._told = number
            say(card=number, captured_ns=captured_ns)
        return frame_of(self._cards[number], captured_ns)

    def close(self) -> None:
        """Nothing is open."""


class Timed:
    """A decoder, with a stop watch."""

    def __init__(self, decoder: Decoder) -> None:
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
        say(captured_ns=frame.captured_ns, begun_ns=begun_ns, ended_ns=ended_ns)
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


def say(**facts: int) -> None:
    """Say one line to the benchmark."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def main(given: Sequence[str]) -> int:
    """Watch until all cards were shown; arguments: settings file, socket, number of cards."""
    config, socket, count = Path(given[0]), Path(given[1]), int(given[2])
    logs.configure("json", "error")
    loaded = load_eye(config, {})
    timed = []
    for chosen in loaded.decoders:
        decoder: Decoder = Timed(chosen.load().build(chosen.settings))
        timed.append(Given(chosen.package, chosen.kind, chosen.settings, decoder))
    camera = Given(loaded.camera.package, "synthetic", loaded.camera.settings, Slides(count))
    return run_eye(replace(loaded, decoders=tuple(timed), camera=camera), socket, child=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
