"""Does the eye's memory stay where it is? So many reads, and resident memory at every 1 %.

zxing must not grow. zbarlight does, by a little a read: what it costs is shown, and that the eye is
made anew before it matters, and only while nothing is in view.
"""

import argparse
import json
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import segno
from PIL import Image

from benchmarks.recycling import recycled
from kiosk.eye.decoders import Decoder, zxing
from kiosk.eye.frame import Frame
from kiosk.eye.people import person
from kiosk.eye.watch import RECYCLE_GROWTH_MB, resident_now_mb

SIZE_PX = (640, 480)
STEPS = 100
ZXING_MOST_MB = 8.0
"""More than this over a whole run is a leak; what an allocator takes once is less."""
ZBARLIGHT_MOST_BYTES = 4096
"""More than this a read would fill the eye's growth while one long queue of people passes."""
WARM_PART = 0.01
"""The first 1 % of a run is what every library takes once."""


@dataclass(frozen=True, slots=True)
class Soaked:
    """One decoder's run; `resident_mb` holds `STEPS` + 1 values, evenly over `reads`."""

    decoder: str
    reads: int
    missed: int
    resident_mb: tuple[float, ...]

    @property
    def growth_mb(self) -> float:
        """Return what it grew by since it was warm."""
        return self.resident_mb[-1] - self.resident_mb[round(WARM_PART * STEPS)]

    @property
    def bytes_a_read(self) -> float:
        """Return the same for one read."""
        return self.growth_mb * 1e6 / ((1 - WARM_PART) * self.reads)


def frames(seed: int) -> list[Frame]:
    """Return frames with one code each, of several lengths, with a camera's noise."""
    rng = random.Random(seed)  # noqa: S311 - a picture, no secret
    texts = ("0", "Trần Thị Bình", person(rng), person(rng, 11), person(rng) * 3)
    return [frame_of(text) for text in texts]


def frame_of(text: str) -> Frame:
    """Return a frame with `text` as a symbol in its middle."""
    code = segno.make(text.encode(), error="m", micro=False)
    rows = [bytes(0 if dark else 255 for dark in row) for row in code.matrix_iter(border=4)]
    symbol = Image.frombytes("L", (len(rows[0]), len(rows)), b"".join(rows))
    scale = min(6, SIZE_PX[1] // symbol.height)
    symbol = symbol.resize((symbol.width * scale, symbol.height * scale), Image.Resampling.NEAREST)
    picture = Image.effect_noise(SIZE_PX, 6).point([min(255, luma + 60) for luma in range(256)])
    corner = ((SIZE_PX[0] - symbol.width) // 2, (SIZE_PX[1] - symbol.height) // 2)
    picture.paste(symbol, corner)
    return Frame(picture.tobytes(), *SIZE_PX, SIZE_PX[0], 1, 1)


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


def table(runs: Sequence[Soaked]) -> str:
    """Return what was seen, a line a decoder."""
    lines = ["decoder       reads   missed   warm MB    end MB  growth MB  bytes/read"]
    for run in runs:
        warm_mb, end_mb = run.resident_mb[round(WARM_PART * STEPS)], run.resident_mb[-1]
        lines.append(
            f"{run.decoder:10} {run.reads:8d} {run.missed:8d} {warm_mb:9.2f} {end_mb:9.2f}"
            f" {run.growth_mb:10.2f} {run.bytes_a_read:11.1f}"
        )
    return "\n".join(lines)


def kept(run: Soaked) -> bool:
    """Tell whether a run kept the promise of its decoder, and read at all."""
    if run.missed:
        return False
    if run.decoder == "zxing":
        return run.growth_mb <= ZXING_MOST_MB
    return run.bytes_a_read <= ZBARLIGHT_MOST_BYTES


def say(line: str) -> None:
    """Print one line now, also into a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    add = parser.add_argument
    add("--zxing", type=int, default=0, metavar="N", help="so many reads by zxing")
    add("--zbarlight", type=int, default=0, metavar="M", help="so many reads by zbarlight")
    add("--recycle-mb", type=float, metavar="MB", help="show the planned end at so much growth")
    add("--seed", type=int, default=1)
    add("--json", type=Path, metavar="FILE", help="write the figures there")
    return parser.parse_args(given)


def _zbarlight() -> Decoder:
    from kiosk.eye.decoders import zbarlight  # noqa: PLC0415 - it has no wheels: only when asked

    return zbarlight.build(zbarlight.Settings())


def main(given: Sequence[str] | None = None) -> int:
    """Run what was asked for; return 1 when a promise is broken."""
    options = _arguments(sys.argv[1:] if given is None else given)
    pictures = frames(options.seed)
    runs = []
    if options.zxing:
        runs.append(soak(zxing.build(zxing.Settings()), pictures, options.zxing, say))
    if options.zbarlight:
        runs.append(soak(_zbarlight(), pictures, options.zbarlight, say))
    say(table(runs))
    told: dict[str, Any] = {"recycle_growth_mb": RECYCLE_GROWTH_MB}
    told["runs"] = [
        asdict(run) | {"growth_mb": run.growth_mb, "bytes_a_read": run.bytes_a_read} for run in runs
    ]
    good = all(kept(run) for run in runs)
    if options.recycle_mb is not None:
        end = recycled(_zbarlight(), pictures, options.recycle_mb)
        say(end.line())
        told["recycling"] = asdict(end)
        good = good and end.kept
    if options.json is not None:
        options.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
