"""Onboarding codes from a stranger: any bytes are refused in one word, and nothing else happens."""

from typing import Any

import cbor2
from hypothesis import example, given
from hypothesis import strategies as st

from kiosk.errors import OnboardingError, OnboardingRefused
from kiosk.network.wifi import Wifi
from kiosk.onboarding.bootstrap import public_text, read_public
from kiosk.onboarding.form import MAX_CODE_BYTES, Refusal, Setup, opened, payload_of, text_of
from kiosk.onboarding.shown import START
from kiosk.payloads.parts import base45
from provisioning.lists.making import signed
from tests.parts.onboarding_codes import (
    SETUP,
    bootstrap,
    onboarder,
    onboarding_code,
    trusting_onboarders,
)

OPEN, SEALED = onboarding_code(), onboarding_code(sealed_to=bootstrap())
ENVELOPE = base45.decode(SEALED[len(START) :])
FIELDS: dict[Any, Any] = cbor2.loads(payload_of(SETUP))
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.binary() | st.text()
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.integers(), inner, max_size=4)
    ),
    max_leaves=12,
)
levels = st.from_regex(r"[a-z0-9][a-z0-9-]{0,30}", fullmatch=True)
passwords = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=8, max_size=63)
networks = st.builds(
    Wifi,
    st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=32),
    st.none() | passwords,
    hidden=st.booleans(),
)
setups = st.builds(
    Setup,
    levels,
    levels,
    levels.map(lambda host: f"https://{host}x:8443"),
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=16, max_size=16),
    levels.map(lambda host: f"{host}x"),
    st.integers(1, 65_535),
    st.integers(1, 2**53),
    st.none() | networks,
)


class Stranger:
    """Takes a refusal, if it is one of ours: a line, and a word where it is a code's."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, OnboardingError):
            return False
        assert "\n" not in str(error)
        assert len(str(error)) < 200
        assert not isinstance(error, OnboardingRefused) or Refusal(error.refusal)
        return True


def read(raw: bytes, floor_s: int = 0) -> Setup | None:
    """Return what a kiosk takes; None: it refuses."""
    with Stranger():
        return opened(raw, trusting_onboarders(), floor_s, bootstrap())
    return None


@st.composite
def altered(draw: st.DrawFn, whole: bytes) -> bytes:
    """Return bytes of which some were replaced, cut out or put in."""
    start = draw(st.integers(0, len(whole)))
    end = draw(st.integers(start, min(len(whole), start + 40)))
    return whole[:start] + draw(st.binary(max_size=40)) + whole[end:]


@given(st.binary(max_size=400) | altered(OPEN) | altered(SEALED))
@example(b"\xff" * (MAX_CODE_BYTES + 1))
def test_any_bytes_are_the_code_that_was_signed_or_none(raw: bytes) -> None:
    assert read(raw) in {None, SETUP}


@given(st.binary(max_size=400) | altered(ENVELOPE))
def test_any_envelope_is_the_one_that_was_signed_or_none(raw: bytes) -> None:
    # What no signature covers may be anything: the unprotected header is empty here.
    assert read(text_of(raw).encode()) in {None, SETUP}


@given(st.dictionaries(st.sampled_from(sorted(FIELDS, key=str)), values, max_size=3) | values)
def test_any_signed_fields_are_a_setup_or_none(changed: object) -> None:
    fields = {**FIELDS, **changed} if isinstance(changed, dict) else changed
    found = read(text_of(signed(cbor2.dumps(fields), onboarder())).encode())
    if found is not None:
        # Whatever is taken can be signed again: it is all that a settings file may hold.
        assert read(text_of(signed(payload_of(found), onboarder())).encode()) == found


@given(setup=setups, sealed=st.booleans(), floor_s=st.integers(0, 2**53))
def test_what_an_operator_signs_is_read_unless_it_is_old(
    *, setup: Setup, sealed: bool, floor_s: int
) -> None:
    to = bootstrap().public_key() if sealed else None
    raw = text_of(signed(payload_of(setup, to), onboarder())).encode()
    assert read(raw, floor_s) == (setup if setup.issued_s > floor_s else None)


@given(st.text() | st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567- ", max_size=70))
def test_any_text_is_a_bootstrap_key_or_none(text: str) -> None:
    with Stranger():
        found = read_public(text)
        assert read_public(public_text(found)).public_bytes_raw() == found.public_bytes_raw()


def test_what_is_fuzzed_is_right_before_it_is_altered() -> None:
    assert read(OPEN) == read(SEALED) == read(text_of(ENVELOPE).encode()) == SETUP
    assert read(text_of(signed(cbor2.dumps(FIELDS), onboarder())).encode()) == SETUP
