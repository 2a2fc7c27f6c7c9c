"""How well the eye reads QR codes, beside the readers that anybody can install.

Photographs: --corpus. Door scenes: --scenes SEED. Cards that come and go in real time: --stream
with --scenes. False reads: --negatives N. What a door costs at which nobody is: always, in halls of
the seed. Seeds 1 to 99 are for tuning, 1000 and above for judging: what was tuned on a seed is not
judged on it.
"""

import argparse
import json
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import corpus, empty, measure, readers, report, tally
from benchmarks.beyond import beyond
from benchmarks.corpus import Sample
from benchmarks.falsehood import false_reads
from benchmarks.scenes.sequences import visits
from benchmarks.scenes.stills import stills
from benchmarks.stream import stream

_SHOW_EVERY_S = 15.0
ORDINARY_SHARE = 3
"""Ordinary visits for each one at the limit of a condition."""


def say(line: str) -> None:
    """Print one line now, also into a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.eye", description=__doc__)
    add = parser.add_argument
    add("--corpus", type=Path, metavar="DIR", help="photographs: a folder with a manifest.jsonl")
    add("--scenes", type=int, metavar="SEED", help="door scenes and visits of this seed")
    add("--stream", action="store_true", help="visits in real time, and what one frame cannot show")
    add("--visits", type=int, metavar="N", default=4, help="so many at the limit of each condition")
    add("--negatives", type=int, metavar="N", help="show the kiosk N pictures without a QR code")
    add("--empty", type=int, metavar="N", default=empty.FRAMES, help="so many frames of each hall")
    add("--limit", type=int, metavar="N", help="only N photographs, N scenes, N visits and N halls")
    add("--readers", metavar="A,B", help=f"of: {', '.join([readers.KIOSK, *readers.PEERS])}")
    add("--json", type=Path, metavar="FILE", help="write the figures there")
    add("--report", action="store_true", help=f"write {report.PAGE} and its plot")
    options = parser.parse_args(given)
    if options.stream and options.scenes is None:
        parser.error("--stream needs --scenes SEED")
    if options.corpus is None and options.scenes is None:
        parser.error("nothing to read: give --corpus, --scenes or both")
    return options


def _figures(options: argparse.Namespace) -> dict[str, Any]:
    """Return all figures that were asked for."""
    photographs = [] if options.corpus is None else list(corpus.samples(options.corpus))
    if options.negatives is not None:
        return {"false_reads": _negatives(options, photographs)}
    chosen, missing = readers.load(options.readers.split(",") if options.readers else None)
    for name, reason in missing.items():
        say(f"without {name}: {reason}")
    scenes = [] if options.scenes is None else list(stills(options.scenes))
    pictures = [*_spread(photographs, options), *_spread(scenes, options)]
    say(f"{len(pictures)} pictures before {len(chosen)} readers")
    figures = _about(options, chosen, missing)
    figures |= tally.summary(measure.run(pictures, chosen, _progress()))
    if door := _empty_door(options, chosen):
        figures["readers"][readers.KIOSK]["cpu_ratio_empty"] = door["cpu_ratio_empty"]
        figures["empty_door"] = door
    if options.stream:
        every = visits(options.scenes, ORDINARY_SHARE * options.visits, options.visits)
        going = corpus.spread(list(every), options.limit)
        say(f"{len(going)} visits in real time")
        figures["stream"] = stream(going, chosen, say)
        say(f"{len(going)} visits frame by frame")
        figures["never_read"] = beyond(going, chosen, say)
    return figures


def _spread(pictures: list[Sample], options: argparse.Namespace) -> list[Sample]:
    return corpus.spread(pictures, options.limit)


def _seed(options: argparse.Namespace) -> int:
    return 1 if options.scenes is None else options.scenes


def _empty_door(
    options: argparse.Namespace, chosen: Sequence[readers.Reader]
) -> dict[str, Any] | None:
    """Return what an empty door costs, where both who are compared are there."""
    base = next((reader for reader in chosen if reader.name == readers.BASE), None)
    own = any(reader.name == readers.KIOSK for reader in chosen)
    if base is None or not own or not options.empty:
        return None
    halls = min(empty.HALLS, options.limit or empty.HALLS)
    say(f"{halls} empty halls, the gate on")
    return empty.empty_door(_seed(options), base, halls, options.empty, say)


def _negatives(options: argparse.Namespace, photographs: list[Sample]) -> dict[str, Any]:
    seed = _seed(options)
    without = [sample for sample in photographs if not sample.has_code]
    told = false_reads(seed, options.negatives, without, say)
    say(f"seed {seed}: {told['false']} false reads in {told['pictures']} pictures")
    return told


def _about(
    options: argparse.Namespace, chosen: Sequence[readers.Reader], missing: dict[str, str]
) -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "seed": options.scenes,
        "limit": options.limit,
        "versions": {reader.name: reader.version for reader in chosen},
        "missing": missing,
    }


def _progress() -> measure.Progress:
    shown_s = time.monotonic()

    def show(done: int, of: int) -> None:
        nonlocal shown_s
        if time.monotonic() - shown_s >= _SHOW_EVERY_S or done == of:
            shown_s = time.monotonic()
            say(f"  {done} of {of}")

    return show


def main(given: Sequence[str] | None = None) -> int:
    """Run what was asked for; return the exit code."""
    options = _arguments(sys.argv[1:] if given is None else given)
    figures = _figures(options)
    if "readers" in figures:
        say(report.tables(figures))
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if options.report and "readers" in figures:
        say(f"written: {', '.join(report.write(figures))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
