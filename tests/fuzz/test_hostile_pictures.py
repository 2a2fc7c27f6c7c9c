"""Whatever is held up or handed in: no exception but ours, bounded results, bounded work a frame.

Work is counted in calls of the decoders and pixels shown to them, not in time.
"""

import io
import random
import struct
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from benchmarks.sheets import SHEETS
from kiosk.errors import NotAPicture
from kiosk.eye.decoders import Decoder, Symbol, Threshold, zxing
from kiosk.eye.frame import Frame
from kiosk.eye.look import RETRY_MOST, Look
from kiosk.eye.look_settings import LookSettings
from kiosk.eye.people import person
from kiosk.eye.pictures import MAX_FILE_PIXELS, open_luma
from kiosk.eye.scenes import Scene, SceneCode, draw
from kiosk.eye.strategies import ENLARGE_MOST_PX

zbarlight = pytest.importorskip(
    "kiosk.eye.decoders.zbarlight", reason="zbarlight has no wheels: it is in the extra `zbar`"
)

MOST_CALLS = 1 + 1 + RETRY_MOST + 1 + 3
"""The frame, a followed region, a look at each located symbol, a strategy, the stack's most."""
MOST_ENLARGED = 2 * 2
MOST_SYMBOLS = 300
MAX_PX = 512
PERIOD_NS = 33_333_333
GATED = LookSettings(patience_ms=0, extra_share=100)
EAGER = GATED.model_copy(update={"gate": False})
SIZE = (640, 480)


@dataclass
class Counting:
    """A decoder that counts what another one is shown."""

    inner: Decoder
    calls: int = 0
    pixels: int = 0

    def __post_init__(self) -> None:
        self.name, self.reads_inverted = self.inner.name, self.inner.reads_inverted

    def decode(
        self, frame: Frame, threshold: Threshold = Threshold.LOCAL, *, brief: bool = False
    ) -> list[Symbol]:
        self.calls += 1
        self.pixels = max(self.pixels, frame.width_px * frame.height_px)
        return self.inner.decode(frame, threshold, brief=brief)


def both() -> list[Counting]:
    return [
        Counting(zxing.build(zxing.Settings())),
        Counting(zbarlight.build(zbarlight.Settings())),
    ]


def hold_up(look: Look, decoders: list[Counting], pictures: list[Frame]) -> None:
    """Show frames, and bound what each of them costs and gives."""
    for frame in pictures:
        before = sum(one.calls for one in decoders)
        symbols = look.read(frame)
        assert len(symbols) <= MOST_SYMBOLS
        assert sum(one.calls for one in decoders) - before <= MOST_CALLS
        own = frame.width_px * frame.height_px
        most = max(MOST_ENLARGED * min(own, ENLARGE_MOST_PX), own, 900 * 900)
        assert all(one.pixels <= most for one in decoders)


def frame_of(picture: Image.Image, number: int) -> Frame:
    at_ns = number * PERIOD_NS
    return Frame(picture.tobytes(), *picture.size, picture.width, at_ns, at_ns)


@pytest.mark.parametrize("name", SHEETS)
@pytest.mark.threat("hostile-picture")
def test_a_hostile_sheet_costs_a_bounded_number_of_looks_a_frame(name: str) -> None:
    decoders = both()
    look = Look(decoders, EAGER)
    sheet = SHEETS[name](SIZE)
    hold_up(look, decoders, [frame_of(sheet, n) for n in range(2 * look.turns)])
    assert sum(one.calls for one in decoders) >= 2 * look.turns


def test_located_symbols_that_cannot_be_read_are_retried_a_few_at_a_time() -> None:
    codes = tuple(
        SceneCode(text=person(random.Random(n)), x=x, y=y, size=0.4, damage=0.9)
        for n, (x, y) in enumerate([(0.2, 0.3), (0.5, 0.3), (0.8, 0.3), (0.2, 0.75), (0.6, 0.75)])
    )
    decoders = both()
    look = Look(decoders, EAGER)
    pictures = [draw(Scene(codes=codes), SIZE, 1, n) for n in range(24)]
    located = len(look.read(frame_of(pictures[0], 0)))
    assert located > RETRY_MOST
    hold_up(look, decoders, [frame_of(p, n + 1) for n, p in enumerate(pictures)])


