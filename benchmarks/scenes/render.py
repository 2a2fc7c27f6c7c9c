"""From a shot to what the sensor delivers: geometry, lens, light, photons, compression.

The prop is projected at three times the resolution and averaged, as a pixel averages. Noise is that
of the photo-electrons and of reading them out; no numpy, so that a test can draw a scene.
"""

import io
import math
import random
from typing import Any

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageMath

from benchmarks.scenes.dice import dice
from benchmarks.scenes.faces import Face, face_of
from benchmarks.scenes.halls import hall
from benchmarks.scenes.shot import Shot

_FINER = 3
_READ_NOISE_ELECTRONS = 2.0
_LENS_BLUR_PX = 0.35
_DISTANCE = 1.5
"""From the lens to the card, in widths of the picture at the card."""

Row = tuple[float, float, float]
Matrix = tuple[Row, Row, Row]


def render(shot: Shot, given: Face | None = None) -> Image.Image:
    """Return the frame, mode "L"; equal shots give equal frames.

    What is held up follows from the shot, unless a face is given.
    """
    picture = hall(shot.size_px, shot.seed, shot.posters).copy()
    face = given or face_of(shot, max(2, math.ceil(_FINER * shot.module_px)))
    lit_by_itself = shot.prop.startswith("phone")
    if not lit_by_itself:
        _show(picture, face, shot)
    picture = _lit(picture, shot)
    if lit_by_itself:
        _show(picture, face, shot)
    if shot.glare > 0 and face is not None:
        picture = _glaring(picture, face, shot)
    picture = _sensed(picture, shot)
    return picture if shot.jpeg_quality is None else _compressed(picture, shot.jpeg_quality)


def _show(picture: Image.Image, face: Face | None, shot: Shot) -> None:
    """Put the prop into the picture as the lens sees it."""
    if face is None:
        return
    forward = _projection(face, shot)
    box = _box(face, forward, shot)
    if box[2] <= box[0] or box[3] <= box[1]:
        return
    seen, outline = (_projected(layer, forward, box) for layer in (face.picture, face.outline))
    seen, outline = (_blurred(layer, shot).reduce(_FINER) for layer in (seen, outline))
    if shot.pwm > 0:
        seen = ImageChops.multiply(seen, _bands(seen.size, box[1], shot))
    picture.paste(seen, box[:2], outline)


def _projection(face: Face, shot: Shot) -> Matrix:
    """Return the map from pixels of the face to pixels of the frame (homogeneous)."""
    scale = shot.module_px / face.module_px
    roll, yaw, pitch = (
        math.radians(angle) for angle in (shot.roll_deg, shot.yaw_deg, shot.pitch_deg)
    )
    a, b = math.cos(roll), -math.sin(roll)
    c, d = math.sin(roll), math.cos(roll)
    # First turned within the plane, then about the upright axis, then about the level one.
    across = (a * math.cos(yaw), b * math.cos(yaw))
    depth = (-a * math.sin(yaw), -b * math.sin(yaw))
    down = tuple(
        math.cos(pitch) * v - math.sin(pitch) * z for v, z in zip((c, d), depth, strict=True)
    )
    away = tuple(
        math.sin(pitch) * v + math.cos(pitch) * z for v, z in zip((c, d), depth, strict=True)
    )
    far = _DISTANCE * shot.size_px[0]
    at = (shot.centre[0] * shot.size_px[0], shot.centre[1] * shot.size_px[1])
    u, v = (scale * z / far for z in away)
    x0, y0 = face.centre
    rows = []
    for first, second, place in ((*across, at[0]), (*down, at[1]), (0.0, 0.0, 1.0)):
        by_u, by_v = scale * first + place * u, scale * second + place * v
        rows.append((by_u, by_v, place - by_u * x0 - by_v * y0))
    return (rows[0], rows[1], rows[2])


def _box(face: Face, forward: Matrix, shot: Shot) -> tuple[int, int, int, int]:
    """Return the part of the frame that the prop can touch, blurs included."""
    width, height = face.picture.size
    corners = [_apply(forward, x, y) for x in (0, width) for y in (0, height)]
    margin = 4 + math.ceil(
        (2 * shot.defocus_modules + shot.motion_modules) * shot.module_px + 3 * _LENS_BLUR_PX
    )
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return (
        max(-margin, math.floor(min(xs)) - margin),
        max(-margin, math.floor(min(ys)) - margin),
        min(shot.size_px[0] + margin, math.ceil(max(xs)) + margin),
        min(shot.size_px[1] + margin, math.ceil(max(ys)) + margin),
    )


def _apply(matrix: Matrix, x: float, y: float) -> tuple[float, float]:
    first, second, third = (row[0] * x + row[1] * y + row[2] for row in matrix)
    # What would lie behind the lens is far outside the picture.
    third = max(third, 1e-3)
    return first / third, second / third


def _projected(layer: Image.Image, forward: Matrix, box: tuple[int, int, int, int]) -> Image.Image:
    inverse = _inverse(forward)
    rows = []
    for by_x, by_y, constant in inverse:
        # From pixels of the finer box to pixels of the frame.
        rows.append((by_x / _FINER, by_y / _FINER, constant + by_x * box[0] + by_y * box[1]))
    unit = rows[2][2]
    terms = tuple(term / unit for row in rows for term in row)[:8]
    size = ((box[2] - box[0]) * _FINER, (box[3] - box[1]) * _FINER)
    return layer.transform(size, Image.Transform.PERSPECTIVE, terms, Image.Resampling.BILINEAR)


