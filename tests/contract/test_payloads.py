"""One suite over every payload format: a new file in `kiosk/payloads` is found and tested."""

import importlib
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.payloads import MAX_PAYLOAD_BYTES, formats
from tests.parts.payload_layers import judge

PIECES = st.sampled_from(
    [b"|", b"||||", b"$", b":", b"/", b"Nam", "Nữ".encode(), b"\x00", b"\xff", b"\n", b" "]
)
DIGITS = st.text("0123456789", min_size=1, max_size=15).map(str.encode)
# Pieces of the real thing get further into a parser than bytes alone.
PAYLOADS = st.one_of(
    st.binary(max_size=200),
    st.lists(st.one_of(PIECES, DIGITS, st.binary(max_size=12)), max_size=30).map(b"".join),
    st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")),
)
HOSTILE = [
    b"",
    b"|" * MAX_PAYLOAD_BYTES,
    b"0" * MAX_PAYLOAD_BYTES,
    b"9" * 12 + b"|" * 6,
    b"\x00" * MAX_PAYLOAD_BYTES,
    b"\xff" * MAX_PAYLOAD_BYTES,
    b"HC1:" + b"A" * (MAX_PAYLOAD_BYTES - 4),
    b"DK1:" + b"A" * 217,
    b"DK1:" + b"A" * (MAX_PAYLOAD_BYTES - 4),
    b"000000000000||x|" + b"1" * 5000 + b"|Nam||01012000",
    b"000000000000||x|01012000|Nam||" + b"1" * 5000,
]


MODULES = [importlib.import_module(f"kiosk.payloads.{name}") for name in formats()]
every_format = pytest.mark.parametrize("module", MODULES, ids=formats())


def keeps_the_contract(module: ModuleType, raw: bytes) -> None:
    assert judge(module, raw) == judge(module, raw)


def test_there_is_a_format_to_test() -> None:
    assert "cccd" in formats()


@every_format
@given(raw=PAYLOADS)
def test_any_bytes_are_a_credential_a_flaw_or_somebody_elses(
    module: ModuleType, raw: bytes
) -> None:
    keeps_the_contract(module, raw)


@every_format
@pytest.mark.parametrize("raw", HOSTILE, ids=[str(n) for n in range(len(HOSTILE))])
def test_hostile_bytes_are_too(module: ModuleType, raw: bytes) -> None:
    keeps_the_contract(module, raw)


@every_format
def test_its_docstring_shows_one_good_and_one_bad(module: ModuleType) -> None:
    shown = module.parse.__doc__ or ""
    assert shown.count(">>>") >= 2
    assert "PayloadError" in shown
