"""Is anything lost that was shown green, when the plug is pulled under the real kiosk?

`kiosk run` lives in a virtual Pi: a real kernel, its GPIO pins, and ext4 on a disk whose writes are
all logged. Each green that the pin shows is marked in that log. Then the power is cut at random
places: what was not flushed is kept, dropped or torn, the kernel mounts what is left, and the
shipped outbox opens it. The control, the same kiosk with `synchronous=NORMAL`, must lose.
"""

import argparse
import ctypes
import itertools
import json
import multiprocessing
import os
import pickle
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.pulled.disks import trouble
from benchmarks.pulled.judge import Found
from benchmarks.pulled.plan import Plan
from benchmarks.pulled.rig import Guest, Parts, RigError
from benchmarks.pulled.story import Cut, Story, cuts_of, make_cuts, plans, tell
from benchmarks.pulled.write_log import LogError

SHIPPED, NORMAL = "shipped", "NORMAL"
_CUTS_A_JOB = 25
_OWN_MOUNTS = 0x00020000
"""CLONE_NEWNS of linux/sched.h."""


@dataclass(slots=True)
class Tally:
    """What the cuts of one variant did."""

    variant: str
    boots: int = 0
    greens: int = 0
    entries: int = 0
    """Of the log: writes, flushes and marks."""
    cuts: int = 0
    owing: int = 0
    """Cuts before which something had been shown green."""
    cuts_with_loss: int = 0
    lost: int = 0
    mended: int = 0
    """Cuts after which the file system had to be repaired before the kernel mounted it."""
    corrupt: int = 0
    wrong: int = 0
    pruned: int = 0
    blanked: int = 0
    """The most events that were rightly gone, or rightly without their handle, after one cut."""
    marked_after_ms: float = 0.0
    """How long after a green its mark was made, at the median."""
    examples: dict[str, str] = field(default_factory=dict)
    """What went wrong, and after which cut first."""

    @property
    def clean(self) -> bool:
        """Whether cuts were made, and none lost or broke anything."""
        return self.owing > 0 and not (self.lost or self.corrupt or self.wrong)

    def add(self, found: Found, cut: Cut) -> None:
        """Count one cut."""
        self.cuts += 1
        self.owing += found.owed > 0
        self.cuts_with_loss += found.lost > 0
        self.lost += found.lost
        self.mended += found.is_mended
        self.corrupt += bool(found.corrupt)
        self.wrong += bool(found.wrong)
        self.pruned = max(self.pruned, found.pruned)
        self.blanked = max(self.blanked, found.blanked)
        whats = ["events lost"] if found.lost else []
        whats += ["the file system had to be repaired first"] if found.is_mended else []
        for what in (*whats, *filter(None, [found.corrupt]), *found.wrong):
            where = f"boot {cut.chapter + 1}, entry {cut.place}, throw {cut.throw}"
            self.examples.setdefault(what, where)


