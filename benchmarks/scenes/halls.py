"""The place behind whoever holds up a card: walls, doors, tiles, blinds, and posters with text."""

import random
from functools import lru_cache

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from benchmarks.scenes.dice import dice
from benchmarks.scenes.faces import write


@lru_cache(maxsize=4)
def hall(size_px: tuple[int, int], seed: int, posters: int) -> Image.Image:
    """Return an entrance as the lens sees it behind a card: soft, mode "L"."""
    rng = dice("hall", seed)
    picture = _wall(size_px, rng)
    for _ in range(rng.randint(1, 3)):
        rng.choice((_door, _tiles, _blinds, _clutter))(picture, rng)
    for _ in range(posters):
        _poster(picture, rng)
    soft = 0.4 if posters else rng.uniform(0.4, 2.5)
    return picture.filter(ImageFilter.GaussianBlur(soft * size_px[1] / 480))


def texture(size_px: tuple[int, int], rng: random.Random, grain_px: int) -> Image.Image:
    """Return smooth random blotches about the middle of the scale."""
    small = (max(2, size_px[0] // grain_px), max(2, size_px[1] // grain_px))
    noise = Image.frombytes("L", small, rng.randbytes(small[0] * small[1]))
    return noise.resize(size_px, Image.Resampling.BICUBIC)


def _wall(size_px: tuple[int, int], rng: random.Random) -> Image.Image:
    base, swing = rng.randint(70, 180), rng.randint(5, 60)
    slope = Image.linear_gradient("L").rotate(rng.choice((0, 90, 180, 270))).resize(size_px)
    picture = slope.point([round(base + swing * (v / 255 - 0.5)) for v in range(256)])
    rough = texture(size_px, rng, rng.choice((2, 5, 12, 40)))
    depth = rng.uniform(0.01, 0.12)
    flat = rough.point([round(128 + depth * (v - 128)) for v in range(256)])
    return ImageChops.add(picture, flat, scale=1, offset=-128)


def _box(picture: Image.Image, rng: random.Random) -> tuple[int, int, int, int]:
    width, height = picture.size
    left, top = rng.randint(-width // 5, width * 3 // 4), rng.randint(-height // 5, height // 2)
    return (
        left,
        top,
        left + rng.randint(width // 6, width // 2),
        top + rng.randint(height // 4, height),
    )


def _door(picture: Image.Image, rng: random.Random) -> None:
    box, pen = _box(picture, rng), ImageDraw.Draw(picture)
    pen.rectangle(box, fill=rng.randint(40, 200), outline=rng.randint(20, 120), width=4)
    inset = (box[2] - box[0]) // 6
    # A low door has no room for a panel.
    panel = (box[0] + inset, box[1] + inset, box[2] - inset, (box[1] + box[3]) // 2)
    if panel[0] < panel[2] and panel[1] < panel[3]:
        pen.rectangle(panel, 90)


def _tiles(picture: Image.Image, rng: random.Random) -> None:
    """Squares that are not unlike modules: the hardest harmless background."""
    box, pen = _box(picture, rng), ImageDraw.Draw(picture)
    step = rng.randint(3, 40)
    light, dark = rng.randint(130, 230), rng.randint(30, 110)
    for y in range(max(0, box[1]), min(picture.height, box[3]), step):
        for x in range(max(0, box[0]), min(picture.width, box[2]), step):
            fill = dark if rng.random() < 0.5 else light
            pen.rectangle((x, y, x + step - 1, y + step - 1), fill=fill)


def _blinds(picture: Image.Image, rng: random.Random) -> None:
    box, pen = _box(picture, rng), ImageDraw.Draw(picture)
    step = rng.randint(4, 24)
    light, dark = rng.randint(150, 250), rng.randint(40, 140)
    upright = rng.random() < 0.5
    for at in range(0, (box[2] - box[0]) if upright else (box[3] - box[1]), step):
        fill = light if (at // step) % 2 else dark
        line = (
            (box[0] + at, box[1], box[0] + at + step, box[3])
            if upright
            else (box[0], box[1] + at, box[2], box[1] + at + step)
        )
        pen.rectangle(line, fill=fill)


def _clutter(picture: Image.Image, rng: random.Random) -> None:
    pen = ImageDraw.Draw(picture)
    width, height = picture.size
    for _ in range(rng.randint(5, 40)):
        x, y, reach = rng.randrange(width), rng.randrange(height), rng.randint(4, height // 5)
        shape = rng.choice((pen.ellipse, pen.rectangle))
        shape((x, y, x + reach, y + rng.randint(4, height // 5)), fill=rng.randint(20, 235))


def _poster(picture: Image.Image, rng: random.Random) -> None:
    box = _box(picture, rng)
    ImageDraw.Draw(picture).rectangle(box, fill=rng.randint(190, 245))
    write(picture, rng, box, rng.randint(9, 30))
