"""Door scenes as a camera would see them: for demonstrations, tests and the synthetic camera.

A scene is data (JSON), so that another process can put a card before the synthetic camera. Drawing
must stay cheap on a Pi: everything that does not change from frame to frame is drawn once and kept.
It must not use numpy, which is no dependency of ours. Pictures are 8-bit luma, mode "L".
"""

import math
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from PIL import Image, ImageChops, ImageDraw, ImageFilter
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from kiosk.eye.props import Prop, hall, prop

SYMBOL_MAX_BYTES = 2331
"""The most bytes that a version 40-M symbol holds."""
_PICTURE_SIZE_PX = (640, 480)
_NOISE_MARGIN_PX = 64
# The mean of four uniform bytes: close enough to a Gaussian, and made without numpy.
_NOISE_MEAN = 127.5
_NOISE_SIGMA = math.sqrt((256**2 - 1) / 12) / 2

Box = tuple[int, int, int, int]
Part = Annotated[float, Field(ge=0, le=1)]


class SceneCode(BaseModel):
    """One QR code that somebody holds up, on paper or on a phone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str = Field(min_length=1, description="The content, written as UTF-8 without ECI.")
    look: Literal["paper", "phone", "phone-dark"] = Field(
        default="paper", description="What shows the code; phone-dark is light modules on dark."
    )
    x: Part = Field(default=0.5, description="Centre of the symbol, part of the frame's width.")
    y: Part = Field(default=0.5, description="Centre of the symbol, part of the frame's height.")
    size: float = Field(
        default=0.45, ge=0.02, le=1.5, description="Side of the symbol, part of the frame's height."
    )
    tilt_deg: float = Field(
        default=0, ge=-70, le=70, description="Turned away about its vertical axis, degrees."
    )
    turn_deg: float = Field(
        default=0, ge=-180, le=180, description="Turned within the picture, clockwise, degrees."
    )
    damage: Part = Field(
        default=0, description="Part of the modules scratched away; position patterns stay."
    )

    @field_validator("text")
    @classmethod
    def _fits_a_symbol(cls, value: str) -> str:
        try:
            length = len(value.encode())
        except UnicodeEncodeError:
            raise ValueError("the text cannot be written as UTF-8") from None
        if length > SYMBOL_MAX_BYTES:
            raise ValueError(f"the text has {length} bytes; a symbol holds {SYMBOL_MAX_BYTES}")
        return value


class Scene(BaseModel):
    """What is before the camera, and how well the camera sees it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    codes: tuple[SceneCode, ...] = Field(default=(), max_length=8, description="Codes held up.")
    blur_px: float = Field(default=0, ge=0, le=20, description="Defocus, Gaussian radius in px.")
    noise: float = Field(default=0, ge=0, le=64, description="Sensor noise, sigma in luma steps.")
    light: Part = Field(default=1, description="Light at the door; phones light themselves.")
    shadow: Part = Field(default=0, description="Depth of a shadow over the left of the picture.")
    tremor_px: float = Field(
        default=0, ge=0, le=40, description="Movement of each hand between frames, sigma in px."
    )


EMPTY = Scene()
"""Nobody at the door."""


@dataclass(frozen=True, slots=True)
class _Patch:
    """A prop as it stands in the frame: its picture, its outline and its top left corner."""

    picture: Image.Image
    outline: Image.Image
    left_px: int
    top_px: int


def draw(
    scene: Scene, size_px: tuple[int, int], rng_seed: int, frame_number: int = 0
) -> Image.Image:
    """Return one frame of the scene, mode "L"; equal arguments give an equal picture."""
    background, patches = _still(scene, size_px, rng_seed)
    picture = background.copy()
    rng = random.Random(f"{rng_seed}:{frame_number}")  # noqa: S311 - a picture, no secret
    for patch in patches:
        _place(picture, patch, rng.gauss(0, scene.tremor_px), rng.gauss(0, scene.tremor_px))
    if scene.noise > 0:
        left, top = rng.randrange(_NOISE_MARGIN_PX), rng.randrange(_NOISE_MARGIN_PX)
        tile = _noise(size_px, rng_seed, scene.noise)
        grain = tile.crop((left, top, left + size_px[0], top + size_px[1]))
        picture = ImageChops.add(picture, grain, scale=1, offset=-128)
    return picture