def _inverse(matrix: Matrix) -> Matrix:
    (a, b, c), (d, e, f), (g, h, i) = matrix
    return (
        (e * i - f * h, c * h - b * i, b * f - c * e),
        (f * g - d * i, a * i - c * g, c * d - a * f),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )


def _blurred(layer: Image.Image, shot: Shot) -> Image.Image:
    """Return the layer out of focus and smeared by movement, at the finer resolution."""
    layer = layer.filter(ImageFilter.GaussianBlur(_LENS_BLUR_PX * _FINER))
    module = shot.module_px * _FINER
    if shot.defocus_modules > 0:
        # A disc, nearly: a square of four fifths of it, its corners rounded off.
        radius = shot.defocus_modules * module
        layer = layer.filter(ImageFilter.BoxBlur(0.8 * radius))
        layer = layer.filter(ImageFilter.GaussianBlur(0.2 * radius))
    length = shot.motion_modules * module
    if length < 1:
        return layer
    angle = math.radians(shot.motion_deg)
    steps = min(48, max(2, math.ceil(length / 1.5)))
    mean = layer
    for step in range(1, steps):
        # Alternately to both sides, so that the prop stays where it is.
        along = length * (step / steps) * (0.5 if step % 2 else -0.5)
        moved = ImageChops.offset(
            layer, round(along * math.cos(angle)), round(along * math.sin(angle))
        )
        mean = Image.blend(mean, moved, 1 / (step + 1))
    return mean


def _bands(size_px: tuple[int, int], top_px: int, shot: Shot) -> Image.Image:
    """Return the bands that a dimmed screen and a rolling shutter make: rows bright and dark."""
    rows = bytearray()
    for y in range(top_px, top_px + size_px[1]):
        wave = 0.5 + 0.5 * math.sin(2 * math.pi * (y / shot.pwm_period_px + shot.pwm_phase))
        rows.append(round(255 * (1 - shot.pwm * min(1.0, max(0.0, 2.5 * wave - 0.75)))))
    return Image.frombytes("L", (1, size_px[1]), bytes(rows)).resize(size_px)


def _lit(picture: Image.Image, shot: Shot) -> Image.Image:
    """Return the picture with a shadow's edge across it."""
    if shot.shadow <= 0:
        return picture
    width, height = shot.size_px
    light = Image.new("L", shot.size_px, 255)
    angle = math.radians(shot.shadow_deg)
    x, y = shot.shadow_at * width, height / 2
    along, across = (math.cos(angle), math.sin(angle)), (-math.sin(angle), math.cos(angle))
    far = 3.0 * width
    corners = [
        (x + far * along[0], y + far * along[1]),
        (x - far * along[0], y - far * along[1]),
        (x - far * (along[0] - across[0]), y - far * (along[1] - across[1])),
        (x + far * (along[0] + across[0]), y + far * (along[1] + across[1])),
    ]
    ImageDraw.Draw(light).polygon(corners, fill=round(255 * (1 - shot.shadow)))
    soft = dice("shadow", shot.seed).uniform(1, 12)
    return ImageChops.multiply(picture, light.filter(ImageFilter.GaussianBlur(soft)))


def _glaring(picture: Image.Image, face: Face, shot: Shot) -> Image.Image:
    """Return the picture with a lamp mirrored in the card: white in the middle, fading outwards."""
    code_px = face.code_px * shot.module_px / face.module_px
    x = shot.centre[0] * shot.size_px[0] + shot.glare_at[0] * code_px
    y = shot.centre[1] * shot.size_px[1] + shot.glare_at[1] * code_px
    radius = max(1.0, shot.glare * code_px)
    light = Image.new("L", shot.size_px, 0)
    ImageDraw.Draw(light).ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    halo = light.filter(ImageFilter.GaussianBlur(radius * 0.6)).point([v // 2 for v in range(256)])
    light = ImageChops.add(light.filter(ImageFilter.GaussianBlur(radius * 0.15)), halo)
    # A highlight is many times brighter than paper: it clips whatever the exposure is.
    return ImageChops.add(picture, light)


def _sensed(picture: Image.Image, shot: Shot) -> Image.Image:
    """Return what the sensor counts: exposed, with the noise of light and of reading out."""
    gain = shot.exposure * 255 / 235
    luma_per_electron = 255 / shot.electrons
    read_out = _READ_NOISE_ELECTRONS**2

    def sensed(given: Any) -> Any:
        light = given["light"] * gain
        electrons = light * (1 / luma_per_electron)
        return light + given["noise"] * ((electrons + read_out) ** 0.5) * luma_per_electron

    noise = _unit_noise(shot.size_px, dice("grain", shot.seed, shot.grain))
    values: Image.Image = ImageMath.lambda_eval(sensed, light=picture.convert("F"), noise=noise)
    return values.convert("L")


def _unit_noise(size_px: tuple[int, int], rng: random.Random) -> Image.Image:
    """Return noise of mean 0 and deviation 1: the sum of four uniform bytes is nearly a bell."""
    count = size_px[0] * size_px[1]
    a, b, c, d = (
        Image.frombytes("L", size_px, rng.randbytes(count)).convert("F") for _ in range(4)
    )
    sigma = math.sqrt(4 * (256**2 - 1) / 12)

    def bell(given: Any) -> Any:
        return (given["a"] + given["b"] + given["c"] + given["d"] - 510.0) * (1 / sigma)

    noise: Image.Image = ImageMath.lambda_eval(bell, a=a, b=b, c=c, d=d)
    return noise


def _compressed(picture: Image.Image, quality: int) -> Image.Image:
    stored = io.BytesIO()
    picture.save(stored, "JPEG", quality=quality)
    with Image.open(stored) as opened:
        return opened.convert("L")
