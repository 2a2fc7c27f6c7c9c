"""What makes a code hard, each condition swept from harmless (0) to hopeless (1).

The ends of each sweep come from optics and from what is known of printed and shown codes, not from
trying a reader: most sweeps end where nothing can be read, so that a better reader has room.
"""

import random
from collections.abc import Callable
from dataclasses import replace

from benchmarks.scenes.faces import code_modules
from benchmarks.scenes.payloads import KINDS, content
from benchmarks.scenes.shot import Shot

Sweep = Callable[[Shot, float, random.Random], Shot]


def plain(rng: random.Random, number: int) -> Shot:
    """Return an ordinary sight of a code: close enough, lit, nearly straight."""
    what = content(rng, KINDS[number % len(KINDS)])
    size_px = (1280, 720) if number % 6 == 5 else (640, 480)
    shot = Shot(
        seed=rng.randrange(2**31),
        size_px=size_px,
        content=what.payload,
        error=what.error,
        prop=rng.choice(("card", "card", "sheet", "phone")),
        module_px=rng.uniform(2.2, 3.6),
        contrast=rng.uniform(0.8, 0.95),
        centre=(rng.uniform(0.42, 0.58), rng.uniform(0.44, 0.56)),
        roll_deg=rng.gauss(0, 6),
        yaw_deg=rng.gauss(0, 6),
        pitch_deg=rng.gauss(0, 6),
        motion_deg=rng.uniform(0, 360),
        exposure=rng.uniform(0.55, 0.85),
        electrons=rng.uniform(800, 4000),
        shadow_deg=rng.uniform(20, 160),
        pwm_phase=rng.random(),
        pwm_period_px=rng.uniform(40, 160),
    )
    return fitted(shot)


def fitted(shot: Shot) -> Shot:
    """Return the shot with its code no larger than the frame."""
    if not isinstance(shot.content, bytes):
        return shot
    modules = code_modules(shot.content, shot.error) + 8
    most = 0.95 * min(shot.size_px) / modules
    return replace(shot, module_px=min(shot.module_px, most))


def _between(start: float, end: float, severity: float) -> float:
    return start + (end - start) * severity


def _falling(start: float, end: float, severity: float) -> float:
    """Return `start` to `end` by equal factors."""
    return float(start * (end / start) ** severity)


def _tilt(shot: Shot, severity: float, rng: random.Random) -> Shot:
    angle = 60 * severity
    if rng.random() < 0.5:
        return replace(shot, yaw_deg=rng.choice((-1, 1)) * angle)
    return replace(shot, pitch_deg=rng.choice((-1, 1)) * angle)


def _glare(shot: Shot, severity: float, rng: random.Random) -> Shot:
    at = (rng.uniform(-0.35, 0.35), rng.uniform(-0.35, 0.35))
    return replace(shot, glare=_between(0.02, 0.42, severity), glare_at=at)


def _shadow(shot: Shot, severity: float, rng: random.Random) -> Shot:
    return replace(
        _paper(shot),
        shadow=_between(0.1, 0.95, severity),
        shadow_at=shot.centre[0] + rng.uniform(-0.08, 0.08),
        exposure=rng.uniform(0.7, 1.1),
    )


def _small_and_noisy(shot: Shot, severity: float, rng: random.Random) -> Shot:
    del rng
    return replace(
        shot,
        module_px=_between(2.4, 1.3, severity),
        electrons=_falling(300, 20, severity),
    )


def _mixed(shot: Shot, severity: float, rng: random.Random) -> Shot:
    for name in rng.sample(("tilt", "small", "defocus", "low light", "contrast", "shadow"), 3):
        shot = SWEEPS[name](shot, severity * rng.uniform(0.3, 0.75), rng)
    return shot


def _paper(shot: Shot) -> Shot:
    return replace(shot, prop="card" if shot.prop.startswith("phone") else shot.prop)


SWEEPS: dict[str, Sweep] = {
    "nominal": lambda shot, _severity, _rng: shot,
    "tilt": _tilt,
    "rotation": lambda shot, severity, _: replace(shot, roll_deg=360 * severity),
    "small": lambda shot, severity, _: replace(shot, module_px=_between(3.0, 1.2, severity)),
    "defocus": lambda shot, severity, _: replace(shot, defocus_modules=_between(0, 1.1, severity)),
    "motion": lambda shot, severity, _: replace(shot, motion_modules=_between(0, 2.4, severity)),
    "low light": lambda shot, severity, _: replace(
        _paper(shot), electrons=_falling(500, 5, severity), exposure=0.45
    ),
    "contrast": lambda shot, severity, _: replace(shot, contrast=_between(0.8, 0.1, severity)),
    "shadow": _shadow,
    "glare": _glare,
    "lamination": lambda shot, severity, _: replace(
        shot, prop="card", streaks=_between(0.05, 1.0, severity)
    ),
    "dark phone": lambda shot, severity, _: replace(
        shot, prop="phone-dark", module_px=_between(3.2, 1.5, severity)
    ),
    "phone bands": lambda shot, severity, _: replace(
        shot, prop="phone", pwm=_between(0.2, 0.98, severity)
    ),
    "jpeg": lambda shot, severity, _: replace(shot, jpeg_quality=round(_falling(80, 4, severity))),
    "quiet zone": lambda shot, severity, _: replace(
        shot, prop="card", quiet_modules=_between(4, 0, severity)
    ),
    "small and noisy": _small_and_noisy,
    "mixed": _mixed,
}
