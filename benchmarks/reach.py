"""How small and how smeared may a code be? What says how far from a camera a card can be held.

Ordinary door scenes (`benchmarks.scenes.conditions.plain`: nearly straight, lit, with a lens's blur
and a sensor's noise), in which one thing is changed: how many pixels a module has, or over how many
modules a moving hand smears the code while the sensor is exposed. Seeds from 1000: nothing was
tuned on them. Distances are computed from these figures by `docs.optics`.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.readers import Kiosk, picture_of
from benchmarks.scenes.conditions import fitted, plain
from benchmarks.scenes.dice import dice
from benchmarks.scenes.payloads import content
from benchmarks.scenes.render import render
from benchmarks.scenes.shot import Shot

KINDS = ("card", "certificate")
"""A citizen card's code (41 to 49 modules a side) and a vaccine certificate's (77 and more)."""
SMALL = (1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.5)
"""Pixels a module."""
SMEARED = (0.0, 0.4, 0.8, 1.2, 1.6, 2.0)
"""Modules that the code moves while the sensor is exposed."""
_SMEARED_MODULE_PX = 2.5

Change = Callable[[Shot, float], Shot]
Sweeps = Mapping[str, tuple[Sequence[float], Change]]


@dataclass(frozen=True, slots=True)
class Step:
    """One value of one sweep, and how many of the codes shown were read."""

    sweep: str
    value: float
    shown: int
    read: int


def _small(shot: Shot, module_px: float) -> Shot:
    return replace(shot, module_px=module_px)


def _smeared(shot: Shot, modules: float) -> Shot:
    return replace(shot, module_px=_SMEARED_MODULE_PX, motion_modules=modules)


SWEEPS: Sweeps = {
    "pixels a module": (SMALL, _small),
    "modules smeared": (SMEARED, _smeared),
}


def measured(sweep: str, value: float, shots: int, seed: int) -> Step:
    """Hold `shots` codes of every kind before the kiosk's own look, each for three seconds."""
    kiosk, read = Kiosk(), 0
    change = SWEEPS[sweep][1]
    for kind in KINDS:
        for number in range(shots):
            # The same scenes at every value of a sweep: only the value differs.
            what = content(dice(seed, "reach", kind, number), kind)
            shot = plain(dice(seed, "reach shot", kind, number), number)
            shot = replace(shot, content=what.payload, error=what.error)
            frame = render(fitted(change(shot, value)))
            read += what.payload in kiosk.read(picture_of(frame)).payloads
    return Step(sweep, value, shots * len(KINDS), read)


def table(steps: Sequence[Step]) -> str:
    """Return the figures for people."""
    lines = [f"{'sweep':16} {'value':>6} {'shown':>6} {'read':>6}"]
    lines += [f"{s.sweep:16} {s.value:6.1f} {s.shown:6d} {s.read:6d}" for s in steps]
    return "\n".join(lines)


def main(given: Sequence[str] | None = None, sweeps: Sweeps = SWEEPS) -> int:
    """Measure both sweeps and print them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reach", description=__doc__)
    parser.add_argument("--shots", type=int, default=24, metavar="N", help="codes of each kind")
    parser.add_argument("--seed", type=int, default=1000, metavar="S")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args(sys.argv[1:] if given is None else given)
    steps = [
        measured(sweep, value, options.shots, options.seed)
        for sweep, (values, _) in sweeps.items()
        for value in values
    ]
    sys.stdout.write(table(steps) + "\n")
    if options.json is not None:
        figures = [
            {"sweep": s.sweep, "value": s.value, "shown": s.shown, "read": s.read} for s in steps
        ]
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