def run(options: argparse.Namespace) -> list[Tally]:
    """Boot the guests, and make all cuts.

    Raises:
        RigError: The virtual Pi cannot be had, or did not do what it should.
        LogError: What it wrote cannot be read.
    """
    parts = Parts.found(os.environ)
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own within it
    control = options.control or max(options.cuts // 5, min(options.cuts, 60))
    sizes = {SHIPPED: options.cuts, NORMAL: control}
    # What a control has lost cannot be lost again: it boots once.
    boots = {SHIPPED: options.boots, NORMAL: 1}
    with (
        tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name,
        ProcessPoolExecutor(
            options.workers, multiprocessing.get_context("spawn"), initializer=_with_own_mounts
        ) as pool,
    ):
        # Most of a boot is waiting for light to go out: both variants boot at once.
        told = {}
        for variant in sizes:
            planned = plans(boots[variant], options.cards, options.seed, normal=variant == NORMAL)
            folder = Path(name) / variant
            told[folder] = pool.submit(_tell, parts, folder, planned, options.seed)
        tallies = []
        for (folder, telling), count in zip(told.items(), sizes.values(), strict=True):
            story = telling.result()
            tally = Tally(folder.name, len(story.chapters), story.marks, wrong=len(story.wrong))
            tally.marked_after_ms = round(1000 * median(story.lags_s), 1)
            tally.entries = sum(len(chapter.entries) for chapter in story.chapters)
            _cut(tally, pool, folder, cuts_of(story, count, options.seed), options.seed)
            tallies.append(tally)
            say(line_of(tally))
    return tallies


def _tell(parts: Parts, folder: Path, planned: Sequence[Plan], seed: int) -> Story:
    folder.mkdir()
    story = tell(Guest(parts, folder), folder, planned, seed)
    (folder / "story").write_bytes(pickle.dumps(story))
    return story


def _cut(
    tally: Tally, pool: ProcessPoolExecutor, folder: Path, cuts: Sequence[Cut], seed: int
) -> None:
    jobs = []
    for _, of_one in itertools.groupby(cuts, lambda cut: cut.chapter):
        left = list(of_one)
        while left:
            part, left = left[:_CUTS_A_JOB], left[_CUTS_A_JOB:]
            jobs.append((part, pool.submit(_job, folder, part, seed)))
    for part, job in jobs:
        for cut, found in zip(part, job.result(), strict=True):
            tally.add(found, cut)


def _job(folder: Path, cuts: Sequence[Cut], seed: int) -> list[Found]:
    story: Story = pickle.loads((folder / "story").read_bytes())  # noqa: S301 - written by ourselves
    with tempfile.TemporaryDirectory(dir=folder) as name:
        chapter = story.chapters[cuts[0].chapter]
        return list(make_cuts(chapter, cuts, Path(name), seed))


def _with_own_mounts() -> None:
    """Let the mounts of this process end with it, whatever ends it.

    Raises:
        OSError: Only root may.
    """
    if ctypes.CDLL(None, use_errno=True).unshare(_OWN_MOUNTS) != 0:
        raise OSError(ctypes.get_errno(), "mounts of one's own need root")
    wrong = trouble("mount", "--make-rprivate", "/")
    if wrong:
        raise OSError(wrong)


HEAD = (
    "variant  boots  greens  entries    cuts  with loss  events lost  corrupt  otherwise wrong"
    "  repaired first"
)


def line_of(t: Tally) -> str:
    """Return what was seen of one variant, under `HEAD`."""
    return (
        f"{t.variant:8} {t.boots:5d} {t.greens:7d} {t.entries:8d} {t.cuts:7d}"
        f" {t.cuts_with_loss:10d} {t.lost:12d} {t.corrupt:8d} {t.wrong:16d} {t.mended:15d}"
    )


def kept(tallies: Sequence[Tally]) -> bool:
    """Tell whether nothing was lost that was shown green, and the control lost some of it."""
    by_name = {tally.variant: tally for tally in tallies}
    return by_name[SHIPPED].clean and by_name[NORMAL].lost > 0


def say(line: str) -> None:
    """Print one line now, also into a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.power_pulled", description=__doc__)
    add = parser.add_argument
    add("--cuts", type=int, default=500, metavar="N", help="so many cuts of the shipped kiosk")
    add("--control", type=int, metavar="N", help="and of the control; otherwise a fifth, or 60")
    add("--boots", type=int, default=5, metavar="N", help="boots, each on what a cut has left")
    add("--cards", type=int, default=12, metavar="N", help="cards in each of a boot's two lives")
    add("--seed", type=int, default=1)
    add("--workers", type=int, default=os.cpu_count() or 1, metavar="N")
    add("--json", type=Path, metavar="FILE", help="write the figures there")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    """Make all cuts; return 1 when anything shown green was lost, or the control lost nothing."""
    options = _arguments(sys.argv[1:] if given is None else given)
    if os.geteuid() != 0:
        say("mounting disks needs root: run it with sudo")
        return 1
    begun_s = time.monotonic()
    say(HEAD)
    try:
        tallies = run(options)
    except (RigError, LogError) as error:
        say(str(error))
        return 1
    good = kept(tallies)
    for tally in tallies:
        if tally.variant == SHIPPED:
            for what, where in tally.examples.items():
                say(f"{where}: {what}")
    took_s = time.monotonic() - begun_s
    say(f"{took_s:.0f} s; {'as promised' if good else 'NOT as promised'}")
    if options.json is not None:
        told = {"seed": options.seed, "took_s": round(took_s, 1), "kept": good}
        told["variants"] = [asdict(tally) for tally in tallies]
        options.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
