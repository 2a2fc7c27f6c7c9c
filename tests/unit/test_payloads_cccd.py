"""The citizen ID card, in the shapes in which it is met."""

import unicodedata

import pytest

from kiosk.door.credential import Assurance, Credential, Damaged, Foreign, ForeignKind
from kiosk.errors import PayloadError
from kiosk.payloads import MAX_PAYLOAD_BYTES, formats, read
from kiosk.payloads.cccd import parse

FIELDS = {
    "number": "001090000001",
    "former": "011000001",
    "name": "Nguyễn Văn An",
    "birth": "01011990",
    "sex": "Nam",
    "address": "Số 1 Hàng Bạc, Hàng Bạc, Hoàn Kiếm, Hà Nội",
    "issued": "15042021",
}
WOMAN = {"number": "001190000002", "name": "Trần Thị Bình", "birth": "02031990", "sex": "Nữ"}
COVID = "001090000001|NGUYEN VAN AN|1990-01-01|0|162979388586171100|<1<00<0900000000"
BHYT_NEW = (
    "0100000001|4e677579e1bb856e2056c4836e20416e|01/01/1990|1|-|01 - C54|01/07/2023|-|31/07/2023"
    "|01050100000001|-|4| 01/10/2027|0123456789abcdef-1202|4|5468c3a06e68207068e1bb91|$"
)
BHYT_OLD = "GD4010000000001|4e677579e1bb856e|01/01/1990|1|-|01 - C54|01/01/2021|-|01/01/2021|$"


def card(tail: str = "", **changed: str) -> bytes:
    return ("|".join((FIELDS | changed).values()) + tail).encode()


GOOD = {
    "seven fields": card(),
    "eleven fields, four of them empty": card("||||"),
    "eleven fields, filled for some holders": card("|011000002|Nguyễn Văn Cha|Trần Thị Mẹ|"),
    "no former number": card(former=""),
    "a former number of twelve digits": card(former="001090000009"),
    "a woman": card(**WOMAN),
    "a birth year only": card(birth="1990"),
    "a birth month and year": card(birth="011990"),
    "born on a leap day": card(number="001096000001", birth="29021996"),
    "born on the leap day of 2000": card(number="001200000001", birth="29022000"),
    "a man born after 2000": card(number="001203000001", birth="05062003"),
    "a woman born after 2000": card(**(WOMAN | {"number": "001303000001", "birth": "05062003"})),
    "born in 1900": card(number="001000000001", birth="1900"),
    "of the last province": card(number="096090000001"),
    "of nobody's province, as made-up people are": card(number="099090000001"),
    "born abroad": card(number="284090000001"),
    "an empty address": card(address=""),
    "a name in capitals without accents": card(name="NGUYEN VAN AN"),
    "a name in composed letters": card(name=unicodedata.normalize("NFC", "Nguyễn Văn Ấn")),
    "a name in decomposed letters": card(name=unicodedata.normalize("NFD", "Nguyễn Văn Ấn")),
    "a line feed at the end": card("\n"),
    "a carriage return at the end": card("\r"),
    "both at the end": card("\r\n"),
    "both at the end of eleven fields": card("||||\r\n"),
}

