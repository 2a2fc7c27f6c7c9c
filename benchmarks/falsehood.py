"""Does the kiosk ever report a code that is not there? Many frames without one, kiosk only.

Each is a visit: an empty hall, then something in it that is no QR code (a bar code, another matrix
code, a poster, or a worn photograph of such), held until every strategy has had its turn at it. The
gate and the stack are on, as at a door.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from PIL import Image

from benchmarks.corpus import Sample
from benchmarks.readers import FRAME_NS, Kiosk, picture_of
from benchmarks.scenes.dice import dice
from benchmarks.scenes.halls import hall
from benchmarks.scenes.negatives import nothing, worn
from benchmarks.scenes.render import render
from kiosk.eye.look_settings import LookSettings

_HALL_FRAMES = 2
_LARGEST_PART = 0.75


def false_reads(
    seed: int, count: int, photographs: Sequence[Sample], say: Callable[[str], None]
) -> dict[str, Any]:
    """Return how many of `count` pictures without a QR code the kiosk read something in."""
    kiosk = Kiosk(LookSettings())
    held = kiosk.look.settings.patience_ms * 1_000_000 // FRAME_NS + 1 + kiosk.look.turns
    wrong: list[str] = []
    frames = 0
    for number, (group, empty, picture) in enumerate(_visits(seed, count, photographs)):
        kiosk.look.reset()
        shown = [picture_of(empty)] * _HALL_FRAMES + [picture_of(picture)] * held
        frames += len(shown)
        # No short cut: after a false read the rest of the visit must not hide another one.
        reported = [each for at, seen in enumerate(shown) for each in kiosk.see(seen, at)]
        if reported:
            wrong.append(f"{group} {number}: {len(reported)} reports")
            say(f"  FALSE READ, seed {seed}: {wrong[-1]}")
        if (number + 1) % 100 == 0:
            say(f"  {number + 1} of {count}: {len(wrong)} false")
    return {
        "seed": seed,
        "pictures": count,
        "frames": frames,
        "false": len(wrong),
        "which": wrong,
        # No event in n trials: the rate is below 3/n with 95 % confidence.
        "rate_below": round(3 / count, 5) if count and not wrong else None,
    }


def _visits(
    seed: int, count: int, photographs: Sequence[Sample]
) -> Iterator[tuple[str, Image.Image, Image.Image]]:
    """Yield the kind, the hall before, and the picture; every other one shows a photograph."""
    rng = dice(seed, "false")
    for number in range(count):
        group, shot = nothing(rng, number // 2 if photographs else number)
        empty = render(replace(shot, content=None, posters=0))
        if photographs and number % 2:
            yield (
                "worn photographs",
                empty,
                _hung(hall(shot.size_px, shot.seed, 0), photographs, rng),
            )
        else:
            yield group, empty, render(shot)


def _hung(before: Image.Image, photographs: Sequence[Sample], rng: random.Random) -> Image.Image:
    """Return the hall with a worn photograph held up in it."""
    picture = worn(rng.choice(photographs).draw(), rng)
    most = (round(before.width * _LARGEST_PART), round(before.height * _LARGEST_PART))
    picture.thumbnail(most)
    after = before.copy()
    at = (
        rng.randint(0, before.width - picture.width),
        rng.randint(0, before.height - picture.height),
    )
    after.paste(picture, at)
    return after
