"""The health-insurance card, old and new, in the shapes in which it is met."""

import pytest

from kiosk.door.credential import Assurance, Credential, Validity
from kiosk.errors import PayloadError
from kiosk.payloads import formats, read
from kiosk.payloads.bhyt import parse

NUMBER = "0100000001"
AN = "Nguyễn Văn An".encode().hex()
HANOI = "Thành phố Hà Nội".encode().hex()
OLD = {
    "number": f"GD401{NUMBER}",
    "name": AN,
    "birth": "01/01/1990",
    "sex": "1",
    "address": HANOI,
    "clinic": "01 - C54",
    "from": "01/01/2021",
    "to": "31/12/2021",
    "issued": "01/01/2021",
}
NEW = OLD | {
    "number": NUMBER,
    "address": "-",
    "from": "01/07/2023",
    "to": "-",
    "issued": "31/07/2023",
    "managing": "01050100000001",
    "parent": "-",
    "living": "4",
    "five years": " 01/10/2027",
    "check": "0123456789abcdef-1202",
    "fourteen": "4",
    "place": HANOI,
}


def old(**changed: str) -> bytes:
    return ("|".join((OLD | changed).values()) + "|$").encode()


def new(**changed: str) -> bytes:
    return ("|".join((NEW | changed).values()) + "|$").encode()


GOOD = {
    "seventeen parts": new(),
    "ten parts": old(),
    "a woman": new(sex="2"),
    "hexadecimal in capitals": new(name=AN.upper(), place=HANOI.upper()),
    "an address": new(address=HANOI),
    "no address in the old one": old(address="-"),
    "an empty address": old(address=""),
    "a birth date without zeros": new(birth="1/7/1990"),
    "a birth month and year": new(birth="07/1990"),
    "a birth year": old(birth="1990"),
    "an en dash in the clinic's code": new(clinic="01 – C54"),  # noqa: RUF001 - as printed
    "another living area": new(living="K1"),
    "a parent's name": new(parent=AN),
    "no five years": new(**{"five years": "-"}),
    "an end date": new(to="31/12/2027"),
    "no place": new(place=""),
    "a line at the end": new() + b"\r\n",
}
BAD = {
    "nine parts": (old().replace(b"|01/01/2021|$", b"|$"), "parts"),
    "eleven parts": (old() + b"|$", "parts"),
    "ten parts with a new number": (old(number=NUMBER), "parts"),
    "seventeen with an old number": (new(number=OLD["number"]), "parts"),
    "cut off after the name": (b"|".join(new().split(b"|")[:2]), "parts"),
    "without its end": (new()[:-1], "end"),
    "with another end": (old()[:-1] + b"#", "end"),
    "a name of half a byte": (new(name=AN[:-1]), "name: not UTF-8 in hexadecimal"),
    "a name that is not UTF-8": (new(name="c328"), "name: not UTF-8 in hexadecimal"),
    "a blank name": (new(name="2020"), "name: empty"),
    "an address of half a byte": (old(address=HANOI[:-1]), "address"),
    "an address in clear": (old(address="Ha Noi"), "address"),
    "a place of half a byte": (new(place=HANOI[:-1]), "place of issue"),
    "no birth date": (new(birth="-"), "birth date"),
    "a birth date of an ID card": (new(birth="01011990"), "birth date"),
    "the thirty-first of April": (new(birth="31/04/1990"), "birth date: no such day"),
    "month zero": (new(birth="0/1990"), "birth date: no such month"),
    "another sex": (new(sex="3"), "sex"),
    "a sex in words": (new(sex="Nam"), "sex"),
    "a start that never was": (new(**{"from": "30/02/2023"}), "start date: no such day"),
    "an end that never was": (old(to="31/11/2021"), "end date: no such day"),
    "an issue date in part": (new(issued="2023"), "issue date"),
    "five years that never were": (new(**{"five years": "00/10/2027"}), "date of five years"),
    "bytes that are no text": (new(living="4").replace(b"|4|", b"|\xff|"), "text: not UTF-8"),
}
NOT_MINE = {
    "nothing": b"",
    "a number": NUMBER.encode(),
    "a name in clear": new(name="Nguyen Van An"),
    "no name": new(name=""),
    "nine digits": new(number="010000001"),
    "eleven digits": new(number="01000000011"),
    "a citizen's number": new(number="099090000001"),
    "small letters": old(number=f"gd401{NUMBER}"),
    "digits of another script": new(number="\u0660" * 10),
    "another separator": new().replace(b"|", b";"),
}


@pytest.mark.parametrize("name", GOOD)
def test_only_the_number_is_kept(name: str) -> None:
    found = parse(GOOD[name])
    assert found == Credential("bhyt", NUMBER, Assurance.UNSIGNED, Validity())
    assert read(GOOD[name], formats()) == found


@pytest.mark.parametrize("name", BAD)
def test_a_damaged_card_is_refused_and_the_flaw_is_named(name: str) -> None:
    raw, flaw = BAD[name]
    with pytest.raises(PayloadError) as caught:
        parse(raw)
    assert flaw in str(caught.value)
    for part in raw.decode("utf-8", "replace").split("|"):
        assert len(part.strip()) < 4 or part not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("name", NOT_MINE)
def test_what_is_no_such_card_is_left_to_others(name: str) -> None:
    assert parse(NOT_MINE[name]) is None


def test_the_old_card_and_the_new_one_are_one_person() -> None:
    assert parse(old()) == parse(new())
