"""zbar guesses charsets; what we hand on is what the symbol holds, or nothing.

The first half asks the pure function, the second libzbar itself, with symbols that lead its guess
astray.
"""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("zbarlight", reason="it has no wheels: it is in the extra `zbar`")

from kiosk.eye.decoders.zbarlight import Settings, build, exact_bytes
from tests.parts.qr import CARD, cards, names, picture

LETTERS = "aăâbdđeêơpưvxyàảãáạằẳẵắặầẩẫấậỳỷỹýỵAĂÂĐÊƠƯẢẠẤẦÝ |,.@/0123"
GUESSES = ("big5", "cp932", "shift_jis", "latin-1")


def guessed(raw: bytes, charset: str) -> bytes | None:
    """Return what zbar hands out for `raw` when it takes it for `charset`."""
    try:
        return raw.decode(charset).encode()
    except UnicodeError:
        return None


def read(content: str | bytes, **more: Any) -> list[bytes | None]:
    return [s.payload for s in build(Settings()).decode(picture(content, **more))]


@given(st.binary().filter(bytes.isascii))
def test_ascii_is_what_it_is(raw: bytes) -> None:
    assert exact_bytes(raw) == raw


@given(st.binary())
def test_any_bytes_give_bytes_or_nothing(raw: bytes) -> None:
    assert exact_bytes(raw) is None or isinstance(exact_bytes(raw), bytes)


@pytest.mark.parametrize("charset", GUESSES)
def test_a_wrong_guess_is_undone_or_not_reported(charset: str) -> None:
    undone = 0
    for text in (*names(150, seed=1), *cards(150, seed=2)):
        handed_out = guessed(text.encode(), charset)
        if handed_out is not None:
            assert exact_bytes(handed_out) in (text.encode(), None)
            undone += exact_bytes(handed_out) == text.encode()

    assert undone > 0


@pytest.mark.parametrize("charset", GUESSES)
@given(text=st.text(st.sampled_from(LETTERS), max_size=40))
def test_no_vietnamese_text_comes_back_as_another(charset: str, text: str) -> None:
    handed_out = guessed(text.encode(), charset)
    if handed_out is not None:
        assert exact_bytes(handed_out) in (text.encode(), None)


@pytest.mark.parametrize("text", ["Trần", "Nữ", "Sơn", "Hà Nội", CARD])
def test_text_that_only_utf8_can_hold_is_taken_as_it_is(text: str) -> None:
    assert exact_bytes(text.encode()) == text.encode()


@pytest.mark.parametrize(
    "text", ["Tr\uf6c0", "\uf6b1ng", "\u2554", "\u20ac", "日本", "Bùi", "\uffe5"]
)
def test_text_whose_history_is_open_is_not_reported(text: str) -> None:
    """Private-use characters, and what Python's charsets lack, may come from a guess of zbar's."""
    assert exact_bytes(text.encode()) is None


@pytest.mark.parametrize("raw", [b"\xff", b"\xc3", b"ok\x80", b"\xed\xa0\x80"])
def test_what_is_no_utf8_cannot_have_been_handed_out(raw: bytes) -> None:
    assert exact_bytes(raw) is None


@pytest.mark.parametrize("raw", [b"caf\xe9", b"\xa9 2024", b"Stra\xdfe", bytes(range(128, 160))])
def test_bytes_that_are_no_utf8_are_not_reported(raw: bytes) -> None:
    assert read(raw) in ([], [raw])


ODD = ("Bùi", "Lý", "Ý Ý", "ữ|ữ", "Dương", "Sơn", "ươ", "Ả@x", "ẢD", "ẤQ", "ạn", "a\u0302\u0301")
"""Some of these zbar takes for Big5 with characters that Python's Big5 does not have."""


@pytest.mark.parametrize("text", [*names(40, seed=4), *cards(20, seed=5), *ODD])
def test_libzbar_never_makes_us_report_other_bytes(text: str) -> None:
    assert read(text, scale_px=2) in ([], [text.encode()])


@settings(max_examples=60)
@given(text=st.text(st.sampled_from(LETTERS), min_size=1, max_size=16))
def test_libzbar_itself_is_never_believed_too_much(text: str) -> None:
    assert read(text, scale_px=2) in ([], [text.encode()])


@pytest.mark.parametrize("text", ["Bùi Thị Lý", "Trần", CARD])
def test_a_declared_charset_is_no_reason_to_change_bytes(text: str) -> None:
    assert read(text, encoding="utf-8", eci=True) in ([], [text.encode()])


@pytest.mark.parametrize("content", [b"", b"\0", b"\0after"])
def test_an_empty_payload_is_not_reported(content: bytes) -> None:
    assert read(content) == []


@pytest.mark.parametrize(
    ("raw", "cut"),
    [(b"AAA\0BBB", b"AAA"), (CARD.encode() + b"\0more", CARD.encode()), (b"\xef\xbb\xbfTu", b"Tu")],
)
def test_what_the_library_cuts_off_is_lost_before_we_see_it(raw: bytes, cut: bytes) -> None:
    """The known exceptions: it ends at a NUL and swallows a byte order mark, and nothing tells.

    No card holds either. What is left is the symbol's own text, never other characters.
    """
    assert read(raw) in ([], [raw], [cut])
