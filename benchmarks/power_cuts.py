"""Is anything lost that was told as committed, when the power fails at any moment?

The shipped outbox runs under strace. Its writes and syncs are played back on a modelled disk, the
power is cut after every step with many results each, and the outbox opens what is left. Some of
what is left goes on under strace, for a second cut; some runs are killed in a commit first. The
control, the same module on connections with `synchronous=NORMAL`, must lose. `--worse` adds drives
that break what any database needs.
"""

import argparse
import json
import math
import multiprocessing
import os
import pickle
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path

from benchmarks.disk_model.cutting import Tally, Trial, make_cuts, planned
from benchmarks.disk_model.disk import Drive
from benchmarks.disk_model.trace import TraceError
from benchmarks.disk_model.tracing import traced, traced_again, traced_killed

SHIPPED, TWICE, KILLED = "shipped", "cut twice", "killed, then cut"
OURS = (SHIPPED, TWICE, KILLED)
NORMAL, LIAR = "NORMAL", "no flush"
CONTROLS = (NORMAL, LIAR)
WORSE_DRIVES = {
    LIAR: Drive(flushes=False),
    "garbles 512 B": Drive(garbled_bytes=512),
    "garbles 4096 B": Drive(garbled_bytes=4096),
}
_CUTS_A_JOB = 200
_FEW_CUTS = 300
_SHOW_EVERY_S = 15.0


class Bench:
    """Workers that make cuts; what they need lies in memory, once for each trial."""

    def __init__(self, folder: Path, pool: Executor) -> None:
        self._folder = folder
        self._pool = pool

    def cut(self, variant: str, trials: Sequence[Trial], cuts: int) -> Tally:
        """Make so many cuts, shared out among the trials."""
        total = Tally(variant)
        jobs = []
        for number, trial in enumerate(trials):
            total.of(trial)
            path = self._folder / f"{variant} {number}"
            path.write_bytes(pickle.dumps(trial))
            plan = planned(trial, math.ceil(cuts / len(trials)))
            part: dict[int, int] = {}
            for place, wanted in plan.items():
                part[place] = wanted
                if sum(part.values()) >= _CUTS_A_JOB:
                    jobs.append(self._pool.submit(_job, path, part))
                    part = {}
            jobs.append(self._pool.submit(_job, path, part))
        shown_at_s = time.monotonic()
        for job in as_completed(jobs):
            total.merge(job.result())
            if time.monotonic() - shown_at_s > _SHOW_EVERY_S:
                shown_at_s = time.monotonic()
                say(f"{variant}: {total.cuts} cuts, {total.events_lost} events lost")
        return total


@lru_cache(maxsize=1)
def _trial(path: Path) -> Trial:
    found: Trial = pickle.loads(path.read_bytes())  # noqa: S301 - written by our own parent process
    return found


def _job(path: Path, cuts_at: dict[int, int]) -> Tally:
    return make_cuts(_trial(path), cuts_at, path.parent)


def run(options: argparse.Namespace) -> list[Tally]:
    """Trace, and make all cuts.

    Raises:
        TraceError: The outbox cannot be traced.
    """
    cuts, seeds = options.cuts, range(options.seed, options.seed + options.traces)
    few = options.control or max(cuts // 10, min(cuts, _FEW_CUTS))
    ours = [traced(SHIPPED, options.operations, seed) for seed in seeds]
    less = [traced(NORMAL, options.operations, seed, normal=True) for seed in seeds]
    again = [
        traced_again(TWICE, ours[seed % len(ours)], seed)
        for seed in range(options.seed, options.seed + options.twice)
    ]
    killed = [
        traced_killed(KILLED, seed) for seed in range(options.seed, options.seed + options.killed)
    ]
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own within it
    with (
        tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder,
        _workers(options.workers) as pool,
    ):
        bench = Bench(Path(folder), pool)
        tallies = [
            bench.cut(SHIPPED, ours, cuts),
            bench.cut(TWICE, again, few),
            bench.cut(KILLED, killed, few),
            bench.cut(NORMAL, less, few),
        ]
        for variant, drive in WORSE_DRIVES.items() if options.worse else ():
            trials = [replace(trial, variant=variant, drive=drive) for trial in ours]
            tallies.append(bench.cut(variant, trials, few))
    return [tally for tally in tallies if tally.traces]


def _workers(count: int) -> Executor:
    if count == 1:
        return ThreadPoolExecutor(1)
    return ProcessPoolExecutor(count, multiprocessing.get_context("spawn"))


def table(tallies: Sequence[Tally]) -> str:
    """Return what was seen, a line a variant."""
    head = (
        "variant             traces   steps  committed     cuts  with loss  events lost"
        "  unreadable  otherwise wrong"
    )
    lines = [
        f"{t.variant:18} {t.traces:7d} {t.steps:7d} {t.committed:10d} {t.cuts:8d}"
        f" {t.cuts_with_loss:10d} {t.events_lost:12d} {t.unreadable:11d} {t.otherwise_wrong:16d}"
        for t in tallies
    ]
    return "\n".join([head, *lines])


def kept(tallies: Sequence[Tally]) -> bool:
    """Tell whether the shipped outbox lost nothing in any cut, and each control lost events."""
    shipped = [t for t in tallies if t.variant in OURS]
    controls = [t for t in tallies if t.variant in CONTROLS]
    both = bool(shipped) and bool(controls)
    return both and all(t.clean for t in shipped) and all(t.events_lost for t in controls)


def say(line: str) -> None:
    """Print one line now, also into a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.power_cuts", description=__doc__)
    add = parser.add_argument
    add("--cuts", type=int, default=2000, metavar="N", help="so many cuts of the shipped outbox")
    add("--control", type=int, metavar="N", help="and of each other variant; otherwise a tenth")
    add("--traces", type=int, default=2, metavar="N", help="runs of the outbox, each with a seed")
    add("--twice", type=int, default=4, metavar="N", help="runs on what an earlier cut has left")
    add("--killed", type=int, default=2, metavar="N", help="runs that are killed in a commit")
    add("--operations", type=int, default=600, metavar="N", help="calls of the outbox in a run")
    add("--seed", type=int, default=1)
    add("--worse", action="store_true", help="also drives that break what any database needs")
    add("--workers", type=int, default=os.cpu_count() or 1, metavar="N")
    add("--json", type=Path, metavar="FILE", help="write the figures there")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    """Make all cuts; return 1 when the shipped outbox lost anything or a control nothing."""
    options = _arguments(sys.argv[1:] if given is None else given)
    begun_s = time.monotonic()
    try:
        tallies = run(options)
    except TraceError as error:
        say(str(error))
        return 1
    took_s = time.monotonic() - begun_s
    good = kept(tallies)
    say(table(tallies))
    for tally in tallies:
        if tally.variant in OURS:
            for example in tally.examples:
                say(f"{tally.variant}: {example}")
    say(f"{took_s:.0f} s; {'as promised' if good else 'NOT as promised'}")
    if options.json is not None:
        told = {"seed": options.seed, "took_s": round(took_s, 1), "kept": good}
        told["variants"] = [asdict(tally) for tally in tallies]
        options.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
