"""The search for traces finds what it must find, or a run without hits would prove nothing."""

import base64
import hashlib
import json
import unicodedata
from collections.abc import Callable

import pytest

from benchmarks.planted import Search, folded, forms, people
from benchmarks.privacy import _linked, control, judge
from benchmarks.privacy_run import SITES, Ran
from kiosk.payloads import formats, read
from tests.parts.issuers import trust, union, ward

PLANTED = people(14)
ONE = PLANTED[0]
SEARCH = Search(PLANTED)
NAME, NUMBER, ADDRESS = ONE.texts["name"], ONE.texts["number"], ONE.texts["address"]
BIRTH = ONE.texts["birth"]

WAYS: dict[str, bytes] = {
    "a payload": ONE.payload.encode(),
    "a payload in a log": json.dumps({"seen": ONE.payload}).encode(),
    "a name": NAME.encode(),
    "a decomposed name": unicodedata.normalize("NFD", NAME).encode(),
    "a name without marks": folded(NAME).upper().encode(),
    "a name in UTF-16": NAME.encode("utf-16"),
    "a number": NUMBER.encode(),
    "a number in UTF-16": NUMBER.encode("utf-16-be"),
    "a birth date": f"born {BIRTH[:2]}/{BIRTH[2:4]}/{BIRTH[4:]}".encode(),
    "a birth date in digits": f'"{BIRTH}"'.encode(),
    "an address": ADDRESS.encode(),
    "a number in hexadecimal": NUMBER.encode().hex().upper().encode(),
    "a number under a plain hash": hashlib.sha256(NUMBER.encode()).hexdigest().encode(),
    "a number under a plain hash, raw": hashlib.sha256(NUMBER.encode()).digest(),
}


@pytest.mark.parametrize("name", WAYS)
def test_it_is_found_wherever_it_stands(name: str) -> None:
    raw = WAYS[name]
    for around in (b"", b"\x00\xff", b" "):
        found = [hit.what for hit in SEARCH.hits("here", around + raw + around)]
        assert any(what.startswith("person 0 (cccd): ") for what in found)


@pytest.mark.parametrize("before", range(7))
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_it_is_found_in_the_middle_of_base64(before: int, encode: Callable[[bytes], bytes]) -> None:
    whole = encode(b"x" * before + NAME.encode() + b"and more")
    assert [*SEARCH.hits("here", whole)]


def test_somebody_elses_and_a_clock_are_not_taken_for_it() -> None:
    clean = json.dumps({"mono_ns": f"12{BIRTH}34", "name": "Trần Không Ai", "n": "0123456789"})
    assert [*SEARCH.hits("here", clean.encode() * 100)] == []


def test_everybody_is_searched_for_in_many_forms() -> None:
    assert {one.kind for one in PLANTED} == set(formats())
    assert len({one.payload for one in PLANTED}) == len(PLANTED)
    for one in PLANTED:
        assert len(list(forms(one))) > 20
        assert all(len(form.raw) >= 8 for form in forms(one))


@pytest.mark.parametrize("one", PLANTED, ids=lambda one: one.kind)
def test_everybody_has_a_card_that_doors_read(one: object) -> None:
    card = next(each for each in PLANTED if each is one)
    content = read(card.payload.encode(), formats(), trust(ward(), union()))
    assert getattr(content, "kind", None) == card.kind
    assert getattr(content, "subject_id", None) == card.subject_id


def event(number: int, site: str, **data: object) -> dict[str, object]:
    return {"id": f"{site}:{number}", "source": site, "data": {"kind": "cccd", **data}}


def ran(one: dict[str, object], other: dict[str, object]) -> Ran:
    rest = {s: [event(n, s, handle=f"{s}{n}", sealed="x" * 30) for n in range(9)] for s in SITES}
    rest[SITES[0]].append(one)
    rest[SITES[1]].append(other)
    identity = {"kind": "cccd", "subject_id": ONE.subject_id}
    opened = [{"id": each["id"], **identity} for each in (one, other)]
    return Ran({"a/kiosk.log": b"line\n" * 9}, rest, {"cccd": 2}, opened, [])


def test_two_events_that_share_a_value_are_linked() -> None:
    boxes = ("1.0a1b2c3d.abcdefghijklmnopqrstuvwxyz", "1.0a1b2c3d.ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    one = event(77, SITES[0], handle="a" * 32, sealed=boxes[0])
    apart = event(78, SITES[1], handle="b" * 32, sealed=boxes[1])
    same_handle = event(78, SITES[1], handle="a" * 32, sealed=boxes[1])
    same_box = event(78, SITES[1], handle="b" * 32, sealed=boxes[0][:-3] + "XYZ")
    assert [_linked(one, each, ran(one, each)) for each in (apart, same_handle, same_box)] == [
        False,
        True,
        True,
    ]


def test_a_run_without_a_control_that_is_found_is_not_as_it_should_be() -> None:
    one, other = (event(77, s, handle=s * 5, sealed=s * 9) for s in SITES)
    left = ran(one, other)
    assert control(SEARCH, PLANTED, left)
    verdict = judge(PLANTED, left)
    assert (verdict.hits, verdict.same_person_pairs, verdict.opened) == ([], 1, 2)
    leaked = Ran({"a/kiosk.log": NAME.encode()}, left.events, {}, left.opened, [])
    assert judge(PLANTED, leaked).hits
    assert not judge(PLANTED, leaked).ok
