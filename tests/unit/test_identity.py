"""Who passed, without saying who."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.door.credential import Assurance, Credential, Foreign, ForeignKind
from kiosk.identity import HANDLE_BYTES, handle_of, mark_of
from kiosk.payloads import formats, read

SITE, OTHER_SITE, DEVICE = b"s" * 32, b"t" * 32, b"d" * 32
AN = Credential("cccd", "001090000001")
SEVEN = "001090000001|011000001|Nguyễn Văn An|01011990|Nam|Hà Nội|15042021".encode()
ELEVEN = "001090000001||Nguyễn Văn An|01011990|Nam|Quảng Ninh|01082024||||".encode()

kinds = st.text(st.characters(categories=["Ll", "Nd"], max_codepoint=127), max_size=8)
people = st.builds(Credential, kinds, st.text(max_size=20))


def test_a_handle_is_the_documented_hmac() -> None:
    message = b"\x00\x04cccd" + b"001090000001"
    full = hmac.new(SITE, message, hashlib.sha256).hexdigest()
    assert handle_of(AN, SITE) == full[: 2 * HANDLE_BYTES]
    assert HANDLE_BYTES == 16


@pytest.mark.threat("link-venues")
def test_a_person_is_another_one_at_another_site() -> None:
    assert handle_of(AN, SITE) != handle_of(AN, OTHER_SITE)


def test_a_mark_is_no_handle() -> None:
    assert mark_of(AN, SEVEN, DEVICE) != handle_of(AN, SITE)


def test_how_much_a_card_proves_does_not_change_who_it_is() -> None:
    signed = Credential("cccd", "001090000001", Assurance.SIGNED)
    assert handle_of(signed, SITE) == handle_of(AN, SITE)


def test_two_layouts_of_one_card_are_one_mark() -> None:
    marks = {mark_of(read(raw, formats()), raw, DEVICE) for raw in (SEVEN, ELEVEN)}
    assert len(marks) == 1


def test_two_foreign_codes_of_one_kind_are_two_marks() -> None:
    url = Foreign(ForeignKind.URL)
    assert mark_of(url, b"https://a.vn", DEVICE) != mark_of(url, b"https://b.vn", DEVICE)


def test_a_code_that_holds_a_bare_number_is_not_that_persons_mark() -> None:
    raw = b"cccd001090000001"
    assert mark_of(Foreign(ForeignKind.UNKNOWN), raw, DEVICE) != mark_of(AN, SEVEN, DEVICE)


@given(people, people)
def test_kind_and_subject_are_kept_apart(one: Credential, other: Credential) -> None:
    same = (one.kind, one.subject_id) == (other.kind, other.subject_id)
    assert (handle_of(one, SITE) == handle_of(other, SITE)) is same


@given(kinds, st.text(max_size=20), st.integers(min_value=0, max_value=8))
def test_a_letter_cannot_move_from_kind_to_subject(kind: str, subject: str, cut: int) -> None:
    whole = kind + subject
    moved = Credential(whole[:cut], whole[cut:])
    same = moved == Credential(kind, subject)
    assert (handle_of(moved, SITE) == handle_of(Credential(kind, subject), SITE)) is same


@given(people)
def test_a_handle_is_32_hex_digits_and_says_nothing(person: Credential) -> None:
    handle = handle_of(person, SITE)
    assert len(bytes.fromhex(handle)) == HANDLE_BYTES
    assert len(person.subject_id) < 8 or person.subject_id not in handle
