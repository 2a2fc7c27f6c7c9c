"""Traces of the outbox: on an empty disk, killed in a commit, and on what an earlier cut left."""

import json
import random
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks.disk_model.cutting import Trial, thrown
from benchmarks.disk_model.disk import Disk, Name, Step, Sync, SyncFolder, Told, Write
from benchmarks.disk_model.judge import DATABASE, rebuild
from benchmarks.disk_model.story import Story
from benchmarks.disk_model.trace import record

_OPERATIONS_AGAIN = 40
_OPERATIONS_KILLED = 120


def traced(
    variant: str,
    operations: int,
    seed: int,
    *,
    normal: bool = False,
    killed_at_sync: int | None = None,
) -> Trial:
    """Run the outbox under strace on an empty disk.

    Raises:
        TraceError: It cannot be traced.
    """
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder).resolve() / "disk"
        place.mkdir()
        steps = record(
            _command(place, operations, seed, "--synchronous-normal" if normal else None),
            place,
            Path(folder) / "trace",
            killed_at_sync=killed_at_sync,
        )
    return Trial(variant, steps, seed=seed)


def traced_killed(variant: str, seed: int) -> Trial:
    """Run the outbox under strace, killed in a commit before its sync; cut around the next start.

    The next life finds an event that the kernel still has and the disk has not.

    Raises:
        TraceError: It cannot be traced.
    """
    sync = _sync_of_a_commit(traced(variant, _OPERATIONS_KILLED, seed))
    trial = traced(variant, _OPERATIONS_KILLED, seed, killed_at_sync=sync)
    says = [
        (place, json.loads(s.text)) for place, s in enumerate(trial.steps) if isinstance(s, Told)
    ]
    arrivals = [place for place, said in says if "arrives" in said]
    killed = max(place for place, said in says if "begins" in said and place < arrivals[2])
    return replace(trial, first=killed, last=arrivals[3])


def _sync_of_a_commit(trial: Trial) -> int:
    """Return which sync of its process makes some commit durable: to be killed there.

    The commit is late in the second life. No other process of the run syncs so often.
    """
    found = []
    syncs = life = 0
    in_commit = False
    for step in trial.steps:
        if isinstance(step, Sync | SyncFolder):
            syncs += 1
            if in_commit and life == 2:
                found.append(syncs)
            in_commit = False
        elif isinstance(step, Told):
            said = json.loads(step.text)
            in_commit = said.get("begins") == "_commit"
            if "arrives" in said:
                syncs, life = 0, life + 1
    late = found[2 * len(found) // 3 :]
    return random.Random(trial.seed).choice(late)  # noqa: S311 - a trial, no secret


def traced_again(variant: str, trial: Trial, seed: int) -> Trial:
    """Cut somewhere, let the outbox recover and go on under strace: for a second cut.

    Raises:
        TraceError: It cannot be traced.
    """
    disk = Disk(trial.drive)
    cut_at = random.Random(seed).randrange(1, len(trial.steps) + 1)  # noqa: S311 - a trial, no secret
    for step in trial.steps[:cut_at]:
        disk.apply(step)
    files, _, dice = thrown(disk, seed, cut_at, throw=2)
    numbers = {name: number for number, name in enumerate(files, 1)}
    left: list[Step] = []
    for name, number in numbers.items():
        left += [Name(name, number), Write(number, 0, files[name]), Sync(number)]
    left.append(SyncFolder())
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder).resolve() / "disk"
        place.mkdir()
        rebuild(place, files, dice)
        command = _command(place, _OPERATIONS_AGAIN, seed, "--again")
        steps = record(command, place, Path(folder) / "trace", files=numbers)
    owed = Story(trial.steps, trial.inherited).owed(cut_at)
    return Trial(variant, left + steps, trial.drive, seed, first=len(left), inherited=owed)


def _command(place: Path, operations: int, seed: int, option: str | None) -> list[str]:
    command = [sys.executable, "-m", "benchmarks.disk_model.workload", str(place / DATABASE)]
    command += ["--operations", str(operations), "--seed", str(seed)]
    return command if option is None else [*command, option]
