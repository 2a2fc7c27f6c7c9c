"""What an empty door costs: the product's look with its gate on, beside zbarlight.

Nobody comes. The hall is the same from frame to frame, the sensor's noise is not, and the light
drifts as on a day with clouds. Once the look knows the hall, both are shown the same frames, one
after the other in turn, and their CPU time is compared.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from benchmarks.measure import spent, timed
from benchmarks.readers import Kiosk, Reader, picture_of
from benchmarks.scenes.conditions import plain
from benchmarks.scenes.dice import dice
from benchmarks.scenes.render import render
from benchmarks.scenes.shot import Shot
from kiosk.eye.look_settings import LookSettings

HALLS = 8
FRAMES = 300
"""Of each hall, compared: ten seconds, in which the look's own looks at an idle door repeat."""
LEARN_FRAMES = 60
"""Shown before, to the look only: two seconds, in which it learns what the hall looks like."""
_DRIFT_PART = 0.05
"""The light swells and fades by so much of itself."""
_DRIFT_FRAMES = 600
_FLICKER_PART = 0.003
"""And it differs by so much from one frame to the next."""


@dataclass(frozen=True, slots=True)
class Hall:
    """What one empty hall cost: CPU nanoseconds over `frames`; `false` counts reports."""

    frames: int
    kiosk_ns: int
    base_ns: int
    false: int

    @property
    def ratio(self) -> float:
        """Return the look's cost relative to the base reader's."""
        return self.kiosk_ns / self.base_ns


def empty_door(
    seed: int, base: Reader, halls: int, frames: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Return the ratio over all halls, and that of each."""
    watched = []
    for number in range(halls):
        watched.append(watch(hall_shots(seed, number, LEARN_FRAMES + frames), base))
        say(f"  {number + 1} of {halls} empty halls: {watched[-1].ratio:.3f}")
    return told(watched)


def told(watched: list[Hall]) -> dict[str, Any]:
    """Return the ratio of the sums, and what belongs to it."""
    return {
        "cpu_ratio_empty": round(
            sum(hall.kiosk_ns for hall in watched) / sum(hall.base_ns for hall in watched), 4
        ),
        "frames": sum(hall.frames for hall in watched),
        "false": sum(hall.false for hall in watched),
        "halls": [round(hall.ratio, 4) for hall in watched],
    }


def hall_shots(seed: int, number: int, frames: int) -> Iterator[Shot]:
    """Yield so many frames of one hall; every other hall has posters on its walls."""
    rng = dice(seed, "empty", number)
    hall = replace(plain(rng, number), content=None, posters=2 * (number % 2))
    phase = rng.uniform(0, 2 * math.pi)
    for at in range(frames):
        drift = _DRIFT_PART * math.sin(2 * math.pi * at / _DRIFT_FRAMES + phase)
        light = 1 + drift + rng.gauss(0, _FLICKER_PART)
        yield replace(hall, grain=at, exposure=hall.exposure * light)


def watch(shots: Iterator[Shot], base: Reader, kiosk: Kiosk | None = None) -> Hall:
    """Return what both spent on the frames after the first `LEARN_FRAMES`."""
    kiosk = kiosk or Kiosk(LookSettings())
    frames = kiosk_ns = base_ns = false = 0
    for number, shot in enumerate(shots):
        picture = picture_of(render(shot))
        learning = number < LEARN_FRAMES
        # Who is first finds the frame in no cache: they take turns.
        if not learning and number % 2:
            base_ns += timed(base, picture)[1]
        reported, took_ns = spent(partial(kiosk.see, picture, number))
        false += len(reported)
        if learning:
            continue
        if number % 2 == 0:
            base_ns += timed(base, picture)[1]
        frames, kiosk_ns = frames + 1, kiosk_ns + took_ns
    return Hall(frames, kiosk_ns, base_ns, false)
