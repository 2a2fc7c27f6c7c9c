"""Single frames: every condition at every severity, and frames without a QR code."""

from collections.abc import Iterator
from functools import partial

from benchmarks.corpus import Sample
from benchmarks.scenes.conditions import SWEEPS, fitted, plain
from benchmarks.scenes.dice import dice
from benchmarks.scenes.negatives import nothing
from benchmarks.scenes.render import render
from benchmarks.truth import Truth

FAMILY = "door scenes"
STEPS = 12
"""Severities of each condition."""
NEGATIVES = 60


def stills(seed: int, steps: int = STEPS, negatives: int = NEGATIVES) -> Iterator[Sample]:
    """Yield the door scenes of `seed`: `steps` of each condition, then the negatives."""
    for condition, sweep in SWEEPS.items():
        rng = dice(seed, condition)
        for step in range(steps):
            severity = (step + 0.5) / steps
            shot = fitted(sweep(plain(rng, step), severity, rng))
            name = f"{seed}/{condition}/{step}"
            truth = Truth(payload=shot.content if isinstance(shot.content, bytes) else b"")
            yield Sample(name, FAMILY, condition, truth, partial(render, shot))
    rng = dice(seed, "negatives")
    for number in range(negatives):
        group, shot = nothing(rng, number)
        name = f"{seed}/{group}/{number}"
        yield Sample(name, FAMILY, group, None, partial(render, shot), has_code=False)
