"""Frames without a QR code: empty halls, posters, bars, other matrix codes, worn photographs."""

import io
import random
from dataclasses import replace

from PIL import Image, ImageFilter

from benchmarks.scenes.conditions import SWEEPS, plain
from benchmarks.scenes.shot import Shot

_BARS = ("Code128", "EAN13", "Code39", "ITF", "Codabar")
_MATRICES = ("DataMatrix", "Aztec", "PDF417", "MaxiCode")
_KINDS = ("hall", "poster", "bars", "matrix")
# Whatever would turn the code into nothing at all teaches nothing.
_WORN_BY = ("nominal", "tilt", "rotation", "defocus", "low light", "contrast", "shadow", "glare")


def nothing(rng: random.Random, number: int) -> tuple[str, Shot]:
    """Return the name of a group and a shot of that group, none of which shows a QR code."""
    kind = _KINDS[number % len(_KINDS)]
    shot = replace(plain(rng, number), content=None)
    if kind == "hall":
        return "empty hall", shot
    if kind == "poster":
        return "posters", replace(shot, posters=rng.randint(1, 4))
    name = rng.choice(_BARS if kind == "bars" else _MATRICES)
    shot = replace(shot, content=(name, _text(name, rng)), module_px=rng.uniform(1.3, 3.5))
    shot = SWEEPS[rng.choice(_WORN_BY)](shot, rng.uniform(0, 0.6), rng)
    return ("bar codes" if kind == "bars" else "matrix codes"), shot


def _text(name: str, rng: random.Random) -> str:
    digits = "".join(rng.choices("0123456789", k=12))
    if name == "Codabar":
        return f"A{digits}B"
    return digits if name in ("EAN13", "ITF") else f"{digits}-HALL-{rng.randrange(10**6)}"


def worn(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Return the picture turned, scaled, blurred, noisy and compressed, at random; mode "L"."""
    turned = picture.rotate(
        rng.uniform(0, 360), Image.Resampling.BILINEAR, expand=True, fillcolor=rng.randint(0, 255)
    )
    scale = min(rng.uniform(0.4, 1.5), 1024 / max(turned.size))
    size = (max(32, round(turned.width * scale)), max(32, round(turned.height * scale)))
    out = turned.resize(size, Image.Resampling.BICUBIC)
    out = out.filter(ImageFilter.GaussianBlur(rng.choice((0, 0, 0.6, 1.2, 2.5))))
    out = _noisy(out, rng, rng.choice((0, 0, 0.04, 0.12, 0.3)))
    if rng.random() < 0.3:
        stored = io.BytesIO()
        out.save(stored, "JPEG", quality=rng.randint(8, 70))
        out = Image.open(stored).convert("L")
    return out


def _noisy(picture: Image.Image, rng: random.Random, part: float) -> Image.Image:
    if part == 0:
        return picture
    noise = Image.frombytes("L", picture.size, rng.randbytes(picture.width * picture.height))
    return Image.blend(picture, noise, part)
