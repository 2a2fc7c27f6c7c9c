"""The printed card: its text, its measures, its code, and that it is the same file every time."""

import itertools
import os
import subprocess
import sys
import unicodedata
from datetime import date
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from pypdfium2.raw import FPDF_PAGEOBJ_IMAGE

from benchmarks.card_prints import cut_out, pages
from kiosk.app.decode import decoders
from kiosk.door.credential import CardClass, DayParity, Quota
from kiosk.eye.frame import Frame
from provisioning.cards import days, phrases, printing
from provisioning.cards.code import Terms, text_of
from provisioning.cards.form import Form
from provisioning.cards.people import Person
from provisioning.cards.pocket import CARD_HEIGHT_MM, CARD_WIDTH_MM
from provisioning.cards.register import Card, Ward
from provisioning.paper import fonts, symbol
from provisioning.paper.distance import ANY_CARD, LARGE_CODE
from tests.parts.clerk import ISSUER, WARD

_PT = 72 / 25.4
NAMES = (
    "Nguyễn Thị Bưởi",
    "Đặng Thùy Ý",
    "Công Tằng Tôn Nữ Hoàng Thùy Nguyễn Phúc Như Quỳnh Lê Thị Ánh",
    "Trương Quỹ Ngữ",
    "H'Hen Niê",
)
LETTERS = "aăâeêioôơuưyđ"
MARKS = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
FULL = Terms(
    days.start_s(date(2026, 9, 21)),
    days.start_s(date(2027, 9, 21)),
    CardClass.MINOR,
    DayParity.EVEN,
    Quota(99, 99),
)
WIDE = Ward(WARD.issuer, WARD.kid, "Phường Ô Chợ Dừa " + "W" * 23, "W" * 40)
LONGEST = Person("W" * 60, 1950, "W" * 40)


def cards(people: list[Person], terms: Terms = FULL) -> list[tuple[Card, str]]:
    found = []
    for number, person in enumerate(people, 1):
        card_id = number.to_bytes(8, "big")
        found.append((Card(number, card_id, person, terms, 0), text_of(card_id, terms, ISSUER)))
    return found


def text_on(pdf: bytes) -> str:
    """Return the text that a reader can search, with single spaces."""
    document = pypdfium2.PdfDocument(pdf)
    told = " ".join(page.get_textpage().get_text_range() for page in document)
    document.close()
    return " ".join(unicodedata.normalize("NFC", told).split())


@pytest.mark.parametrize("form", Form)
def test_vietnamese_text_is_extracted_exactly(form: Form) -> None:
    people = [Person(name, 1950, "Tổ 5, ngõ 12") for name in NAMES]
    told = text_on(printing.pdf(cards(people), WARD, form))
    for name in NAMES:
        assert name in told
    for phrase in (phrases.TITLE[0], "Phường Thử (vn-00070)", "024 0000 0000", "Tổ 5, ngõ 12"):
        assert phrase in told
    for vietnamese, english in (phrases.CLASSES[CardClass.MINOR], phrases.PARITIES[DayParity.EVEN]):
        assert vietnamese in told
        assert english in told
    assert "99 lượt trong 99 ngày" in told
    for day in ("21/09/2026", "20/09/2027"):
        assert day in told
    assert "Bản sao cũng là thẻ" in told
    assert "A copy is the card: it proves issue, not presence." in told
    held = LARGE_CODE if form is Form.SHEET else ANY_CARD
    assert held.vietnamese in told
    assert held.english in told


def test_vietnamese_comes_first() -> None:
    told = text_on(printing.pdf(cards([Person("Lê An")]), WARD, Form.SHEET))
    for vietnamese, english in (phrases.TITLE, phrases.HOLD, phrases.CARE, phrases.COPY):
        assert 0 <= told.index(vietnamese) < told.index(english)


def test_every_letter_of_vietnamese_is_there_and_extracted() -> None:
    letters = [unicodedata.normalize("NFC", a + b) for a, b in itertools.product(LETTERS, MARKS)]
    every = [x for x in letters if len(x) == 1]
    every += [x.upper() for x in every]
    assert len(set(every)) == 146
    assert fonts.missing("".join(every)) == ""
    told = text_on(
        printing.pdf(
            cards([Person("".join(every[at : at + 30])) for at in range(0, len(every), 30)]),
            WARD,
            Form.SHEET,
        )
    )
    assert set(every) <= set(told)


def test_the_code_holds_no_name_and_the_file_no_picture() -> None:
    ((_, code),) = cards([Person("Lê An")])
    assert code == cards([Person("Trần B")])[0][1]
    for form in Form:
        document = pypdfium2.PdfDocument(printing.pdf(cards([Person("Lê An")]), WARD, form))
        kinds = {each.type for page in document for each in page.get_objects(max_depth=9)}
        document.close()
        assert FPDF_PAGEOBJ_IMAGE not in kinds


@pytest.mark.parametrize("form", Form)
def test_the_same_cards_are_the_same_file(form: Form) -> None:
    people = cards([Person(name) for name in NAMES])
    assert printing.pdf(people, WARD, form) == printing.pdf(people, WARD, form)


