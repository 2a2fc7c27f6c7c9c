"""Cards that come, are held and go: thirty frames at thirty a second, after a glance at the hall.

Ordinary ones, and for each condition some at the limit, where single frames mostly fail. Half of
the hands are calm, half are harsh: they turn and tilt from frame to frame.
"""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from benchmarks.scenes.conditions import fitted, plain
from benchmarks.scenes.dice import dice
from benchmarks.scenes.shot import Shot

FPS = 30
IDLE_FRAMES = 6
"""An empty hall first, so that an eye can learn what it looks like."""
IN_FRAMES = 6
CARD_FRAMES = 30
OUT_FRAMES = 6
_SHUTTER_PART = 0.12
"""Part of the time between two frames in which the shutter is open: 4 ms."""
_CALM = 0.2
"""What a calm hand has of a harsh one's tremor."""
_MIRRORED = 0.06
"""Widths of the code that a mirrored lamp moves over the card, for each degree of its tilt."""

Limit = Callable[[Shot, random.Random], Shot]


@dataclass(frozen=True, slots=True)
class Visit:
    """The empty hall, then the card's frames. `payload` is what the card holds."""

    name: str
    condition: str
    calm: bool
    payload: bytes
    idle: tuple[Shot, ...]
    card: tuple[Shot, ...]


def _glare(shot: Shot, rng: random.Random) -> Shot:
    at = (rng.uniform(-0.3, 0.3), rng.uniform(-0.3, 0.3))
    return replace(shot, glare=rng.uniform(0.12, 0.28), glare_at=at)


def _shadow(shot: Shot, rng: random.Random) -> Shot:
    return replace(
        _paper(shot),
        shadow=rng.uniform(0.5, 0.88),
        electrons=rng.uniform(200, 900),
        shadow_at=shot.centre[0] + rng.uniform(-0.1, 0.1),
    )


def _mixed(shot: Shot, rng: random.Random) -> Shot:
    shot = replace(
        _paper(shot),
        module_px=rng.uniform(1.6, 2.4),
        electrons=rng.uniform(100, 500),
        defocus_modules=rng.uniform(0.1, 0.4),
        yaw_deg=rng.uniform(-35, 35),
    )
    return _glare(shot, rng) if rng.random() < 0.5 else shot


def _paper(shot: Shot) -> Shot:
    return replace(shot, prop="card" if shot.prop.startswith("phone") else shot.prop)


LIMITS: dict[str, Limit] = {
    "dim": lambda shot, rng: replace(_paper(shot), electrons=math.exp(rng.uniform(2.7, 4.9))),
    "defocused": lambda shot, rng: replace(shot, defocus_modules=rng.uniform(0.45, 0.95)),
    "tiny": lambda shot, rng: replace(shot, module_px=rng.uniform(1.15, 1.65)),
    "noisy": lambda shot, rng: replace(
        shot, module_px=rng.uniform(1.5, 2.1), electrons=rng.uniform(80, 300)
    ),
    "glaring": _glare,
    "shadowed": _shadow,
    "flickering": lambda shot, rng: replace(
        shot, prop="phone", pwm=rng.uniform(0.5, 0.95), electrons=rng.uniform(200, 800)
    ),
    "mixed": _mixed,
}
"""By condition: the shot at the limit. The ranges were set so that zxing-cpp, a peer, reads
a third to two thirds of the cards of seed 2; our own reader was not asked."""
ORDINARY = "ordinary"


def visits(seed: int, ordinary: int, per_limit: int) -> Iterator[Visit]:
    """Yield the visits of `seed`: ordinary ones, then those at the limit of each condition."""
    counts = {ORDINARY: ordinary, **dict.fromkeys(LIMITS, per_limit)}
    for condition, count in counts.items():
        rng = dice(seed, "visit", condition)
        for number in range(count):
            shot = replace(plain(rng, number), size_px=(640, 480))
            if condition in LIMITS:
                shot = LIMITS[condition](shot, rng)
            calm = number % 2 == 0
            yield _visit(f"{seed}/{condition}/{number}", condition, fitted(shot), rng, calm=calm)


def _visit(name: str, condition: str, shot: Shot, rng: random.Random, *, calm: bool) -> Visit:
    empty = replace(shot, content=None)
    idle = tuple(replace(empty, grain=1000 + number) for number in range(IDLE_FRAMES))
    payload = shot.content if isinstance(shot.content, bytes) else b""
    return Visit(name, condition, calm, payload, idle, tuple(_card(shot, rng, calm=calm)))


def _card(shot: Shot, rng: random.Random, *, calm: bool) -> Iterator[Shot]:
    """Yield the card's frames: it slides in, trembles, slides out; lights move and bands drift."""
    harsh = _CALM if calm else 1.0
    side = rng.choice(((0.0, 0.75), (0.7, 0.2), (-0.7, 0.2), (0.4, 0.7)))
    glide = (rng.gauss(0, 0.006), rng.gauss(0, 0.006))
    drift = rng.uniform(0.15, 0.45)
    before = _away(0, side)
    for number in range(CARD_FRAMES):
        away = _away(number, side)
        shift = (rng.gauss(0, 2.0) * harsh, rng.gauss(0, 2.0) * harsh)
        roll, yaw, pitch = (rng.gauss(0, sigma) * harsh for sigma in (1.0, 2.5, 2.5))
        moved_px = math.hypot(
            (away[0] - before[0]) * shot.size_px[0], (away[1] - before[1]) * shot.size_px[1]
        )
        before = away
        smear_px = (moved_px + math.hypot(*shift)) * _SHUTTER_PART
        yield replace(
            shot,
            grain=number,
            centre=(
                shot.centre[0] + away[0] + shift[0] / shot.size_px[0],
                shot.centre[1] + away[1] + shift[1] / shot.size_px[1],
            ),
            roll_deg=shot.roll_deg + roll,
            yaw_deg=shot.yaw_deg + yaw,
            pitch_deg=shot.pitch_deg + pitch,
            motion_modules=shot.motion_modules + smear_px / shot.module_px,
            motion_deg=math.degrees(math.atan2(side[1], side[0])),
            glare_at=(
                shot.glare_at[0] + glide[0] * number + _MIRRORED * yaw,
                shot.glare_at[1] + glide[1] * number + _MIRRORED * pitch,
            ),
            pwm_phase=shot.pwm_phase + drift * number,
        )


def _away(number: int, side: tuple[float, float]) -> tuple[float, float]:
    """Return how far from its place the card is in frame `number`, in parts of the frame."""
    coming = max(0.0, 1 - (number + 1) / IN_FRAMES)
    going = max(0.0, (number - (CARD_FRAMES - OUT_FRAMES)) / OUT_FRAMES)
    part = coming + going
    return side[0] * part, side[1] * part
