"""Many cuts of one trace: at which steps, how many at each, and what all of them did."""

import math
import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.disk_model.disk import (
    EVERYTHING_KEPT,
    NOTHING_KEPT,
    Disk,
    Drive,
    Step,
    any_plan,
)
from benchmarks.disk_model.judge import Found, examine, rebuild
from benchmarks.disk_model.story import Owed, Story

_EXAMPLES = 5
_FEW = 4
"""Cuts after one step when there are not enough for all steps."""
_TRIES = 8
"""Throws for each cut that is wanted: some throws give a disk that was there already."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One trace, the drive that it is played back on, and between which steps cuts may come."""

    variant: str
    steps: Sequence[Step]
    drive: Drive = field(default_factory=Drive)
    seed: int = 1
    first: int = 0
    last: int | None = None
    inherited: Owed | None = None
    """What an earlier cut left to be kept: the steps before `first` are its disk."""


@dataclass(slots=True)
class Tally:
    """What the cuts of one variant did."""

    variant: str
    traces: int = 0
    steps: int = 0
    committed: int = 0
    found_again: int = 0
    cuts: int = 0
    cuts_with_loss: int = 0
    events_lost: int = 0
    unreadable: int = 0
    otherwise_wrong: int = 0
    examples: list[str] = field(default_factory=list)

    def of(self, trial: Trial) -> "Tally":
        """Count one more trace."""
        story = Story(trial.steps, trial.inherited)
        self.traces += 1
        self.steps += len(places(trial))
        self.committed += story.committed
        self.found_again += story.found_again
        return self

    def add(self, found: Found, where: str) -> None:
        """Count one cut."""
        self.cuts += 1
        self.cuts_with_loss += found.lost > 0
        self.events_lost += found.lost
        self.unreadable += bool(found.unreadable)
        self.otherwise_wrong += bool(found.wrong)
        if not found.good and len(self.examples) < _EXAMPLES:
            self.examples.append(f"{where}: {found}")

    def merge(self, other: "Tally") -> None:
        """Add what other cuts of the same variant did."""
        for name in ("cuts", "cuts_with_loss", "events_lost", "unreadable", "otherwise_wrong"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.examples = (self.examples + other.examples)[:_EXAMPLES]

    @property
    def clean(self) -> bool:
        """Tell whether cuts were made and none broke anything."""
        broken = self.events_lost or self.unreadable or self.otherwise_wrong
        return self.cuts > 0 and not broken


def planned(trial: Trial, cuts: int) -> dict[int, int]:
    """Return how many cuts to make after how many steps, `cuts` or a few more in all.

    After a step that leaves nothing unsynced there is one result only. With fewer cuts than steps,
    steps are drawn.
    """
    disk = Disk(trial.drive)
    dirty = {}
    done = 0
    for place in places(trial):
        for step in trial.steps[done:place]:
            disk.apply(step)
        done = place
        dirty[place] = disk.dirty
    changing = sum(dirty.values())
    share = math.ceil((cuts - len(dirty) + changing) / max(1, changing))
    if share >= _FEW:
        return {place: share if dirty[place] else 1 for place in dirty}
    plan: dict[int, int] = {}
    for place in random.Random(trial.seed).sample(sorted(dirty), len(dirty)):  # noqa: S311 - no secret
        if sum(plan.values()) < cuts:
            plan[place] = _FEW if dirty[place] else 1
    return dict(sorted(plan.items()))


def places(trial: Trial) -> range:
    """Return after how many steps a cut may come."""
    last = len(trial.steps) if trial.last is None else trial.last
    return range(trial.first, last + 1)


def make_cuts(trial: Trial, cuts_at: dict[int, int], memory: Path) -> Tally:
    """Play the steps back and cut the power, each time on a disk of its own, below `memory`.

    Where a step has fewer different results than are wanted, the next ones make up for it.
    """
    story = Story(trial.steps, trial.inherited)
    tally = Tally(trial.variant)
    disk = Disk(trial.drive)
    done = missing = 0
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        for place, wanted in cuts_at.items():
            for step in trial.steps[done:place]:
                disk.apply(step)
            done = place
            owed = story.owed(place)
            seen: set[int] = set()
            goal = wanted + missing if disk.dirty else 1
            for throw in range(_TRIES * goal):
                files, fate, dice = thrown(disk, trial.seed, place, throw)
                if fate not in seen:
                    seen.add(fate)
                    rebuild(Path(folder), files, dice)
                    tally.add(
                        examine(Path(folder), owed),
                        f"seed {trial.seed}, step {place}, throw {throw}",
                    )
                if len(seen) >= goal:
                    break
            if disk.dirty:
                missing = min(goal - len(seen), wanted)
    return tally


def thrown(
    disk: Disk, seed: int, place: int, throw: int
) -> tuple[dict[str, bytes], int, random.Random]:
    """Return the files of one cut, a number for them, and the dice that go on from there."""
    dice = random.Random(f"{seed} {place} {throw}")  # noqa: S311 - a trial, no secret
    extremes = (NOTHING_KEPT, EVERYTHING_KEPT)
    plan = extremes[throw] if throw < len(extremes) else any_plan(dice)
    return *disk.cut(plan, dice), dice
