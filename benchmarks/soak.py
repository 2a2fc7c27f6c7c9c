"""Does the eye's memory stay where it is? So many reads, and resident memory all the while.

zxing must not grow. zbarlight does, by a little a read; the eye that holds it begins anew by its
own rule, only while nobody is in view, and must stay within the same few megabytes. Each decoder
has a process of its own, and each life of the eye too, as at a door.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.recycling import Life, one_life
from benchmarks.shown import frames
from kiosk.eye.decoders import Decoder, zxing
from kiosk.eye.frame import Frame
from kiosk.eye.watch import RECYCLE_GROWTH_MB, resident_now_mb

STEPS = 100
FLAT_MB = 5.0
"""What counts as flat: resident memory since it was warm, for both decoders."""
WARM_STEP = 1
"""The first 1 % of a run is what every library takes once."""


@dataclass(frozen=True, slots=True)
class Soaked:
    """One decoder's run; `resident_mb` holds `STEPS` + 1 values, evenly over `reads`."""

    decoder: str
    reads: int
    missed: int
    resident_mb: tuple[float, ...]

    @property
    def spread_mb(self) -> float:
        """Return how far apart the most and the least are since it was warm."""
        warm = self.resident_mb[WARM_STEP:]
        return max(warm) - min(warm)

    @property
    def kept(self) -> bool:
        """Tell whether it read everything and stayed flat."""
        return not self.missed and self.spread_mb <= FLAT_MB

    def line(self) -> str:
        """Return what was seen in one line."""
        return (
            f"{self.decoder}: {self.reads} reads, {self.missed} missed,"
            f" warm {self.resident_mb[WARM_STEP]:.2f} MB, end {self.resident_mb[-1]:.2f} MB,"
            f" apart at most {self.spread_mb:.2f} MB"
        )


@dataclass(frozen=True, slots=True)
class Lives:
    """Lives of the eye one after the other, with `growth_mb` as the limit of its rule."""

    growth_mb: float
    each: tuple[Life, ...]

    @property
    def above_mb(self) -> float:
        """Return how far above a fresh eye's warm memory any life ever was."""
        return max(life.most_mb for life in self.each) - self.each[0].warm_mb

    @property
    def bytes_a_read(self) -> float:
        """Return what zbarlight kept of each read, over all lives."""
        grown_mb = sum(life.growth_mb for life in self.each)
        return grown_mb * 1e6 / max(1, sum(life.reads - life.warm_reads for life in self.each))

    @property
    def kept(self) -> bool:
        """Tell whether all ended by plan but the last, none before people, and memory was flat."""
        planned = all(life.planned for life in self.each[:-1])
        return planned and all(life.kept for life in self.each) and self.above_mb <= FLAT_MB

    def line(self) -> str:
        """Return what was seen in one line."""
        planned = [life for life in self.each if life.planned]
        quiet = f", the shortest quiet {min(e.quiet_s for e in planned):.0f} s" if planned else ""
        return (
            f"eye with zbarlight: {sum(life.reads for life in self.each)} reads,"
            f" {sum(life.missed for life in self.each)} missed, {self.bytes_a_read:.0f} bytes a"
            f" read; begun anew {len(planned)} times at {self.growth_mb:g} MB{quiet}; at most"
            f" {self.above_mb:.2f} MB above a fresh eye"
        )


Live = Callable[[int, int, float], Life]
"""Lets an eye live: seed, reads and limit in MB."""


def soak(
    decoder: Decoder,
    pictures: Sequence[Frame],
    reads: int,
    say: Callable[[str], None],
    memory_mb: Callable[[], float] = resident_now_mb,
) -> Soaked:
    """Read `reads` times, and look at the memory at every 1 %."""
    samples: list[float] = [memory_mb()]
    missed = 0
    for step in range(STEPS):
        for number in range(step * reads // STEPS, (step + 1) * reads // STEPS):
            missed += not any(s.payload for s in decoder.decode(pictures[number % len(pictures)]))
        samples.append(memory_mb())
        say(f"{decoder.name} {step + 1:3d} %  {samples[-1]:8.2f} MB")
    return Soaked(decoder.name, reads, missed, tuple(samples))


def soak_zxing(seed: int, reads: int) -> Soaked:
    """Return zxing's run: the work of a fresh process."""
    return soak(zxing.build(zxing.Settings()), frames(seed), reads, say)


def lives(seed: int, reads: int, growth_mb: float, live: Live, say: Callable[[str], None]) -> Lives:
    """Let eyes live one after the other until zbarlight has read `reads` times."""
    each: list[Life] = []
    while (left := reads - sum(life.reads for life in each)) > 0:
        each.append(live(seed + len(each), left, growth_mb))
        say(each[-1].line())
    return Lives(growth_mb, tuple(each))


def say(line: str) -> None:
    """Print one line now, also into a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    add = parser.add_argument
    add("--zxing", type=int, default=0, metavar="N", help="so many reads by zxing")
    add("--zbarlight", type=int, default=0, metavar="M", help="so many by zbarlight, in the eye")
    add(
        "--recycle-mb",
        type=float,
        default=RECYCLE_GROWTH_MB,
        metavar="MB",
        help="begin anew after so much growth, instead of the eye's own limit",
    )
    add("--seed", type=int, default=1)
    add("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args(given)
    if options.zxing <= 0 and options.zbarlight <= 0:
        parser.error("nothing to read: give --zxing N, --zbarlight N or both")
    return options


def _run(options: argparse.Namespace) -> tuple[list[Soaked], list[Lives]]:
    """Return what both decoders did, side by side, each in processes that do nothing else."""
    # Spawned, and one task each: a fork or a second task would start with another's memory.
    with ProcessPoolExecutor(2, get_context("spawn"), max_tasks_per_child=1) as pool:
        zxings: list[Future[Soaked]] = []
        eyes: list[Lives] = []
        if options.zxing > 0:
            zxings.append(pool.submit(soak_zxing, options.seed, options.zxing))
        if options.zbarlight > 0:

            def live(seed: int, reads: int, growth_mb: float) -> Life:
                return pool.submit(one_life, seed, reads, growth_mb).result()

            eyes.append(lives(options.seed, options.zbarlight, options.recycle_mb, live, say))
        return [future.result() for future in zxings], eyes


def _told(options: argparse.Namespace, runs: list[Soaked], eyes: list[Lives]) -> dict[str, Any]:
    return {
        "flat_mb": FLAT_MB,
        "recycle_growth_mb": options.recycle_mb,
        "runs": [asdict(run) | {"spread_mb": run.spread_mb, "kept": run.kept} for run in runs],
        "eyes": [
            {
                "reads": sum(life.reads for life in eye.each),
                "begun_anew": sum(life.planned for life in eye.each),
                "above_fresh_mb": eye.above_mb,
                "bytes_a_read": eye.bytes_a_read,
                "kept": eye.kept,
                "lives": [asdict(life) for life in eye.each],
            }
            for eye in eyes
        ],
    }


def main(given: Sequence[str] | None = None) -> int:
    """Run what was asked for; return 1 when a promise is broken."""
    options = _arguments(sys.argv[1:] if given is None else given)
    runs, eyes = _run(options)
    proofs: list[Soaked | Lives] = [*runs, *eyes]
    for each in proofs:
        say(f"{each.line()}: {'kept' if each.kept else 'BROKEN'}")
    if options.json is not None:
        told = _told(options, runs, eyes)
        options.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return 0 if all(each.kept for each in proofs) else 1


if __name__ == "__main__":
    sys.exit(main())
