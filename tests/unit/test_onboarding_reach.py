"""The eye reads an onboarding code from a phone: the very picture, small, tilted, with noise.

Drawn by the benchmark's optics and read by the product's own look. Everything is seeded, and the
signatures are deterministic, so that each run sees the same frames.
"""

import io
from dataclasses import replace

import pytest
from PIL import Image, ImageDraw

from benchmarks.readers import Kiosk, picture_of
from benchmarks.scenes.conditions import plain
from benchmarks.scenes.dice import dice
from benchmarks.scenes.faces import Face
from benchmarks.scenes.render import render
from benchmarks.scenes.shot import Shot
from kiosk.network.wifi import Wifi
from provisioning.onboarding.picture import MODULE_PX, QUIET_MODULES, modules, png
from tests.parts.onboarding_codes import onboarding_code

FRAME_PX = (1280, 720)
USUAL = onboarding_code()
AS_LARGE_AS_SEALED = onboarding_code(
    wifi=Wifi("Phòng khám", "p" * 63), server="https://enrolment.phuc-tan.example.org:8443"
)
"""Sealing is random; a long password and a long name make a symbol of the same size."""


def on_a_phone(raw: bytes) -> Face:
    """Return a phone that shows the picture over its whole width."""
    code = Image.open(io.BytesIO(png(raw.decode()))).convert("L")
    bezel = code.width // 20
    size = (code.width + 2 * bezel, 2 * code.width)
    picture, outline = Image.new("L", size, 24), Image.new("L", size, 0)
    ImageDraw.Draw(outline).rounded_rectangle((0, 0, *size), radius=bezel, fill=255)
    top = (size[1] - code.height) // 2
    picture.paste(code, (bezel, top))
    code_px = code.width - 2 * QUIET_MODULES * MODULE_PX
    return Face(picture, outline, (size[0] / 2, size[1] / 2), code_px, MODULE_PX)


def seen(seed: int, module_px: float) -> Shot:
    shot = plain(dice(seed, "onboarding"), seed)
    return replace(shot, content=None, prop="phone", size_px=FRAME_PX, module_px=module_px)


@pytest.mark.parametrize("module_px", [1.6, 2.0, 4.0])
@pytest.mark.parametrize(("raw", "side"), [(USUAL, 65), (AS_LARGE_AS_SEALED, 73)])
def test_a_code_is_read_from_a_phone(raw: bytes, side: int, module_px: float) -> None:
    assert len(modules(raw.decode())) == side
    kiosk, face = Kiosk(), on_a_phone(raw)
    for seed in range(3):
        frame = render(seen(seed, module_px), face)
        assert kiosk.read(picture_of(frame)).payloads == [raw]
