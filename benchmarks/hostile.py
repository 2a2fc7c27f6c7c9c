"""What a hostile picture costs the door: late heartbeats, late lights, and cards not read.

Each sheet is shown to the eye's own process at 720p; then one is held up before the whole kiosk,
with good cards in between.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks import beside, sieged
from benchmarks.beside import Punctual, punctual, together
from benchmarks.sheets import HD_PX, SHEETS, p99
from benchmarks.sieged import Siege, besieged

BEAT_LATE_MS = 250.0
LIGHT_LATE_MS = 10.0
WORST_SHEET = "tiled 16 px"


def table(punctuals: Sequence[Punctual], siege: Siege) -> str:
    """Return what was seen."""
    lines = [one.line() for one in (*punctuals, together(punctuals))]
    return "\n".join([beside.HEAD, *lines, "", sieged.HEAD, siege.line()])


def kept(punctuals: Sequence[Punctual], siege: Siege) -> bool:
    """Tell whether every promise was kept: before all sheets together, and for each card."""
    every = together(punctuals)
    return (
        siege.kept
        and bool(every.beat_late_ms and every.light_late_ms)
        and p99(every.beat_late_ms) <= BEAT_LATE_MS
        and p99(every.light_late_ms) <= LIGHT_LATE_MS
        and every.missed == 0
    )


def _arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hostile", description=__doc__)
    add = parser.add_argument
    add("--minutes", type=float, default=10.0, metavar="M", help="the sheets share M, then M more")
    add("--sheet", choices=list(SHEETS), default=WORST_SHEET, help="held up before the kiosk")
    add("--seed", type=int, default=1000)
    add("--json", type=Path, metavar="FILE", help="write the figures there")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    """Run it; return 1 when a promise is broken."""
    options = _arguments(sys.argv[1:] if given is None else given)
    each_s = options.minutes * 60 / len(SHEETS)
    punctuals = [punctual(name, draw(HD_PX), each_s) for name, draw in SHEETS.items()]
    siege = besieged(options.sheet, options.minutes, options.seed)
    sys.stdout.write(table(punctuals, siege) + "\n")
    if options.json is not None:
        told = {"sheets": [asdict(one) for one in punctuals], "siege": asdict(siege)}
        options.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return 0 if kept(punctuals, siege) else 1


if __name__ == "__main__":
    sys.exit(main())
