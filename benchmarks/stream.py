"""A door in real time: how soon a card is read that comes into the picture, and how many ever are.

Simulated: thirty frames a second, the newest frame wins, and the CPU time that a reader took here,
times a slow-down, decides which frames it misses. So a slower machine is a larger slow-down.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from PIL import Image

from benchmarks.readers import KIOSK, Kiosk, Picture, Reader, picture_of
from benchmarks.scenes.render import render
from benchmarks.scenes.sequences import FPS, IDLE_FRAMES, ORDINARY, Visit
from benchmarks.truth import Truth, judge
from kiosk.eye.look_settings import LookSettings

SLOWDOWNS = (1.0, 2.5, 4.0, 10.0)
STREAM_READERS = (KIOSK, "zxing", "zbarlight")

See = Callable[[int], tuple[list[bytes], float]]
"""Looks at one frame of a visit; returns the payloads and the CPU seconds it took here."""


@dataclass(frozen=True, slots=True)
class Watched:
    """How one visit went: after how many seconds the card was read, and what was missed.

    `after_s` is None when it was never read; `dropped` counts the card's frames that were not
    looked at until then; `false` the frames in which something was reported that no card held.
    """

    after_s: float | None
    dropped: int
    false: int


def watch(frames: int, payload: bytes, see: See, slowdown: float) -> Watched:
    """Return how a visit of so many frames goes; the card comes after `IDLE_FRAMES`.

    >>> watch(12, b"card", lambda frame: ([b"card"] if frame >= 8 else [], 0.125), 1.0)
    Watched(after_s=0.3, dropped=4, false=0)
    """
    free_s, last, dropped, false = 0.0, -1, 0, 0
    while True:
        newest = min(frames - 1, int(free_s * FPS + 1e-9))
        if newest > last:
            frame = newest
        else:
            frame, free_s = last + 1, (last + 1) / FPS
        if frame >= frames:
            return Watched(None, dropped, false)
        dropped += max(0, frame - max(last + 1, IDLE_FRAMES))
        last = frame
        payloads, cpu_s = see(frame)
        free_s += cpu_s * slowdown
        false += judge(payloads, Truth(payload=payload)).false
        if payload in payloads:
            return Watched(free_s - IDLE_FRAMES / FPS, dropped, false)


@dataclass(slots=True)
class Drawn:
    """The frames of one visit, each drawn when it is first looked at."""

    visit: Visit
    _pictures: dict[int, Picture] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.visit.idle) + len(self.visit.card)

    def __getitem__(self, number: int) -> Picture:
        if number not in self._pictures:
            self._pictures[number] = picture_of(self._image(number))
        return self._pictures[number]

    def _image(self, number: int) -> Image.Image:
        return render((*self.visit.idle, *self.visit.card)[number])


def stream(
    visits: Sequence[Visit], readers: Sequence[Reader], say: Callable[[str], None]
) -> dict[str, Any]:
    """Return, by slow-down and reader, how many cards were read and how soon."""
    chosen = [reader for reader in readers if reader.name in STREAM_READERS]
    went: dict[tuple[float, str], list[tuple[Visit, Watched]]] = {}
    for number, visit in enumerate(visits, 1):
        drawn = Drawn(visit)
        for reader in chosen:
            remembered: dict[int, tuple[list[bytes], float]] = {}
            for slowdown in SLOWDOWNS:
                see = _kiosk(drawn) if reader.name == KIOSK else _peer(drawn, reader, remembered)
                watched = watch(len(drawn), visit.payload, see, slowdown)
                went.setdefault((slowdown, reader.name), []).append((visit, watched))
        if number % 5 == 0 or number == len(visits):
            say(f"  {number} of {len(visits)} visits")
    return {
        f"{slowdown:g}": {
            reader.name: _told(went.get((slowdown, reader.name), [])) for reader in chosen
        }
        for slowdown in SLOWDOWNS
    }


def _kiosk(drawn: Drawn) -> See:
    """Return the product's look as a kiosk has it, gate and all; it remembers earlier frames."""
    kiosk = Kiosk(LookSettings())

    def see(number: int) -> tuple[list[bytes], float]:
        picture = drawn[number]
        begun_ns = time.process_time_ns()
        payloads = kiosk.see(picture, number)
        return payloads, (time.process_time_ns() - begun_ns) / 1e9

    return see


def _peer(drawn: Drawn, reader: Reader, remembered: dict[int, tuple[list[bytes], float]]) -> See:
    """Return a peer's look: each frame by itself, so one measurement serves all slow-downs."""

    def see(number: int) -> tuple[list[bytes], float]:
        if number not in remembered:
            picture = drawn[number]
            begun_ns = time.process_time_ns()
            payloads = reader.read(picture).payloads
            remembered[number] = payloads, (time.process_time_ns() - begun_ns) / 1e9
        return remembered[number]

    return see


def _told(went: Sequence[tuple[Visit, Watched]]) -> dict[str, Any]:
    ordinary = [watched for visit, watched in went if visit.condition == ORDINARY]
    return {
        **_figures([watched for _, watched in went]),
        "ordinary": _figures(ordinary),
        "by_condition": _by_condition(went),
    }


def _figures(went: Sequence[Watched]) -> dict[str, Any]:
    """Return rates and times. `median_ms` counts cards never read as infinitely late: null."""
    times = [w.after_s if w.after_s is not None else float("inf") for w in went]
    middle = median(times) if times else float("inf")
    read = [w.after_s for w in went if w.after_s is not None]
    return {
        "read": len(read),
        "of": len(went),
        "median_ms": round(1000 * middle) if middle != float("inf") else None,
        "median_of_read_ms": round(1000 * median(read)) if read else None,
        "dropped": sum(w.dropped for w in went),
        "false": sum(w.false for w in went),
    }


def _by_condition(went: Sequence[tuple[Visit, Watched]]) -> dict[str, list[int]]:
    """Return, by condition, how many cards were read, and of how many."""
    counts: dict[str, list[int]] = {}
    for visit, watched in went:
        count = counts.setdefault(visit.condition, [0, 0])
        count[0] += watched.after_s is not None
        count[1] += 1
    return counts
