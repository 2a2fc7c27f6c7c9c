"""The poster says what people have a right to know, and its legend is what the door shows."""

import unicodedata
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest
from typer.testing import CliRunner

from kiosk.door.signal import Fault, Signal, pattern_of
from kiosk.door.signal_names import ACTIONS, FAULTS, SIGNALS
from provisioning.cli import app
from provisioning.poster import layout, legend
from provisioning.poster.layout import Notice
from tests.house.test_docs import cells

ROOT = Path(__file__).parents[2]
NOTICE = Notice(
    "Quán Phở Thử",
    ("Biết ai có mặt cùng lúc", "To know who was here at the same time"),
    ("Quyết định 12/QĐ-UBND", "Decision 12/QĐ-UBND"),
    21,
    "Phường Thử, 024 0000 0000",
)
LONGEST = Notice(
    "W" * 60, ("W " * 100, "W " * 100), ("W " * 100, "W " * 100), 3660, "W" * 100, "W" * 60
)
OPTIONS = {
    "--venue": "Quán Phở Thử",
    "--purpose": "Truy vết",
    "--legal-basis": "Quyết định 12/QĐ-UBND",
    "--retention-days": "21",
    "--contact": "024 0000 0000",
}


def text_on(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    assert len(document) == 1
    told = document[0].get_textpage().get_text_range()
    document.close()
    return " ".join(unicodedata.normalize("NFC", told).split())


def test_it_says_what_people_have_a_right_to_know() -> None:
    told = text_on(layout.pdf(NOTICE))
    for each in (
        *(NOTICE.venue, *NOTICE.purpose, *NOTICE.legal_basis, NOTICE.contact),
        *("21 ngày", "21 days", "91/2025/QH15", "356/2025/NĐ-CP"),
        *("Bản sao của thẻ được nhận như thẻ", "a code proves issue, not presence"),
    ):
        assert each in told
    assert told.index(layout.TITLE[0]) < told.index(layout.TITLE[1])
    assert "niêm phong" not in told
    sealed = text_on(layout.pdf(replace(NOTICE, authority="CDC")))
    assert "niêm phong: chỉ CDC mở được" in sealed


def test_every_signal_and_fault_is_in_the_legend_as_the_door_shows_it() -> None:
    told = text_on(layout.pdf(NOTICE))
    rows = list(legend.rows())
    expected = [pattern_of(s) for s in Signal if s is not Signal.OUT_OF_ORDER]
    expected += [pattern_of(Signal.OUT_OF_ORDER, fault) for fault in Fault]
    assert [row.pattern for row in rows] == expected
    assert set(SIGNALS) == set(ACTIONS) == set(Signal)
    assert set(FAULTS) == set(Fault)
    for row in rows:
        for words in (*row.name, *row.action):
            assert words in told


def test_the_page_for_venues_says_the_same_as_the_poster() -> None:
    said = {row[0]: row[4] for row in cells(ROOT / "README.vi.md", "Đèn và tiếng")}
    for signal in Signal:
        if signal is not Signal.OUT_OF_ORDER:
            assert said[SIGNALS[signal][0]] == ACTIONS[signal][0]


def test_the_same_notice_is_the_same_file() -> None:
    assert layout.pdf(NOTICE) == layout.pdf(NOTICE)


def test_the_longest_notice_stays_on_its_page() -> None:
    document = pypdfium2.PdfDocument(layout.pdf(LONGEST))
    page = document[0]
    width, height = page.get_size()
    text = page.get_textpage()
    found = [text.get_charbox(index) for index in range(text.count_chars())]
    document.close()
    assert len(found) > 1500
    for left, bottom, right, top in found:
        assert 20 <= left <= right <= width - 20
        assert 20 <= bottom <= top <= height - 20


def test_the_command_writes_it_for_its_owner_and_never_over_another(tmp_path: Path) -> None:
    target = tmp_path / "poster.pdf"
    arguments = ["poster", "--pdf", str(target), *(x for pair in OPTIONS.items() for x in pair)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    told = text_on(target.read_bytes())
    assert all(value in told for value in OPTIONS.values())
    done = CliRunner().invoke(app, arguments)
    assert (done.exit_code, done.output.count("\n")) == (1, 1)
    assert "is there already" in done.output


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--venue", "V" * 61, "--venue: plain text of at most 60"),
        ("--purpose", "  ", "--purpose: say it"),
        ("--legal-basis", "", "--legal-basis: say it"),
        ("--contact", "a\x07", "--contact: plain text"),
        ("--contact", "王", "--contact: no font here prints 王"),
        ("--retention-days", "0", "--retention-days"),
        ("--purpose", None, "--purpose"),
    ],
)
def test_what_cannot_be_said_is_one_line_and_no_poster(
    tmp_path: Path, option: str, value: str | None, told: str
) -> None:
    options = {**OPTIONS, option: value}
    given = [x for name, text in options.items() if text is not None for x in (name, text)]
    done = CliRunner().invoke(app, ["poster", "--pdf", str(tmp_path / "p.pdf"), *given])
    assert done.exit_code != 0
    assert told in done.output
    assert list(tmp_path.iterdir()) == []
