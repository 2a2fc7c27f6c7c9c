"""Formats share separators: what one takes for its own, no other takes for a person."""

import subprocess
import sys
from itertools import permutations

import pytest

from kiosk.door.credential import Credential, Foreign, ForeignKind
from kiosk.errors import PayloadError
from kiosk.payloads import formats, parser, read
from tests.parts.issuers import card, certificate, trust, union, ward

CONTEXT = trust(ward(), union())
NAME = "4e677579e1bb856e"
SAMPLES: dict[str, bytes] = {
    "cccd": "099090000017||Nguyễn Văn An|01011990|Nam|Hà Nội|15042021".encode(),
    "covid_qr": b"099090000017|NGUYEN VAN AN|1990-01-01|0|162979388586171100|<1<00<0900000000",
    "bhyt": f"GD4010000000001|{NAME}|1990|1|-|01 - C54|01/01/2021|-|01/01/2021|$".encode(),
    "card": card(),
    "certificate": certificate(union()),
}
COLLISIONS: dict[str, tuple[bytes, str | None]] = {
    "a citizen's number and a COVID date": (b"099090000017|x|1990-01-01|0|Nam|", "cccd"),
    "a citizen's number, a name in hexadecimal": (
        f"099090000017||{NAME}|01011990|Nam|Ha Noi|15042021".encode(),
        "cccd",
    ),
    "an insurance number and a COVID date": (f"0100000001|{NAME}|1990-01-01|0|1|".encode(), "bhyt"),
    "a COVID code whose name is hexadecimal": (
        b"011000001|ADE|1990-01-01|0|162979388586171100|",
        "covid_qr",
    ),
    "nobody's": (b"1|2|3|4|5|6|7", None),
}


def claims(name: str, raw: bytes) -> bool | None:
    """Tell whether a format takes `raw` for a person, for its own but bad (None), or neither."""
    try:
        return parser(name)(raw, CONTEXT) is not None
    except PayloadError:
        return None


def test_there_is_a_sample_of_every_format() -> None:
    assert set(SAMPLES) == set(formats())


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_its_own_format_s_and_nobody_else_s(name: str) -> None:
    assert {other: claims(other, SAMPLES[name]) for other in formats()} == {
        other: other == name for other in formats()
    }


@pytest.mark.parametrize("name", SAMPLES)
def test_whichever_formats_are_enabled_a_sample_is_read_alike(name: str) -> None:
    for enabled in permutations(formats(), 3):
        found = read(SAMPLES[name], enabled, CONTEXT)
        if name in enabled:
            assert isinstance(found, Credential)
            assert found.kind == name
        else:
            assert found == Foreign(ForeignKind.UNKNOWN)


@pytest.mark.parametrize("name", COLLISIONS)
def test_where_two_could_claim_it_the_order_decides(name: str) -> None:
    raw, kind = COLLISIONS[name]
    found = read(raw, formats(), CONTEXT)
    assert (None if isinstance(found, Foreign) else found.kind) == kind
    # Whoever else claims it takes it for nobody.
    assert [claims(other, raw) for other in formats()].count(True) <= 1


def test_formats_are_asked_in_the_order_of_their_files() -> None:
    assert list(formats()) == sorted(formats())
    assert "parts" not in formats()


def test_the_eye_gets_no_library_for_keys_with_the_package() -> None:
    """What `import-linter` cannot see: names are listed and nothing is loaded until it is asked."""
    script = (
        "import sys, kiosk.eye.watch, kiosk.payloads as payloads; payloads.formats();"
        "print([n for n in ('cryptography', 'cbor2') if n in sys.modules]);"
        "payloads.read(b'', payloads.formats());"
        "print([n for n in ('cryptography', 'cbor2') if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["[]", "['cryptography', 'cbor2']"]