def _place(picture: Image.Image, patch: _Patch, dx_px: float, dy_px: float) -> None:
    """Paste the patch, moved by parts of a pixel as a hand moves it."""
    whole_x, whole_y = math.floor(dx_px), math.floor(dy_px)
    prop_picture, outline = patch.picture, patch.outline
    if dx_px != whole_x or dy_px != whole_y:
        shift = (1, 0, whole_x - dx_px, 0, 1, whole_y - dy_px)
        prop_picture, outline = (
            layer.transform(layer.size, Image.Transform.AFFINE, shift, Image.Resampling.BILINEAR)
            for layer in (prop_picture, outline)
        )
    picture.paste(prop_picture, (patch.left_px + whole_x, patch.top_px + whole_y), outline)


@lru_cache(maxsize=8)
def _still(
    scene: Scene, size_px: tuple[int, int], rng_seed: int
) -> tuple[Image.Image, tuple[_Patch, ...]]:
    """Return what does not change from frame to frame: the door, and every prop in place."""
    background = _lit(hall(size_px, rng_seed, people=bool(scene.codes)), (0, 0), size_px, scene)
    if scene.blur_px > 0:
        background = background.filter(ImageFilter.GaussianBlur(scene.blur_px))
    patches = (_patch(code, scene, size_px, index) for index, code in enumerate(scene.codes))
    return background, tuple(patches)


def _patch(code: SceneCode, scene: Scene, size_px: tuple[int, int], index: int) -> _Patch:
    """Return the code as the lens sees it, cut off at the edges of the frame."""
    symbol_px = code.size * size_px[1]
    # Drawn at twice the resolution and averaged, as a sensor's pixels average.
    source = prop(code.text.encode(), code.look, code.damage, 2 * symbol_px, index)
    view = _View(code, source, size_px)
    margin_px = math.ceil(4 * scene.tremor_px + 3 * scene.blur_px) + 2
    left, top, right, bottom = view.box()
    left, top = max(left, 0) - margin_px, max(top, 0) - margin_px
    right, bottom = min(right, size_px[0]) + margin_px, min(bottom, size_px[1]) + margin_px
    picture, outline = view.project((left, top, right, bottom))
    if code.look == "paper":
        picture = _lit(picture, (left, top), size_px, scene)
    if scene.blur_px > 0:
        blur = ImageFilter.GaussianBlur(scene.blur_px)
        picture, outline = picture.filter(blur), outline.filter(blur)
    return _Patch(picture, outline, left, top)