# Which card, and what the message says of it.
BAD = {
    "eight fields": (card("|"), "8 fields"),
    "ten fields": (card("|||"), "10 fields"),
    "twelve fields": (card("|||||"), "12 fields"),
    "cut off after the sex": (b"|".join(card().split(b"|")[:5]), "5 fields"),
    "cut off after the address": (b"|".join(card().split(b"|")[:6]), "6 fields"),
    "a former number of eight digits": (card(former="01100000"), "former number"),
    "a former number with letters": (card(former="01100000A"), "former number"),
    "a former number of ten digits": (card(former="0110000011"), "former number"),
    "no name": (card(name=""), "name"),
    "a blank name": (card(name="  "), "name"),
    "an empty birth date": (card(birth=""), "birth date"),
    "a birth date with slashes": (card(birth="01/01/1990"), "birth date"),
    "a birth date the other way round": (card(birth="19900101"), "birth date"),
    "the thirtieth of February": (card(birth="30021990"), "birth date: no such day"),
    "no leap day in 1990": (card(birth="29021990"), "birth date: no such day"),
    "no leap day in 1900": (card(number="001000000001", birth="29021900"), "no such day"),
    "the thirty-first of April": (card(birth="31041990"), "birth date: no such day"),
    "day zero": (card(birth="00011990"), "birth date: no such day"),
    "month zero": (card(birth="001990"), "birth date: no such month"),
    "month thirteen": (card(birth="01131990"), "birth date: no such month"),
    "the year zero": (card(number="001000000001", birth="0000"), "birth date: no such year"),
    "digits of another script": (card(birth="٠١٠١١٩٩٠"), "birth date"),
    "an issue date in part": (card(issued="2021"), "issue date"),
    "no issue date": (card(issued=""), "issue date"),
    "an issue date that never was": (card(issued="31022021"), "issue date: no such day"),
    "no province": (card(number="000090000001"), "number: no such province"),
    "a province between two": (card(number="003090000001"), "number: no such province"),
    "a province after the last": (card(number="097090000001"), "number: no such province"),
    "another birth year": (card(birth="01011991"), "number: does not match the birth year"),
    "another century": (card(number="001290000001"), "number: does not match century or sex"),
    "born a century later": (card(birth="01012090"), "number: does not match century or sex"),
    "another sex": (card(sex="Nữ"), "number: does not match century or sex"),
    "a woman's number": (card(number="001190000002"), "number: does not match century or sex"),
    "a broken letter": (card().replace("ễ".encode(), b"\xe1\xbb"), "text: not UTF-8"),
    "Latin-1": (card(name="Nguyen V\xe3n").replace("\xe3".encode(), b"\xe3"), "text: not UTF-8"),
}

NOT_MINE = {
    "nothing": b"",
    "one field": b"001090000001",
    "the COVID-time personal code": COVID.encode(),
    "the health-insurance card of 17 parts": BHYT_NEW.encode(),
    "the health-insurance card of 10 parts": BHYT_OLD.encode(),
    "eleven digits": card(number="01090000001"),
    "thirteen digits": card(number="0010900000011"),
    "letters in the number": card(number="00109000000A"),
    "digits of another script": card(number="٠٠١٠٩٠٠٠٠٠٠١"),
    "a line feed before the separator": card(number="001090000001\n"),
    "another word for the sex": card(sex="Male"),
    "a dropped field": card().replace(b"|011000001|", b"|"),
    "another separator": card().replace(b"|", b";"),
    "the vaccine passport": b"HC1:NCFOXN%TSMAHN-H",
}


@pytest.mark.parametrize("name", GOOD)
def test_a_card_is_read_and_only_its_number_is_kept(name: str) -> None:
    raw = GOOD[name]
    number = raw.split(b"|")[0].decode()
    assert parse(raw) == Credential("cccd", number, Assurance.UNSIGNED)


@pytest.mark.parametrize("name", BAD)
def test_a_damaged_card_is_refused_and_the_flaw_is_named(name: str) -> None:
    raw, flaw = BAD[name]
    with pytest.raises(PayloadError) as caught:
        parse(raw)
    assert flaw in str(caught.value)


@pytest.mark.parametrize("name", BAD)
def test_a_message_holds_nothing_of_the_card(name: str) -> None:
    raw, _ = BAD[name]
    with pytest.raises(PayloadError) as caught:
        parse(raw)
    told = str(caught.value)
    for field in raw.decode("utf-8", "replace").split("|"):
        # A field may be a word of ours, such as a number of fields; three characters are telling.
        assert len(field.strip()) < 3 or field not in told
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize("name", NOT_MINE)
def test_what_is_no_citizen_card_is_left_to_others(name: str) -> None:
    assert parse(NOT_MINE[name]) is None


def test_reading_gives_the_card_its_flaw_or_its_kind() -> None:
    assert read(card(), formats()) == Credential("cccd", FIELDS["number"])
    flawed = read(card(birth="32011990"), formats())
    assert flawed == Damaged("cccd", "birth date: no such day")
    assert read(b"8934567890123", formats()) == Foreign(ForeignKind.UNKNOWN)


def test_a_format_that_is_not_enabled_is_not_asked() -> None:
    assert read(card(), ()) == Foreign(ForeignKind.UNKNOWN)
    assert read(card(birth="32011990"), ()) == Foreign(ForeignKind.UNKNOWN)


def test_the_largest_code_is_read() -> None:
    room = MAX_PAYLOAD_BYTES - len(card(address=""))
    assert parse(card(address="x" * room)) == Credential("cccd", FIELDS["number"])
