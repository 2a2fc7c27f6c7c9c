"""The power fails at any moment of an update: is the old list or the new one there, never neither?

The shipped keeper runs under strace; its writes and syncs are played back on the modelled disk of
`benchmarks.disk_model`, the power is cut after every step with many results each, and the keeper
loads what is left. The control is the same module without fsync, and must fail.
"""

import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.disk_model.cutting import Trial, places, planned, thrown
from benchmarks.disk_model.disk import Disk, Told
from benchmarks.disk_model.trace import record
from benchmarks.lists_workload import keeper_in, take, version_of
from kiosk.errors import ListError
from kiosk.lists.form import ListName
from kiosk.lists.keeper import Keeper

_EXAMPLES = 3
_NAME = ListName.REVOKED


@dataclass(slots=True)
class Cuts:
    """What the cuts of one variant did; `updates` is how many were under way or done.

    With fewer different results than were asked for, each is made once.
    """

    variant: str
    steps: int = 0
    updates: int = 0
    cuts: int = 0
    neither: int = 0
    """No list could be loaded although one had been taken, or another than the old or the new."""
    rolled_back: int = 0
    """An older version than the one that was in use would have been taken."""
    stuck: int = 0
    """The next version could not be taken afterwards."""
    examples: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether cuts were made and none broke anything."""
        return self.cuts > 0 and not (self.neither or self.rolled_back or self.stuck)


def run(cuts: int, versions: int, entries: int, seed: int) -> list[Cuts]:
    """Trace and cut the shipped module, and the control.

    Raises:
        TraceError: The module cannot be traced.
    """
    return [
        _cut("shipped", cuts, _traced("shipped", versions, entries, seed), entries, seed),
        _cut(
            "without fsync",
            max(200, cuts // 10),
            _traced("without fsync", versions, entries, seed, "--without-fsync"),
            entries,
            seed,
        ),
    ]


def _traced(variant: str, versions: int, entries: int, seed: int, *more: str) -> Trial:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder).resolve() / "disk"
        place.mkdir()
        command = [sys.executable, "-m", "benchmarks.lists_workload", str(place), *more]
        command += ["--versions", str(versions), "--entries", str(entries), "--seed", str(seed)]
        return Trial(variant, record(command, place, Path(folder) / "trace"), seed=seed)


def _cut(variant: str, cuts: int, trial: Trial, entries: int, seed: int) -> Cuts:
    tally = Cuts(variant, steps=len(places(trial)))
    disk, done, taken, under_way = Disk(trial.drive), 0, 0, 0
    with tempfile.TemporaryDirectory(dir=_memory()) as name:
        folder = Path(name)
        for place, wanted in planned(trial, cuts).items():
            for step in trial.steps[done:place]:
                disk.apply(step)
                if isinstance(step, Told):
                    word, number = step.text.decode().split()
                    taken, under_way = (int(number),) * 2 if word == "has" else (taken, int(number))
            done = place
            seen: set[int] = set()
            for throw in range(8 * wanted):
                files, fate, _ = thrown(disk, seed, place, throw)
                if fate not in seen:
                    seen.add(fate)
                    _judge(tally, folder, files, (taken, under_way), (entries, seed))
                if len(seen) >= wanted:
                    break
    tally.updates = under_way
    return tally


def _memory() -> Path | None:
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own within it
    return memory if memory.is_dir() else None


def _judge(
    tally: Cuts,
    folder: Path,
    files: Mapping[str, bytes],
    versions: tuple[int, int],
    made_of: tuple[int, int],
) -> None:
    """Let the keeper load what is left, and compare with what was told before the cut."""
    taken, under_way = versions
    for old in folder.iterdir():
        old.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    tally.cuts += 1
    keeper = keeper_in(folder)
    held = keeper.lists.get(_NAME)
    version = 0 if held is None else held.manifest.version
    fits = version in (taken, under_way) and not keeper.troubles
    whole = held is None or held.raw == version_of(version, *made_of).raw
    if not (fits and whole):
        tally.neither += 1
        _example(tally, f"version {version} of {taken} or {under_way}: {keeper.troubles}")
    if taken > 1 and _takes(keeper_in(folder), taken - 1, made_of):
        tally.rolled_back += 1
    if not _takes(keeper, under_way + 1, made_of):
        tally.stuck += 1
        _example(tally, f"version {under_way + 1} was not taken after {version}")


def _takes(keeper: Keeper, number: int, made_of: tuple[int, int]) -> bool:
    try:
        take(keeper, version_of(number, *made_of))
    except ListError:
        return False
    return True


def _example(tally: Cuts, text: str) -> None:
    if len(tally.examples) < _EXAMPLES:
        tally.examples.append(text)


def kept(tallies: list[Cuts]) -> bool:
    """Tell whether the shipped module was clean, and the control was found out."""
    shipped, control = tallies
    return shipped.clean and control.neither > 0


def table(tallies: list[Cuts]) -> str:
    """Return what was seen, a line a variant, and examples of what the shipped module did wrong."""
    columns = ("updates", "steps", "cuts", "neither", "rolled back", "stuck")
    lines = [f"{'power cuts':16}" + "".join(f"{name:>13}" for name in columns)]
    lines += [
        f"{t.variant:16}{t.updates:>13}{t.steps:>13}{t.cuts:>13}{t.neither:>13}"
        f"{t.rolled_back:>13}{t.stuck:>13}"
        for t in tallies
    ]
    return "\n".join([*lines, *tallies[0].examples])


def as_json(tallies: list[Cuts]) -> list[dict[str, object]]:
    """Return the figures of each variant."""
    return [asdict(tally) for tally in tallies]
