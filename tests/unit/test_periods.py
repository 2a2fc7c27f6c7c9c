"""The site's key moves forward, one period after the other, and never back."""

import hashlib
import hmac

import pytest

from kiosk.identity.periods import (
    CONFIRM_S,
    KEY_BYTES,
    LAST_PERIOD,
    SiteKey,
    Terms,
    Turning,
    as_text,
    derived,
    period_at,
    ratcheted,
    site_key_in,
)

DAY_S = 86400.0
TERMS = Terms("hk-042", 14)
KEY = derived(b"r" * 32, TERMS, 1484)


def hkdf(secret: bytes, info: bytes) -> bytes:
    """Return HKDF-SHA-256 as RFC 5869 writes it, one block, without our code."""
    extracted = hmac.digest(bytes(32), secret, hashlib.sha256)
    return hmac.digest(extracted, info + b"\1", hashlib.sha256)


def test_the_next_key_is_hkdf_of_the_last_bound_to_purpose_and_number() -> None:
    expected = hkdf(KEY.key, b"doorkiosk site key, next period\x001485")
    assert ratcheted(KEY, 1485) == SiteKey(expected, TERMS, 1485)
    first = hkdf(b"r" * 32, b"doorkiosk site key, period 0\x00hk-042\x0014")
    assert derived(b"r" * 32, TERMS, 0) == SiteKey(first, TERMS, 0)


def test_all_doors_of_a_venue_come_to_the_same_key_however_they_step() -> None:
    by_steps = KEY
    for period in (1485, 1486, 1490):
        by_steps = ratcheted(by_steps, period)
    assert by_steps == ratcheted(KEY, 1490) == derived(b"r" * 32, TERMS, 1490)


@pytest.mark.parametrize("other", [Terms("hk-043", 14), Terms("hk-042", 7)])
@pytest.mark.threat("other-sites")
def test_another_venue_and_another_length_have_other_keys(other: Terms) -> None:
    assert derived(b"r" * 32, other, 1484).key != KEY.key


@pytest.mark.threat("earlier-periods")
def test_nothing_leads_back() -> None:
    with pytest.raises(ValueError, match="forward only"):
        ratcheted(KEY, 1483)
    with pytest.raises(ValueError, match="forward only"):
        ratcheted(SiteKey(b"k" * 32), 1)


def utc_s(period: int, days: int = 14) -> float:
    return period * days * DAY_S + 1


TABLE = {
    "the same period": (1484, True, 1484),
    "the next period": (1485, True, 1485),
    "off for a quarter": (1484 + 6, True, 1484 + 6),
    "a clock that nobody believes": (1485, False, 1484),
    "a clock that went back": (1400, True, 1484),
    "years ahead": (1484 + 7, True, 1484),
    "beyond all numbers": (LAST_PERIOD + 5, True, 1484),
}


@pytest.mark.parametrize("name", TABLE)
def test_a_key_moves_with_a_trusted_clock_and_not_far_at_once(name: str) -> None:
    target, trusted, expected = TABLE[name]
    utc = utc_s(target) if trusted else None
    assert Turning().period(KEY, 10.0, utc) == expected


@pytest.mark.threat("lie-about-time")
def test_a_far_leap_waits_until_the_clock_stands_by_it() -> None:
    turning, far = Turning(), utc_s(1584)
    assert [turning.period(KEY, 10.0 + s, far) for s in (0, 60, CONFIRM_S - 1)] == [1484] * 3
    assert turning.waits
    assert turning.period(KEY, 10.0 + CONFIRM_S, far) == 1584
    assert not turning.waits


@pytest.mark.parametrize("between", [utc_s(1484), None])
def test_a_clock_that_takes_it_back_begins_the_wait_anew(between: float | None) -> None:
    turning, far = Turning(), utc_s(1584)
    turning.period(KEY, 0.0, far)
    assert turning.period(KEY, CONFIRM_S / 2, between) == 1484
    assert not turning.waits
    assert turning.period(KEY, CONFIRM_S, far) == 1484
    assert turning.period(KEY, 2 * CONFIRM_S, far) == 1584


def test_a_long_period_moves_by_one_at_once() -> None:
    key = derived(b"r" * 32, Terms("hk-042", 366), 56)
    assert Turning().period(key, 0.0, utc_s(57, 366)) == 57
    assert Turning().period(key, 0.0, utc_s(58, 366)) == 56


def test_a_key_without_periods_stays() -> None:
    assert Turning().period(SiteKey(b"k" * 32), 0.0, utc_s(9999)) is None


def test_periods_begin_at_midnight_utc_of_1970() -> None:
    assert [period_at(s, 1) for s in (0, DAY_S - 0.001, DAY_S)] == [0, 0, 1]
    assert period_at(1_795_000_000, 14) == 1483


def test_a_file_is_read_as_it_was_written() -> None:
    assert site_key_in(as_text(KEY)) == KEY
    bare = SiteKey(b"\xab" * KEY_BYTES)
    assert site_key_in(as_text(bare)) == bare
    assert site_key_in("AB" * 32 + "\r\n") == bare


GOOD = as_text(KEY)
WRONG = {
    "nothing": ("", "is 0 characters long and must be 64 hex digits"),
    "half a key": ("ab" * 16, "is 32 characters long"),
    "another heading": (GOOD.replace("key 1", "key 2", 1), "does not begin with"),
    "a line missing": (
        GOOD.replace("days 14\n", ""),
        "must have the lines site, days, period, key",
    ),
    "a line more": (GOOD + "more 1\n", "must have the lines"),
    "two keys": ("ab" * 32 + "\n" + "ab" * 32, "does not begin with"),
    "half a key in it": (GOOD[:-10], "has a key that is 55 characters long"),
    "no site": (GOOD.replace("hk-042", "HK 042"), "names no site"),
    "no days": (GOOD.replace("days 14", "days 0"), "has no days from 1 to 366"),
    "no period": (GOOD.replace("1484", "-1"), "has no period from 0"),
    "another script's digits": (GOOD.replace("1484", "١٤٨٤"), "has no period from 0"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_file_that_holds_no_key_is_refused_and_not_quoted(name: str) -> None:
    text, said = WRONG[name]
    with pytest.raises(ValueError, match=said) as caught:
        site_key_in(text)
    assert KEY.key.hex()[:8] not in str(caught.value)


def test_a_key_hides_itself() -> None:
    assert KEY.key.hex() not in repr(KEY)
    assert repr(KEY.key) not in repr(KEY)
