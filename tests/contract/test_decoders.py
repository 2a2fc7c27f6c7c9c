"""What every decoder promises, over every adapter: exact or nothing, and never an exception."""

import mmap
import random
from pathlib import Path

import pytest
import segno

from kiosk.app.adapters import DECODERS
from kiosk.eye.decoders import Decoder, Symbol
from kiosk.eye.frame import Frame
from tests.parts.families import every, loaded, settings
from tests.parts.qr import CARD, beside, cards, frame, names, painted, picture, rows_of

SCRIPTED = "scripted"
"""The one that reads nothing, on purpose."""
READERS = tuple(name for name in every(DECODERS) if name != SCRIPTED)


@pytest.fixture(params=every(DECODERS))
def decoder(request: pytest.FixtureRequest, tmp_path: Path) -> Decoder:
    """Build one adapter after the other."""
    return built(request.param, tmp_path)


@pytest.fixture(params=READERS)
def reader(request: pytest.FixtureRequest, tmp_path: Path) -> Decoder:
    """Build one after the other of those that read."""
    return built(request.param, tmp_path)


@pytest.fixture
def zxing(tmp_path: Path) -> Decoder:
    """Build zxing-cpp, which promises more than the contract."""
    return built("zxing", tmp_path)


def built(name: str, folder: Path) -> Decoder:
    adapter = loaded(DECODERS, name)
    decoder: Decoder = adapter.build(settings(adapter, folder))
    return decoder


def payloads(symbols: list[Symbol]) -> list[bytes | None]:
    return [symbol.payload for symbol in symbols]


def test_it_is_called_by_its_file(decoder: Decoder, request: pytest.FixtureRequest) -> None:
    assert decoder.name == request.node.callspec.params["decoder"]


@pytest.mark.parametrize(
    "text",
    [
        "A",
        "0123456789",
        "HTTPS://EXAMPLE.INVALID/A",
        "mixed | pipes, \t tabs\r\n and ~tildes~ \\",
        "Đặng Thị Ánh Tuyết",
        CARD,
        CARD + "||||",
        "x" * 1200,
    ],
)
def test_it_reads_exactly(reader: Decoder, text: str) -> None:
    symbols = reader.decode(picture(text))

    assert payloads(symbols) == [text.encode()]
    assert [symbol.decoder for symbol in symbols] == [reader.name]


@pytest.mark.parametrize("kind", [cards, names])
def test_bytes_are_exact_or_not_reported(decoder: Decoder, kind: type) -> None:
    read = 0
    for text in kind(80, seed=8):
        found = payloads(decoder.decode(picture(text, scale_px=2)))
        assert found in ([], [text.encode()])
        read += len(found)

    # zbar's guess can be undone for nearly all; a decoder that gave up would be no second opinion.
    assert read >= (0 if decoder.name == SCRIPTED else 72)


@pytest.mark.parametrize("padding_px", [1, 7, 64])
def test_what_stands_behind_a_row_is_not_looked_at(reader: Decoder, padding_px: int) -> None:
    assert payloads(reader.decode(picture(CARD, padding_px=padding_px))) == [CARD.encode()]


def test_the_last_row_needs_no_padding(reader: Decoder) -> None:
    full = picture(CARD, padding_px=9)
    cut = Frame(full.luma[:-9], full.width_px, full.height_px, full.stride_px, 1, 1)

    assert payloads(reader.decode(cut)) == [CARD.encode()]


@pytest.mark.parametrize("wrap", [bytes, bytearray, lambda luma: memoryview(bytearray(luma))])
def test_any_kind_of_buffer_will_do(reader: Decoder, wrap: type) -> None:
    plain = picture(CARD)
    wrapped = Frame(wrap(bytes(plain.luma)), plain.width_px, plain.height_px, plain.stride_px, 1, 1)

    assert payloads(reader.decode(wrapped)) == [CARD.encode()]


def test_a_part_of_a_larger_buffer_will_do(reader: Decoder) -> None:
    plain = picture(CARD)
    camera = memoryview(b"\x11" * 100 + bytes(plain.luma) + b"\x11" * 100)
    part = Frame(
        camera[100:-100].toreadonly(), plain.width_px, plain.height_px, plain.stride_px, 1, 1
    )

    assert payloads(reader.decode(part)) == [CARD.encode()]


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (3, 500), (500, 3), (1, 4000), (320, 240)])
@pytest.mark.parametrize("fill", ["black", "white", "stripes", "noise"])
def test_a_picture_of_nothing_gives_nothing(
    decoder: Decoder, size: tuple[int, int], fill: str
) -> None:
    width_px, height_px = size
    dice = random.Random(5)
    luma = {
        "black": b"\x00" * width_px * height_px,
        "white": b"\xff" * width_px * height_px,
        "stripes": (b"\x00\xff" * width_px * height_px)[: width_px * height_px],
        "noise": dice.randbytes(width_px * height_px),
    }[fill]
    symbols = decoder.decode(Frame(luma, width_px, height_px, width_px, 1, 1))

    assert [payload for payload in payloads(symbols) if payload is not None] == []


def test_an_empty_symbol_is_not_reported(decoder: Decoder) -> None:
    assert payloads(decoder.decode(picture(b""))) in ([], [None])


