"""What the further ways of looking are for: each reads pictures that a plain look does not."""

import math
import random
from collections.abc import Callable

import pytest
from PIL import Image, ImageChops, ImageFilter

from kiosk.eye.decoders import zxing
from kiosk.eye.frame import Frame
from kiosk.eye.look_settings import StrategyName
from kiosk.eye.people import person
from kiosk.eye.scenes import Scene, SceneCode, draw
from kiosk.eye.strategies import STRATEGIES, Variant

SIZE = (640, 480)
SEEDS = range(6)


def dimmed_screen(size: float, seed: int) -> Image.Image:
    """Return a card seen in dark and bright rows, as a rolling shutter sees a dimmed phone."""
    light = [0.52 + 0.48 * math.sin(2 * math.pi * (y / 48 + seed / 7)) for y in range(SIZE[1])]
    rows = Image.frombytes("L", (1, SIZE[1]), bytes(round(255 * part) for part in light))
    return ImageChops.multiply(card(size, seed), rows.resize(SIZE))


def deep_shadow(size: float, seed: int) -> Image.Image:
    """Return a card with the edge of a deep shadow across it."""
    light = Image.new("L", SIZE, 255)
    light.paste(18, (SIZE[0] // 2 + 9 * seed - 20, 0, *SIZE))
    return ImageChops.multiply(card(size, seed), light.filter(ImageFilter.GaussianBlur(5)))


def out_of_focus(size: float, seed: int) -> Image.Image:
    """Return a card whose edges are as wide as its modules."""
    return card(size, seed).filter(ImageFilter.GaussianBlur(1.9))


def card(size: float, seed: int) -> Image.Image:
    """Return a card held up to a sensor with a little noise."""
    text = person(random.Random(seed))
    scene = Scene(codes=(SceneCode(text=text, size=size),), noise=2)
    return draw(scene, SIZE, seed)


def read(variant: Variant) -> set[bytes | None]:
    """Return what one thorough look at a variant reads."""
    picture = variant.picture
    frame = Frame(picture.tobytes(), *picture.size, picture.width, 0, 0)
    found = zxing.build(zxing.Settings()).decode(frame, variant.threshold)
    return {symbol.payload for symbol in found if symbol.payload is not None}


@pytest.mark.parametrize(
    ("name", "spoilt", "size"),
    [
        ("bands", dimmed_screen, 0.45),
        ("double-flatten", deep_shadow, 0.3),
        ("double-sharpen", out_of_focus, 0.3),
    ],
)
def test_a_way_reads_what_it_is_for(
    name: StrategyName, spoilt: Callable[[float, int], Image.Image], size: float
) -> None:
    plainly = better = 0
    for seed in SEEDS:
        payload = person(random.Random(seed)).encode()
        plainly += bool(read(Variant(spoilt(size, seed))))
        better += read(STRATEGIES[name](spoilt(size, seed))) == {payload}
    assert plainly == 0
    assert better >= len(SEEDS) - 2


def test_a_large_picture_is_not_enlarged() -> None:
    names: tuple[StrategyName, ...] = ("bands", "double-flatten", "double-sharpen")
    for name in names:
        variant = STRATEGIES[name](Image.new("L", (1600, 1200), 90))
        assert (variant.picture.size, variant.scale) == ((1600, 1200), 1.0)