AGAIN = """
import sys
from pathlib import Path
from provisioning.cards import printing
from provisioning.cards.form import Form
from tests.unit import test_cards_printing as here
people = here.cards([here.Person(name) for name in here.NAMES])
sys.stdout.buffer.write(printing.pdf(people, here.WARD, Form.CARD))
"""


def test_another_process_draws_the_same_file() -> None:
    drawn = []
    for seed in ("1", "2"):
        environ = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONWARNINGS": "ignore"}
        done = subprocess.run(
            [sys.executable, "-c", AGAIN],
            env=environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
            check=True,
            capture_output=True,
            timeout=60,
        )
        drawn.append(done.stdout)
    assert drawn[0] == drawn[1]
    assert drawn[0].startswith(b"%PDF")


def test_the_forms_have_the_measures_that_they_promise() -> None:
    assert printing.CODE[Form.SHEET][2] >= 50
    assert (CARD_WIDTH_MM, CARD_HEIGHT_MM) == (85.6, 53.98)
    for form in Form:
        x, y, side = printing.CODE[form]
        quiet = symbol.QUIET_MODULES * side / symbol.MODULES
        for left, top, width, height in printing.PLACES[form]:
            assert left >= 0
            assert left + width <= 210
            assert top + height <= 297.1
            assert quiet <= x <= width - side - quiet
            assert quiet <= y <= height - side - quiet


@pytest.mark.parametrize("form", Form)
def test_nothing_stands_in_the_quiet_zone(form: Form) -> None:
    """With the longest of everything, at 600 dots an inch."""
    raw = printing.pdf(cards([LONGEST]), WIDE, form)
    scale = 600 / 25.4
    (page,) = pages(raw, 600)
    left, top, *_ = printing.PLACES[form][0]
    x, y, side = printing.CODE[form]
    module = side / symbol.MODULES
    outer = page.crop(
        (
            round((left + x - 4 * module) * scale) + 1,
            round((top + y - 4 * module) * scale) + 1,
            round((left + x + side + 4 * module) * scale) - 1,
            round((top + y + side + 4 * module) * scale) - 1,
        )
    )
    edge = round(4 * module * scale) - 3
    for box in (
        (0, 0, outer.width, edge),
        (0, outer.height - edge, outer.width, outer.height),
        (0, 0, edge, outer.height),
        (outer.width - edge, 0, outer.width, outer.height),
    ):
        assert outer.crop(box).getextrema() == (255, 255)


def boxes(pdf: bytes) -> list[tuple[float, float, float, float]]:
    """Return where letters are on the first page: left, top, right, bottom in mm."""
    document = pypdfium2.PdfDocument(pdf)
    page = document[0]
    text = page.get_textpage()
    height: Any = page.get_height()
    found = []
    for index in range(text.count_chars()):
        left, bottom, right, top = text.get_charbox(index)
        if right > left:
            found.append((left / _PT, (height - top) / _PT, right / _PT, (height - bottom) / _PT))
    document.close()
    return found


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("name", [LONGEST.name, NAMES[2]])
def test_the_longest_of_everything_stays_on_its_card(form: Form, name: str) -> None:
    person = Person(name, 1950, LONGEST.note)
    found = boxes(printing.pdf(cards([person]), WIDE, form))
    left, top, width, height = printing.PLACES[form][0]
    x, y, side = printing.CODE[form]
    assert len(found) > 300
    for letter in found:
        assert left + 1.5 <= letter[0] < letter[2] <= left + width - 1.5
        assert top + 1.5 <= letter[1] < letter[3] <= top + height - 1.5
        beside = letter[0] > left + x + side or letter[2] < left + x
        assert beside or letter[1] > top + y + side or letter[3] < top + y


@pytest.mark.parametrize("form", Form)
def test_lines_do_not_run_into_each_other(form: Form) -> None:
    """No letter of one line lies on a letter of another, however much there is to say."""
    found = boxes(printing.pdf(cards([Person(NAMES[2], 1950, "Tổ 5")]), WARD, form))
    for index, one in enumerate(found):
        for other in found[index + 1 :]:
            wide = min(one[2], other[2]) - max(one[0], other[0])
            high = min(one[3], other[3]) - max(one[1], other[1])
            assert wide < 0.25 or high < 0.25


def test_sixty_cards_rasterised_are_read() -> None:
    """Thirty of each form, at 150 dots an inch, by every decoder of the eye."""
    people = [Person(NAMES[number % len(NAMES)], None, str(number)) for number in range(30)]
    readers = decoders(None, {})
    for form in Form:
        printable = cards(people)
        prints = cut_out(printing.pdf(printable, WARD, form), form, len(people))
        for (_, code), picture in zip(printable, prints, strict=True):
            frame = Frame(picture.tobytes(), *picture.size, picture.width, 1, 1)
            for reader in readers:
                assert [s.payload for s in reader.decode(frame)] == [code.encode()]


def test_progress_is_told_card_by_card() -> None:
    told: list[tuple[int, int]] = []
    printing.pdf(
        cards([Person(name) for name in NAMES]), WARD, Form.CARD, lambda a, b: told.append((a, b))
    )
    assert told == [(number, 5) for number in range(1, 6)]