class _View:
    """The perspective in which one prop is seen: turned, tilted, then projected."""

    def __init__(self, code: SceneCode, source: Prop, size_px: tuple[int, int]) -> None:
        self._source = source
        self._scale = source.symbol_px / (code.size * size_px[1])
        self._centre = (code.x * size_px[0], code.y * size_px[1])
        self._turn = math.radians(code.turn_deg)
        self._tilt = math.radians(code.tilt_deg)
        # The lens stands further away than the prop is long, or tilting would bend it round.
        self._distance_px = 4 * max(size_px[1], code.size * size_px[1])

    def box(self) -> Box:
        """Return the whole pixels of the frame that the prop covers."""
        width, height = self._source.picture.size
        corners = [self._seen(u, v) for u in (0, width) for v in (0, height)]
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        return (
            math.floor(min(xs)),
            math.floor(min(ys)),
            math.ceil(max(xs)),
            math.ceil(max(ys)),
        )

    def _seen(self, u_px: float, v_px: float) -> tuple[float, float]:
        u = (u_px - self._source.centre[0]) / self._scale
        v = (v_px - self._source.centre[1]) / self._scale
        x = u * math.cos(self._turn) - v * math.sin(self._turn)
        y = u * math.sin(self._turn) + v * math.cos(self._turn)
        depth = 1 + x * math.sin(self._tilt) / self._distance_px
        return (
            self._centre[0] + x * math.cos(self._tilt) / depth,
            self._centre[1] + y / depth,
        )

    def project(self, box: Box) -> tuple[Image.Image, Image.Image]:
        """Return picture and outline of the prop over `box` of the frame."""
        left, top, right, bottom = box
        size = (2 * (right - left), 2 * (bottom - top))
        terms = self._inverse(left - self._centre[0], top - self._centre[1])
        how = (Image.Transform.PERSPECTIVE, terms, Image.Resampling.BICUBIC)
        picture = self._source.picture.transform(size, *how, fillcolor=self._source.rim)
        outline = self._source.outline.transform(size, *how)
        return picture.reduce(2), outline.reduce(2)

    def _inverse(self, x_px: float, y_px: float) -> tuple[float, ...]:
        """Return Pillow's eight terms from half pixels of the box to pixels of the prop."""
        bend = math.tan(self._tilt) / self._distance_px
        along, across = math.cos(self._turn), math.sin(self._turn)
        slant = math.cos(self._tilt)
        rows: list[tuple[float, float, float]] = []
        for centre, by_x, by_y in (
            (self._source.centre[0], along / slant, across),
            (self._source.centre[1], -across / slant, along),
        ):
            by_x, by_y = self._scale * by_x - centre * bend, self._scale * by_y  # noqa: PLW2901
            rows.append((by_x / 2, by_y / 2, by_x * x_px + by_y * y_px + centre))
        unit = 1 - bend * x_px
        return tuple(term / unit for term in (*rows[0], *rows[1], -bend / 2, 0.0))


def _lit(
    picture: Image.Image, corner: tuple[int, int], size_px: tuple[int, int], scene: Scene
) -> Image.Image:
    """Return the picture, whose top left corner is at `corner`, in the scene's light."""
    width, height = size_px
    lamp = round(255 * (0.08 + 0.92 * scene.light))
    light = Image.new("L", picture.size, lamp)
    if scene.shadow > 0:
        edge = [(-9 * width, -height), (0.39 * width, -height), (0.63 * width, 2 * height)]
        outline = [(x - corner[0], y - corner[1]) for x, y in [*edge, (-9 * width, 2 * height)]]
        ImageDraw.Draw(light).polygon(outline, fill=round(lamp * (1 - 0.75 * scene.shadow)))
        light = light.filter(ImageFilter.GaussianBlur(height / 40))
    return ImageChops.multiply(picture, light)


@lru_cache(maxsize=4)
def _noise(size_px: tuple[int, int], seed: int, sigma: float) -> Image.Image:
    """Return seeded grain about 128; Pillow's own noise cannot be seeded."""
    size = (size_px[0] + _NOISE_MARGIN_PX, size_px[1] + _NOISE_MARGIN_PX)
    rng = random.Random(seed)  # noqa: S311 - a picture, no secret
    four = [Image.frombytes("L", size, rng.randbytes(size[0] * size[1])) for _ in range(4)]
    pairs = [ImageChops.add(four[index], four[index + 1], scale=2) for index in (0, 2)]
    grain = ImageChops.add(pairs[0], pairs[1], scale=2)
    gain = sigma / _NOISE_SIGMA
    table = [min(255, max(0, round(128 + gain * (value - _NOISE_MEAN)))) for value in range(256)]
    return grain.point(table)


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw one scene: `python -m kiosk.eye.scenes SCENE.json OUT.png`; return the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if len(given) != 2:
        sys.stderr.write("usage: python -m kiosk.eye.scenes SCENE.json OUT.png\n")
        return 2
    source, target = (Path(name) for name in given)
    try:
        scene = Scene.model_validate_json(source.read_bytes())
        draw(scene, _PICTURE_SIZE_PX, rng_seed=1).save(target)
    except ValidationError as error:
        first = error.errors(include_input=False, include_context=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "scene"
        sys.stderr.write(f"{source}: {where}: {first['msg']}\n")
        return 2
    except (OSError, ValueError) as error:
        sys.stderr.write(f"cannot draw {source} to {target}: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
