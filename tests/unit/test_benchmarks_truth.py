"""What counts as read, as exact and as false; whatever is wrong here is wrong in all figures."""

import pytest

from benchmarks.truth import Truth, Verdict, judge, judge_negative, judge_unknown

EXACT = Verdict(read=True, exact=True, false=False)
CHANGED = Verdict(read=True, exact=False, false=False)
FALSE = Verdict(read=False, exact=False, false=True)
MISSED = Verdict(read=False, exact=False, false=False)
KANA = "ﾃﾞｻﾞｲﾝQR\nhttp://d-qr.example/ex/"


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (b"https://example.org", "https://example.org"),
        (b"two\r\nlines\r\n", "two\nlines"),
        (b"two\nlines", "two\r\nlines\r\n"),
        ("Trần Thị Bình".encode(), "Trần Thị Bình"),
        (KANA.encode("cp932"), KANA),
        ("Grüße, à bientôt".encode("latin-1"), "Grüße, à bientôt"),
        ("測試一下".encode("gb18030"), "測試一下"),
        ("Nguyễn".encode("utf-16"), "Nguyễn"),
        ("Nguyễn".encode("utf-8-sig"), "Nguyễn"),
    ],
)
def test_bytes_that_spell_the_text_in_a_usual_charset_are_exact(payload: bytes, text: str) -> None:
    assert judge([payload], Truth(text)) == EXACT


@pytest.mark.parametrize(
    ("payload", "truth"),
    [
        # What zbar's guesses make of names and of half-width kana.
        ("099085000001|B蘗i Anh|Nam".encode(), Truth("099085000001|Bùi Anh|Nam")),
        (KANA.encode("cp932").decode("gb18030").encode(), Truth(KANA)),
        ("Tr廕吵|0123456789".encode(), Truth(payload="Trần|0123456789".encode())),
        # Of known bytes, another spelling of the same text is not exact.
        (KANA.encode(), Truth(payload=KANA.encode("cp932"))),
    ],
)
def test_the_right_code_with_other_characters_is_read_but_not_exact(
    payload: bytes, truth: Truth
) -> None:
    assert judge([payload], truth) == CHANGED


@pytest.mark.parametrize("payload", [b"https://example.com/x", b"7", "測試".encode(), b"\x00"])
@pytest.mark.parametrize("text", ["099085000001|Anh|Nam", "短", "KIOSK"])
def test_another_text_is_false(payload: bytes, text: str) -> None:
    assert judge([payload], Truth(text)) == FALSE


def test_a_false_text_beside_the_right_one_does_not_hide() -> None:
    verdict = judge([b"right", b"made up by nobody"], Truth("right"))
    assert verdict == Verdict(read=True, exact=True, false=True)


def test_nothing_reported_is_a_miss_and_not_false() -> None:
    assert judge([], Truth("text")) == MISSED
    assert judge_negative([]) == MISSED
    assert judge_unknown([]) == MISSED


def test_whatever_is_reported_without_a_code_is_false() -> None:
    assert judge_negative([b"x"]) == FALSE


def test_of_an_unknown_code_only_reading_counts() -> None:
    assert judge_unknown([b"x"]) == CHANGED


def test_a_truth_says_something() -> None:
    with pytest.raises(ValueError, match="needs a text or a payload"):
        Truth()