def test_two_codes_in_one_picture_are_both_read(reader: Decoder) -> None:
    found = payloads(reader.decode(beside(picture(CARD), picture("the other one"))))

    assert sorted(filter(None, found)) == sorted([CARD.encode(), b"the other one"])


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_card_may_be_turned(reader: Decoder, turns: int) -> None:
    rows = rows_of(picture(CARD))
    for _ in range(turns):
        rows = [bytes(column) for column in zip(*rows[::-1], strict=True)]

    assert payloads(reader.decode(frame(rows))) == [CARD.encode()]


@pytest.mark.parametrize("version", ["m2", "m3", "m4"])
def test_a_micro_code_is_no_card(decoder: Decoder, version: str) -> None:
    tiny = picture("12345", micro=True, version=version, error=None, scale_px=6)

    assert [payload for payload in payloads(decoder.decode(tiny)) if payload] == []


@pytest.mark.parametrize("parts", [2, 4])
def test_a_part_of_a_larger_text_is_not_reported(reader: Decoder, parts: int) -> None:
    for error in "lmqh":
        for text in (*cards(2, seed=3), *names(1, seed=4), "1234567890" * 9, "CARD 1" * 20):
            for rows in parts_of(text, parts, error):
                turned = [bytes(column) for column in zip(*rows[::-1], strict=True)]
                for shown in (rows, turned):
                    found = payloads(reader.decode(frame(shown)))
                    assert [payload for payload in found if payload is not None] == []


def test_whole_texts_of_any_mode_are_no_parts(zxing: Decoder) -> None:
    for text in ("1", "12345678" * 8, "AB", "HTTPS://EXAMPLE.INVALID/" * 5, CARD, "Bùi"):
        for error in "lmqh":
            for mask in range(8):
                plain = picture(text, error=error, mask=mask)
                rows = rows_of(plain)
                for shown in (rows, [row[::-1] for row in rows]):
                    assert payloads(zxing.decode(frame(shown))) == [text.encode()]


def test_a_damaged_symbol_is_not_made_up(decoder: Decoder) -> None:
    for part in (0.25, 0.3, 0.4, 0.5):
        for luma in (0, 127, 255):
            damaged = painted(picture(CARD, error="l"), part, luma)
            found = payloads(decoder.decode(damaged))
            assert found in ([], [None], [CARD.encode()])


def test_the_frame_is_the_only_owner_of_its_bytes(decoder: Decoder) -> None:
    """A view into a buffer that nobody holds any more is read from freed memory and crashes.

    Memory mapped from the kernel goes back to it at once, so that early is never early enough.
    """
    plain = picture(CARD)
    for _ in range(200):
        found = payloads(decoder.decode(_mapped(plain)))
        assert found in ([], [CARD.encode()])


def test_a_copy_of_the_decoders_own_lives_long_enough(decoder: Decoder) -> None:
    """Without its last row's padding a frame has to be copied by most."""
    plain = picture(CARD, padding_px=9)
    luma, shape = bytes(plain.luma)[:-9], (plain.width_px, plain.height_px, plain.stride_px)
    for _ in range(200):
        found = payloads(decoder.decode(Frame(bytes(bytearray(luma)), *shape, 1, 1)))
        assert found in ([], [CARD.encode()])


def test_the_frame_is_not_kept(decoder: Decoder) -> None:
    """A camera reuses its buffer: an exported view would keep it from being resized."""
    plain = picture(CARD)
    luma = bytearray(plain.luma)
    decoder.decode(Frame(memoryview(luma), plain.width_px, plain.height_px, plain.stride_px, 1, 1))

    luma.clear()
    assert not luma


def test_a_symbol_that_was_found_and_not_read_has_a_place(zxing: Decoder) -> None:
    damaged = painted(picture(CARD, error="l", scale_px=4), 0.3)
    (symbol,) = zxing.decode(damaged)

    assert symbol.payload is None
    # Version 5 has 37 modules, from the border of 4 on.
    assert symbol.corners == ((16, 16), (164, 16), (164, 164), (16, 164))


def test_corners_go_round_from_the_symbols_own_top_left(zxing: Decoder) -> None:
    rows = rows_of(picture(CARD, scale_px=4))
    (upright,) = zxing.decode(frame(rows))
    (turned,) = zxing.decode(frame([bytes(column) for column in zip(*rows[::-1], strict=True)]))

    assert upright.corners is not None
    assert turned.corners == (*upright.corners[1:], upright.corners[0])


@pytest.mark.parametrize("text", ["plain", CARD])
def test_zxing_reads_light_on_dark(zxing: Decoder, text: str) -> None:
    assert payloads(zxing.decode(picture(text, inverted=True))) == [text.encode()]


@pytest.mark.parametrize(
    "raw", [bytes(range(256)), b"AAA\0BBB", b"\xff\xfe\x00", "\ufeffBùi".encode(), b"\xe9"]
)
def test_zxing_gives_any_bytes_as_they_are(zxing: Decoder, raw: bytes) -> None:
    assert payloads(zxing.decode(picture(raw))) == [raw]


def parts_of(text: str, parts: int, error: str) -> list[list[bytes]]:
    """Return the pictures of a structured append."""
    symbols = segno.make_sequence(text, symbol_count=parts, error=error, boost_error=False)
    return [
        [bytes(0 if dark else 255 for dark in row) for row in symbol.matrix_iter(scale=3, border=4)]
        for symbol in symbols
    ]


def _mapped(plain: Frame) -> Frame:
    """Return the frame in memory of its own, which the frame alone keeps."""
    memory = mmap.mmap(-1, len(plain.luma))
    memory.write(plain.luma)
    return Frame(memoryview(memory), plain.width_px, plain.height_px, plain.stride_px, 1, 1)