@settings(max_examples=25, deadline=None)
@given(
    width=st.integers(1, 400),
    height=st.integers(1, 300),
    padding=st.integers(0, 70),
    seed=st.integers(0, 2**32),
    cut_last=st.booleans(),
)
def test_any_size_and_stride_is_looked_at(
    width: int, height: int, padding: int, seed: int, *, cut_last: bool
) -> None:
    stride = width + padding
    luma = random.Random(seed).randbytes(stride * height)
    if cut_last:
        luma = luma[: stride * (height - 1) + width]
    decoders = both()
    look = Look(decoders, EAGER)
    at_ns = [n * PERIOD_NS for n in range(look.turns)]
    hold_up(look, decoders, [Frame(luma, width, height, stride, at, at) for at in at_ns])
    assert decoders[0].calls >= look.turns


def test_frames_that_change_their_size_while_a_card_is_followed() -> None:
    decoders = both()
    look = Look(decoders, GATED)
    scene = Scene(codes=(SceneCode(text=person(random.Random(1)), size=0.6),))
    card = draw(scene, SIZE, 1)
    small = card.resize((97, 61))
    shown = [card, card, small, card, small, SHEETS["noise"]((801, 33)), card] * 4
    hold_up(look, decoders, [frame_of(p, n) for n, p in enumerate(shown)])
    assert look.reads


def png_header(width: int, height: int) -> bytes:
    """Return a PNG that promises so many pixels and holds none."""
    ihdr = struct.pack(">II5B", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", ihdr), (b"IDAT", zlib.compress(b"\0")), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks
    )


HUGE = {
    "png": png_header(20_000, 10_000),
    "bmp": b"BM"
    + struct.pack("<IHHI", 54, 0, 0, 54)
    + struct.pack("<IiiHHIIiiII", 40, 20_000, 10_000, 1, 8, 0, 0, 1, 1, 256, 0),
    "pgm": b"P5 20000 10000 255\n",
    "widest png": png_header(2**31 - 1, 2**31 - 1),
}


@pytest.mark.parametrize("name", HUGE)
@pytest.mark.threat("hostile-picture")
def test_a_header_that_promises_200_megapixels_is_refused(name: str, tmp_path: Path) -> None:
    assert MAX_FILE_PIXELS < 200_000_000
    path = tmp_path / "picture"
    path.write_bytes(HUGE[name])
    with pytest.raises(NotAPicture) as refused:
        open_luma(path, MAX_PX)
    assert "\n" not in str(refused.value)


def saved(form: str) -> bytes:
    stream = io.BytesIO()
    SHEETS["tiled 4 px"]((300, 200)).save(stream, form)
    return stream.getvalue()


FILES = {form: saved(form) for form in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "PPM", "WEBP")}


@settings(max_examples=80, deadline=None)
@given(
    form=st.sampled_from(sorted(FILES)),
    part=st.floats(0, 1),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=8),
)
def test_a_cut_or_broken_file_is_a_picture_or_is_refused(
    form: str, part: float, changes: list[tuple[float, int]]
) -> None:
    raw = bytearray(FILES[form][: round(part * len(FILES[form]))])
    for place, value in changes if raw else []:
        raw[int(place * len(raw))] = value
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture"
        path.write_bytes(raw)
        try:
            picture = open_luma(path, MAX_PX)
        except NotAPicture:
            return
    assert picture.mode == "L"
    assert max(picture.size) <= MAX_PX
    decoders = both()
    hold_up(Look(decoders, GATED), decoders, [frame_of(picture, 0)])


@pytest.mark.parametrize("form", FILES)
def test_whole_files_are_pictures(form: str, tmp_path: Path) -> None:
    path = tmp_path / "picture"
    path.write_bytes(FILES[form])
    assert open_luma(path, MAX_PX).size == (300, 200)
