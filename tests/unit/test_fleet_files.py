"""Fleet files, labels and allowances: what comes in from a spreadsheet, what goes on paper."""

from pathlib import Path

import pypdfium2
import pytest
import zxingcpp

from kiosk.enrolment.claim import Code, claim_text, read_code
from provisioning.errors import ProvisioningError
from provisioning.fleet import fleet_file, labels
from provisioning.fleet.allowance import Allowance
from provisioning.fleet.fleet_file import Row
from provisioning.fleet.many import Done, Made
from provisioning.fleet.progress import table

CLAIM, PIN = bytes(range(16)), bytes(range(32))
UNTIL_S = 1_800_000_000


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "fleet.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("site,device,title\nhk-1,door-1,Nhà văn hóa\n\nhk-1,door-2,\n", "utf-8"),
        ("Địa điểm;Máy;Tên\r\nhk-1;door-1;Nhà văn hóa\r\nhk-1;door-2;\r\n", "utf-8-sig"),
        ("title\tDEVICE\tsite\nNhà văn hóa\tdoor-1\thk-1\n\tdoor-2\thk-1\n", "utf-8"),
    ],
)
def test_a_spreadsheets_table_is_read(tmp_path: Path, text: str, encoding: str) -> None:
    rows = fleet_file.read(written(tmp_path, text, encoding))
    assert rows == [Row("hk-1", "door-1", "Nhà văn hóa"), Row("hk-1", "door-2")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no kiosk"),
        ("site,device\n", "holds no kiosk"),
        ("site,title\na,b\n", "must name the columns"),
        ("site,device,colour\na,b,c\n", "unknown column: colour"),
        ("site,device\na,b\na,b\n", "line 3: a/b stands in line 2 already"),
        ("site,device\nA,b\n", "line 2: 'A' is no name of a site"),
        ("site,device\na\n", "line 2: '' is no name of a device"),
        ("site,device\na,lists\n", "line 2: 'lists' is no name of a device"),
        (f"site,device,title\na,b,{'x' * 81}\n", "longer than 80"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ProvisioningError) as caught:
        fleet_file.read(written(tmp_path, text))
    assert said in str(caught.value)


def test_all_wrong_lines_are_told_together(tmp_path: Path) -> None:
    path = written(tmp_path, "site,device\n" + "A,b\n" * 30)
    with pytest.raises(ProvisioningError) as caught:
        fleet_file.read(path)
    assert len(str(caught.value).splitlines()) == 21
    assert "and 10 more" in str(caught.value)


def test_another_encoding_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProvisioningError, match="UTF-8"):
        fleet_file.read(written(tmp_path, "site,device\né,b\n", "latin-1"))


def made(number: int, *, claim: bool) -> Made:
    row = Row("hk-042", f"door-{number}", "Nhà văn hóa phường Phúc Tân")
    code = Code("https://enrol.example.org:8443", CLAIM, PIN) if claim else None
    return Made(row, Done.CLAIM if claim else Done.ENROLLED, UNTIL_S, code)


@pytest.mark.parametrize("claim", [True, False])
def test_every_label_of_a_sheet_is_read(*, claim: bool) -> None:
    several = [made(number, claim=claim) for number in range(30)]
    sheets = pypdfium2.PdfDocument(labels.pdf(several))
    found = [
        each.text
        for number in range(len(sheets))
        for each in zxingcpp.read_barcodes(sheets[number].render(scale=3).to_pil())
    ]
    assert len(sheets) == 2
    assert sorted(found) == sorted(labels.text_of(each) for each in several)
    words = " ".join(sheets[0].get_textpage().get_text_range().split())
    assert "hk-042" in words
    assert (claim_text(CLAIM).replace("-", " ") in words) is claim
    if claim:
        assert read_code(found[0]).claim == CLAIM


def test_a_title_that_cannot_be_printed_is_named() -> None:
    each = Made(Row("a", "b", "Buôn Êban Blŭk"), Done.ENROLLED, UNTIL_S)
    with pytest.raises(ProvisioningError, match="cannot be printed: ŭ"):
        labels.pdf([each])


@pytest.mark.parametrize(
    ("done", "first", "shown"), [(0, 0, 30), (10, 0, 30), (25, 10, 30), (49, 20, 30), (50, 0, 50)]
)
def test_the_table_moves_with_what_is_made_and_ends_whole(
    done: int, first: int, shown: int
) -> None:
    several = [made(number, claim=False) for number in range(50)]
    drawn = table([each.row for each in several], several[:done])
    assert drawn.title == f"{done} of 50 kiosks"
    names, states, _ = (list(column.cells) for column in drawn.columns)
    assert names == [f"hk-042/door-{number}" for number in range(first, first + shown)]
    assert sum("✓" in str(state) for state in states) == min(done - first, shown)


def test_an_allowance_is_used_up_and_comes_back() -> None:
    now = [0.0]
    allowance = Allowance(3, 0.5, lambda: now[0])
    assert [allowance.take("a") for _ in range(4)] == [True, True, True, False]
    assert allowance.take("b")
    now[0] = 2.0
    assert [allowance.take("a") for _ in range(2)] == [True, False]
    now[0] = 1000.0
    assert [allowance.take("a") for _ in range(4)] == [True, True, True, False]
