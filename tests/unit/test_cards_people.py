"""A clerk's list: as spreadsheets write it, and every bad line told by its number."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.door.credential import CardClass, DayParity, Quota
from provisioning.cards import people
from provisioning.cards.people import Person, Row
from provisioning.errors import ProvisioningError

VIETNAMESE = "Họ và tên;Năm sinh;Ghi chú;Loại thẻ;Chẵn lẻ;Số lượt;Từ ngày;Đến ngày"
ENGLISH = "name,birth year,note,class,parity,quota,valid from,valid until"
BINH = Row(
    2,
    Person("Trần Thị Bình", 1950, "Tổ 5"),
    CardClass.ESCORT,
    DayParity.ODD,
    Quota(5, 15),
    date(2026, 9, 21),
    date(2026, 12, 31),
)
LINE_VI = "Trần Thị Bình;1950;Tổ 5;Người đi kèm;lẻ;5 trong 15;21/09/2026;31/12/2026"
LINE_EN = "Trần Thị Bình,1950,Tổ 5,escort,odd,5/15,2026-09-21,2026-12-31"


def problems(text: str) -> list[tuple[int, str]]:
    return [(p.line, p.reason) for p in people.parse(text).problems]


@pytest.mark.parametrize(
    "raw",
    [
        f"{VIETNAMESE}\n{LINE_VI}\n".encode(),
        f"{VIETNAMESE}\r\n{LINE_VI}\r\n;;;;;;;\r\n".encode("utf-8-sig"),
        f"{ENGLISH}\n{LINE_EN}".encode(),
        f"{ENGLISH.upper()}\n{LINE_EN}\n\n\n".encode(),
        f"{ENGLISH.replace(' ', '_')},,\n{LINE_EN},,\n".encode(),
        f"{VIETNAMESE}\n{LINE_VI}\n".replace(";", "\t").encode("utf-16"),
        f"{VIETNAMESE}\n{LINE_VI}\n".replace("Trần", "Tra\u0302\u0300n").encode(),
        f"{VIETNAMESE}\n{LINE_VI}\n".replace("Thị ", "Thị\u00a0 ").encode(),
        f'{ENGLISH}\n"Trần Thị Bình",1950,"Tổ 5",escort,Lẻ,5 in 15,21.9.2026,31-12-2026\n'.encode(),
    ],
    ids=["vi", "bom", "en", "capitals", "underscores", "utf-16", "decomposed", "nbsp", "quoted"],
)
def test_it_is_read_as_spreadsheets_write_it(tmp_path: Path, raw: bytes) -> None:
    source = tmp_path / "people.csv"
    source.write_bytes(raw)
    found = people.read(source)
    assert found.problems == []
    assert found.rows == [BINH]


def test_a_first_line_of_excel_s_own_does_not_shift_the_lines() -> None:
    found = people.parse(f"sep=;\n{VIETNAMESE}\n{LINE_VI}\nAn 2;;;;;;;\n")
    assert [row.line for row in found.rows] == [3]
    assert [p.line for p in found.problems] == [4]


def test_what_a_line_leaves_out_is_left_to_the_command() -> None:
    assert people.parse("name\nLê An\n").rows == [Row(2, Person("Lê An"))]


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("name=An 2", "name: may hold letters"),
        ("name==1+1", "name: may hold letters"),
        ("name=An\u202eB", "name: may hold letters"),
        ("name=" + "An " * 21 + "B", "name: longer than 60"),
        ("name=", "name: missing"),
        ("birth year=19500", "birth year: write four digits"),
        ("birth year=1899", "birth year: write four digits"),
        ("birth year=năm", "birth year: write four digits"),
        ("note=" + "n" * 41, "note: longer than 40"),
        ("note=a\x07b", "note: holds a character"),
        ("class=vip", "class: not one of"),
        ("parity=1", "parity: not one of"),
        ("quota=05/12/2026", "quota: write visits in days"),
        ("quota=0/15", "quota: write visits in days"),
        ("quota=5/100", "quota: write visits in days"),
        ("quota=5", "quota: write visits in days"),
        ("valid until=31/2/2027", "valid until: write a day"),
        ("valid until=2199-01-01", "valid until: not between"),
        ("valid from=soon", "valid from: write a day"),
    ],
)
def test_a_cell_that_cannot_be_used_is_told_by_its_line(cell: str, told: str) -> None:
    name, _, text = cell.partition("=")
    cells = {"name": "Lê An", name: text}
    found = problems(
        ",".join(cells)
        + "\nTrần B"
        + "," * (len(cells) - 1)
        + "\n"
        + ",".join(cells.values())
        + ",\n"
    )
    if len(cells) == 1 and not text:
        found = problems("name,note\nTrần B,\n,x\n")
    assert [line for line, _ in found] == [3]
    assert found[0][1].startswith(told)
    # The wrong column may hold a name: no cell is shown.
    assert not text or len(text) < 3 or text not in found[0][1]


def test_every_bad_line_is_told_and_every_reason_of_it() -> None:
    found = problems("name,birth year,class\n2,x,vip\nLê An,1950,\n,,staff\nTrần B,2,\n")
    assert [line for line, _ in found] == [2, 2, 2, 4, 5]


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    found = problems('name,note\n\n"Lê An","hai\ndòng"\nTrần 2,\n')
    assert [line for line, _ in found] == [3, 5]


def test_the_same_person_twice_is_told() -> None:
    text = "name,birth year,note\nLê An,1950,\nLÊ AN,1950,\nLê An,1950,Tổ 2\nLê Ân,1950,\n"
    assert [line for line, _ in problems(text)] == [3]


def test_more_cells_than_headings_are_told() -> None:
    assert problems("name\nLê An,1950\n") == [(2, "more cells than there are headings")]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no column name|column 1 is not known"),
        ("note\nx\n", "there is no column name"),
        ("name,adress\nLê An,Huế\n", ":1: column 2 is not known"),
        ("name,,note\nLê An,,\n", ":1: column 2 is not known"),
        ("name,họ tên\nLê An,\n", ":1: column 2 is name again"),
        ("name\n", "nobody is in it"),
        ('name\nLê An\n"Trần B\n', ":3: no CSV"),
        ("name\n" + "Lê An\n" * 10_001, "more than 10000 people"),
    ],
)
def test_a_list_that_is_none_is_refused_in_one_line(text: str, told: str) -> None:
    with pytest.raises(ProvisioningError) as caught:
        people.parse(text, "a.csv")
    assert any(each in str(caught.value) for each in told.split("|"))
    assert "\n" not in str(caught.value)


def test_another_character_set_is_told_by_its_line(tmp_path: Path) -> None:
    source = tmp_path / "people.csv"
    source.write_bytes("name\nLe An\nCafé\n".encode("latin-1"))
    with pytest.raises(ProvisioningError, match=":3: not UTF-8; save it as CSV UTF-8"):
        people.read(source)


def test_a_list_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ProvisioningError, match="cannot be read"):
        people.read(tmp_path / "people.csv")
    with pytest.raises(ProvisioningError, match="cannot be read"):
        people.read(tmp_path)


def test_problems_are_told_in_the_order_of_lines_and_nothing_is_issued() -> None:
    found = people.parse("name,birth year\nLê 2,\nTrần B,x\n")
    found.problems.reverse()
    with pytest.raises(ProvisioningError) as caught:
        found.refuse("a.csv")
    lines = str(caught.value).splitlines()
    assert [line.partition(": ")[0] for line in lines[:2]] == ["a.csv:2", "a.csv:3"]
    assert lines[2:] == ["nothing was issued"]


@given(st.text(alphabet=st.characters() | st.sampled_from(',;\t\n\r"= '), max_size=200))
def test_any_text_is_people_or_one_refusal(text: str) -> None:
    try:
        found = people.parse("name,birth year,quota\n" + text)
    except ProvisioningError:
        return
    assert found.rows or found.problems
    for row in found.rows:
        assert row.person.name.isprintable()
        assert "\n" not in row.person.name
