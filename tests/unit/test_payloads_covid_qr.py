"""The personal QR of the COVID years, in the shapes in which it was made."""

import pytest

from kiosk.door.credential import Assurance, Credential
from kiosk.errors import PayloadError
from kiosk.payloads import formats, read
from kiosk.payloads.covid_qr import parse

QID = "162979388586171100"
FIELDS = {
    "document": "099090000001",
    "name": "NGUYEN VAN AN",
    "birth": "1990-01-01",
    "declared": "0",
    "qid": QID,
    "ext": "<1<00<0900000000",
}


def code(tail: str = "", **changed: str) -> bytes:
    return ("|".join((FIELDS | changed).values()) + tail).encode()


GOOD = {
    "a citizen's number": code(),
    "an old number of nine digits": code(document="011000001"),
    "a masked number of nine": code(document="******509"),
    "a masked number of twelve": code(document="*********509"),
    "a number masked whole": code(document="*" * 12),
    "declared for another": code(declared="1"),
    "a name with accents": code(name="Nguyễn Văn An"),
    "EXT in the other order": code(ext="<1<GD4010000000001<0900000000<<"),
    "EXT empty": code(ext=""),
    "EXT of anything": code(ext="<" * 50),
    "born on a leap day": code(birth="1996-02-29"),
    "a line at the end": code("\r\n"),
}
BAD = {
    "no document number": (code(document=""), "document number"),
    "a document number of ten": (code(document="0990900000"), "document number"),
    "a document number with letters": (code(document="B00000001"), "document number"),
    "digits of another script": (code(document="٠٠١٠٩٠٠٠٠٠٠١"), "document number"),
    "no name": (code(name=" "), "name"),
    "the thirtieth of February": (code(birth="1990-02-30"), "birth date: no such day"),
    "month thirteen": (code(birth="1990-13-01"), "birth date: no such month"),
    "the year zero": (code(birth="0000-01-01"), "birth date: no such year"),
    "no QID": (code(qid=""), "QID"),
    "a QID with a space": (code(qid="1629793885 6171100"), "QID"),
    "a QID of four": (code(qid="1629"), "QID"),
    "a QID without end": (code(qid="1" * 65), "QID"),
    "a broken letter": (code(name="Nguyễn").replace("ễ".encode(), b"\xe1\xbb"), "text: not UTF-8"),
}
NOT_MINE = {
    "nothing": b"",
    "five fields": code().rpartition(b"|")[0],
    "seven fields": code("|"),
    "a birth date of an ID card": code(birth="01011990"),
    "a birth date in part": code(birth="1990"),
    "a birth date with one digit": code(birth="1990-1-01"),
    "declared for neither": code(declared="2"),
    "declared for nobody": code(declared=""),
    "another separator": code().replace(b"|", b";"),
}


@pytest.mark.parametrize("name", GOOD)
def test_only_the_qid_is_kept(name: str) -> None:
    assert parse(GOOD[name]) == Credential("covid_qr", QID, Assurance.UNSIGNED)
    assert read(GOOD[name], formats()) == parse(GOOD[name])


@pytest.mark.parametrize("name", BAD)
def test_a_damaged_code_is_refused_and_the_flaw_is_named(name: str) -> None:
    raw, flaw = BAD[name]
    with pytest.raises(PayloadError) as caught:
        parse(raw)
    assert flaw in str(caught.value)
    for field in raw.decode("utf-8", "replace").split("|"):
        assert len(field.strip()) < 5 or field not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("name", NOT_MINE)
def test_what_is_no_such_code_is_left_to_others(name: str) -> None:
    assert parse(NOT_MINE[name]) is None


def test_one_person_is_one_whatever_document_was_shown() -> None:
    shown = {parse(code(document=number)) for number in ("099090000001", "*********001")}
    assert len(shown) == 1
