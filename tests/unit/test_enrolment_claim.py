"""Claims and codes as people type them."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.enrolment.claim import (
    Code,
    checked_server,
    claim_text,
    mark_of,
    pin_text,
    read_claim,
    read_code,
    read_pin,
)
from kiosk.errors import EnrolmentError

CLAIM = bytes(range(16))
PIN = bytes(range(32))


@given(st.binary(min_size=16, max_size=16))
def test_a_claim_is_read_as_it_was_written(claim: bytes) -> None:
    assert read_claim(claim_text(claim)) == claim
    assert read_claim(claim_text(claim).lower().replace("-", " ")) == claim


@given(st.text(max_size=40))
def test_whatever_is_typed_is_a_claim_or_our_error(text: str) -> None:
    with contextlib.suppress(EnrolmentError):
        assert len(read_claim(text)) == 16


def test_letters_that_look_alike_are_the_same() -> None:
    assert read_claim("OIL" + "0" * 23) == read_claim("011" + "0" * 23)


@pytest.mark.parametrize("text", ["", "0" * 25, "0" * 27, "U" * 26, "Z" * 26])
def test_a_mistyped_claim_is_noticed(text: str) -> None:
    with pytest.raises(EnrolmentError):
        read_claim(text)


def test_a_code_holds_the_claim_the_server_and_the_pin() -> None:
    text = Code("https://enrol.example:8443", CLAIM, PIN).text()
    # Capital letters and few signs: a QR symbol of these is a third smaller.
    assert set(text) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
    assert read_code(text) == Code("https://enrol.example:8443", CLAIM, PIN)


@pytest.mark.parametrize("text", ["", "DKENROL:2:x", "DKENROL:1:", "https://enrol.example"])
def test_what_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(EnrolmentError):
        read_code(text)


def test_a_pin_is_read_in_both_ways() -> None:
    assert read_pin(pin_text(PIN)) == read_pin(PIN.hex()) == read_pin(PIN.hex(":").upper()) == PIN


@pytest.mark.parametrize(
    "url",
    ["http://a", "https://", "https://a/b", "https://u:p@a", "ftp://a", "https://a:x", "a", ""],
)
def test_only_an_https_address_is_a_server(url: str) -> None:
    with pytest.raises(EnrolmentError):
        checked_server(url)


def test_a_mark_says_nothing_of_its_claim() -> None:
    assert CLAIM.hex() not in mark_of(CLAIM)
    assert mark_of(CLAIM) != mark_of(bytes(16))
