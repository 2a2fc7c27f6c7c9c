"""Whatever a picture file is, it becomes upright luma on white, or is refused in one line."""

import os
import random
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from kiosk.errors import NotAPicture
from kiosk.eye.pictures import open_luma

SIZE_PX = (61, 37)
BLACK, GREY, WHITE = 0, 128, 255


def saved(path: Path, mode: str, suffix: str, colour: object) -> Path:
    target = path / f"picture.{suffix}"
    Image.new(mode, SIZE_PX, colour).save(target)  # type: ignore[arg-type]
    return target


@pytest.mark.parametrize(
    ("mode", "suffix", "colour", "luma"),
    [
        ("1", "png", 1, WHITE),
        ("L", "png", GREY, GREY),
        ("LA", "png", (BLACK, 0), WHITE),
        ("P", "png", 0, BLACK),
        ("RGB", "png", (GREY, GREY, GREY), GREY),
        ("RGB", "jpg", (GREY, GREY, GREY), GREY),
        ("RGB", "webp", (WHITE, WHITE, WHITE), WHITE),
        ("RGB", "bmp", (GREY, GREY, GREY), GREY),
        ("RGB", "ppm", (GREY, GREY, GREY), GREY),
        ("RGBA", "png", (0, 0, 0, 0), WHITE),
        ("RGBA", "png", (0, 0, 0, 255), BLACK),
        ("CMYK", "jpg", (0, 0, 0, 0), WHITE),
        ("CMYK", "tif", (0, 0, 0, 255), BLACK),
        ("YCbCr", "jpg", (GREY, 128, 128), GREY),
        ("LAB", "tif", (GREY, 0, 0), GREY),
        ("I;16", "png", 128 * 257, GREY),
        ("I;16", "tif", 65535, WHITE),
        ("I", "tif", 128 * 257, GREY),
        ("I", "tif", 200, 200),
        ("I", "tif", 2_000_000_000, WHITE),
        ("F", "tif", 0.5, GREY),
        ("F", "tif", 200.0, 200),
    ],
)
def test_every_mode_becomes_luma(
    tmp_path: Path, mode: str, suffix: str, colour: object, luma: int
) -> None:
    picture = open_luma(saved(tmp_path, mode, suffix, colour), 2048)
    assert (picture.mode, picture.size) == ("L", SIZE_PX)
    low, high = picture.getextrema()
    assert luma - 2 <= low <= high <= luma + 2  # type: ignore[operator]


def test_a_transparent_palette_colour_is_white(tmp_path: Path) -> None:
    target = tmp_path / "palette.png"
    Image.new("P", SIZE_PX, 0).save(target, transparency=0)
    assert open_luma(target, 2048).getextrema() == (WHITE, WHITE)


def test_of_an_animation_the_first_frame_is_taken(tmp_path: Path) -> None:
    target = tmp_path / "moving.gif"
    first, second = Image.new("L", SIZE_PX, 200), Image.new("L", SIZE_PX, 10)
    first.save(target, save_all=True, append_images=[second])
    assert open_luma(target, 2048).getextrema() == (200, 200)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_turned_upright(tmp_path: Path, orientation: int) -> None:
    upright = Image.new("L", (60, 40), BLACK)
    upright.paste(WHITE, (0, 0, 20, 10))
    # What a camera held this way stores is the inverse of how it is turned back.
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }.get(orientation)
    stored = upright if back is None else upright.transpose(back)
    exif = Image.Exif()
    exif[0x0112] = orientation
    target = tmp_path / "held.png"
    stored.save(target, exif=exif)
    assert open_luma(target, 2048).tobytes() == upright.tobytes()


@pytest.mark.parametrize(
    ("size_px", "suffix", "expected_px"),
    [
        ((300, 100), "png", (90, 30)),
        ((100, 901), "png", (10, 90)),
        ((900, 3), "jpg", (90, 1)),
        ((1440, 720), "jpg", (90, 45)),
        ((90, 90), "png", (90, 90)),
        ((1, 1), "png", (1, 1)),
    ],
)
def test_larger_pictures_are_scaled_down_and_others_kept(
    tmp_path: Path, size_px: tuple[int, int], suffix: str, expected_px: tuple[int, int]
) -> None:
    target = tmp_path / f"large.{suffix}"
    Image.new("RGB", size_px, "white").save(target)
    assert open_luma(target, 90).size == expected_px


def png(width_px: int, height_px: int) -> bytes:
    """Return a PNG that promises a size and holds almost nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width_px, height_px, 8, 0, 0, 0, 0)
    signature = b"\x89PNG\r\n\x1a\n"
    return signature + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize("size_px", [(8001, 8000), (10_000, 10_000), (60_000, 60_000)])
def test_a_decompression_bomb_is_refused_by_its_header(
    tmp_path: Path, size_px: tuple[int, int]
) -> None:
    target = tmp_path / "bomb.png"
    target.write_bytes(png(*size_px))
    with pytest.raises(NotAPicture) as refused:
        open_luma(target, 2048)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "content",
    [b"", b"no picture at all", b"%!PS-Adobe-3.0 EPSF-3.0\n", png(10, 10), b"\x89PNG\r\n\x1a\n"],
    ids=["empty", "text", "postscript", "no pixels", "signature only"],
)
def test_what_is_no_picture_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    target = tmp_path / "file.png"
    target.write_bytes(content)
    with pytest.raises(NotAPicture, match=r"file\.png: ") as refused:
        open_luma(target, 2048)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "gif", "bmp", "tif"])
def test_a_file_cut_short_is_refused(tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"whole.{suffix}"
    rng = random.Random(1)
    Image.frombytes("RGB", (80, 80), rng.randbytes(80 * 80 * 3)).save(target)
    whole = target.read_bytes()
    target.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(NotAPicture):
        open_luma(target, 2048)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "gif", "bmp", "tif", "ppm"])
def test_a_file_with_flipped_bytes_is_a_picture_or_refused(tmp_path: Path, suffix: str) -> None:
    rng = random.Random(suffix)
    target = tmp_path / f"broken.{suffix}"
    Image.frombytes("RGB", (40, 40), rng.randbytes(40 * 40 * 3)).save(target)
    whole = target.read_bytes()
    for _ in range(60):
        broken = bytearray(whole)
        for place in rng.choices(range(min(len(whole), 400)), k=3):
            broken[place] = rng.randrange(256)
        target.write_bytes(broken)
        try:
            assert open_luma(target, 256).mode == "L"
        except NotAPicture as refused:
            assert "\n" not in str(refused)  # noqa: PT017 - either outcome is right


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe"])
def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "special"
    if kind == "folder":
        target.mkdir()
    elif kind == "pipe":
        os.mkfifo(target)
    with pytest.raises(NotAPicture, match="special: "):
        open_luma(target, 2048)


def test_the_file_is_closed_again(tmp_path: Path) -> None:
    target = saved(tmp_path, "RGB", "png", "white")
    picture = open_luma(target, 2048)
    # Only links to the file count: other threads of the test run open and close files too.
    held = [fd for fd in Path("/proc/self/fd").iterdir() if fd.exists() and fd.samefile(target)]
    assert held == []
    assert picture.size == SIZE_PX
