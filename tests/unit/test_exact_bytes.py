"""Bytes are exact or are not reported: by the whole look, and by zbarlight alone."""

import random

import pytest
import segno

pytest.importorskip("zbarlight", reason="it has no wheels: it is in the extra `zbar`")

from zbarlight import scan_codes

from benchmarks.payloads import Tally, judge, readers, total
from benchmarks.texts import Payload, payloads, symbol
from kiosk.eye import libzbar
from kiosk.eye.decoders import Decoder, zbarlight, zxing
from kiosk.eye.frame import Frame
from kiosk.eye.look import Look
from kiosk.eye.look_settings import LookSettings
from kiosk.eye.luma import as_image
from kiosk.eye.people import person
from tests.parts.qr import frame, picture

COUNT = 300
BOM = b"\xef\xbb\xbf"
CARD = person(random.Random(5), 11).encode()


def looked(shown: Frame, *decoders: Decoder) -> set[bytes | None]:
    """Return what a look with these decoders reports once every way had its turn."""
    look = Look(decoders, LookSettings(gate=False, extra_share=100))
    # A symbol that was located and not read is no payload.
    return {s.payload for _ in range(look.turns) for s in look.read(shown)} - {None}


def second() -> Decoder:
    return zbarlight.build(zbarlight.Settings())


def both(shown: Frame) -> set[bytes | None]:
    return looked(shown, zxing.build(zxing.Settings()), second()) | looked(shown, second())


def parts(text: str, count: int) -> list[Frame]:
    """Return a structured append: one text over several symbols."""
    codes = segno.make_sequence(text, symbol_count=count, error="m", encoding="utf-8")
    return [
        frame([bytes(0 if dark else 255 for dark in row) for row in c.matrix_iter(3, 4)])
        for c in codes
    ]


def test_no_vietnamese_payload_is_changed_and_the_look_reads_them_all() -> None:
    tallies = judge(payloads(seed=42, count=COUNT), readers(), seed=42)
    whole = {name: total(kinds) for name, kinds in tallies.items()}
    assert {name: tally.changed for name, tally in whole.items()} == dict.fromkeys(whole, 0)
    assert whole["look"] == Tally(COUNT, COUNT, COUNT, 0)
    # Silence would be exact too.
    assert whole["zbarlight"].exact >= COUNT * 9 // 10
    assert whole["no libzbar"].exact >= COUNT // 2
    assert len(tallies["look"]) == 10


def test_a_changed_byte_would_be_counted() -> None:
    tally = Tally()
    for reported in ([b"a"], [b"b"], [b"a", b"b"], []):
        tally.add(b"a", reported)
    assert tally == Tally(shown=4, read=3, exact=1, changed=2)


def test_what_is_generated_is_the_same_for_a_seed_and_holds_letters_beyond_ascii() -> None:
    once, again = (list(payloads(7, 60)) for _ in range(2))
    assert once == again
    assert sum(not payload.raw.isascii() for payload in once) > 40
    assert {payload.eci for payload in once} == {True, False}


@pytest.mark.parametrize("raw", [b"AAA\0BBB", CARD + b"\0" + CARD, b"A\0"])
def test_a_nul_inside_ends_nothing(raw: bytes) -> None:
    assert libzbar.library() is not None
    assert both(picture(raw)) == {raw}


@pytest.mark.parametrize(
    "raw", [b"caf\xe9", "Trần".encode("utf-16-le"), b"Stra\xdfe \xa9", bytes(range(160, 256))]
)
def test_bytes_that_are_no_utf8_are_exact_or_not_reported(raw: bytes) -> None:
    shown = picture(raw)
    assert looked(shown, zxing.build(zxing.Settings())) == {raw}
    assert looked(shown, second()) <= {raw}


@pytest.mark.parametrize("raw", [BOM + CARD, BOM + b"Tu", BOM])
def test_a_byte_order_mark_is_part_of_the_payload(raw: bytes) -> None:
    assert both(picture(raw)) == {raw}


@pytest.mark.parametrize("count", [2, 3, 5])
def test_a_part_of_a_structured_append_is_never_reported_by_zbarlight(count: int) -> None:
    shown = parts(CARD.decode(), count)
    assert len(shown) == count
    # The library itself hands out parts.
    assert any(scan_codes(["qrcode"], as_image(part)) for part in shown)
    assert [looked(part, second()) for part in shown] == [set()] * count


def test_an_empty_segment_is_no_payload() -> None:
    assert both(picture(b"")) == set()


def test_a_symbol_that_declares_its_charset_holds_the_same_bytes() -> None:
    rng = random.Random(3)
    shown = [symbol(Payload("card 11", CARD, eci), rng) for eci in (True, False)]
    assert [both(one) for one in shown] == [{CARD}, {CARD}]
