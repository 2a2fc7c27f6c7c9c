"""Bytes of a stranger, put where they reach: bare, in an envelope, or signed by a trusted issuer.

A signature stops nearly all made-up bytes at once, so whatever lies behind it would never be met.
`LAYERS` wraps bytes for each format so that every layer of it meets them; `judge` says what a
parser made of them, and fails on anything but the three documented outcomes.
"""

import zlib
from collections.abc import Callable
from types import ModuleType

import cbor2

from kiosk.door.credential import Credential
from kiosk.errors import PayloadError
from kiosk.payloads.parts import base45
from tests.parts.issuers import (
    CARD,
    card,
    card_text,
    certificate,
    certificate_claims,
    certificate_text,
    sign1,
    trust,
    union,
    ward,
)

CONTEXT = trust(ward(), union())
Wrap = Callable[[bytes], bytes]
AN = "Nguyễn Văn An"
AN_HEX = AN.encode().hex()


def bare(raw: bytes) -> bytes:
    """Return what a code holds as it is."""
    return raw


LAYERS: dict[str, tuple[Wrap, ...]] = {
    "card": (
        bare,
        lambda raw: b"DK1:" + raw,
        card_text,
        lambda raw: card_text(sign1(ward(), raw)),
    ),
    "certificate": (
        bare,
        lambda raw: b"HC1:" + raw,
        lambda raw: b"HC1:" + base45.encode(raw),
        certificate_text,
        lambda raw: certificate_text(sign1(union(), raw)),
    ),
}
"""How bytes get into a format; only bare where nothing is named."""

SEEDS: dict[str, tuple[bytes, ...]] = {
    "bhyt": (
        f"GD4010000000001|{AN_HEX}|01/01/1990|1|{AN_HEX}|01 - C54|01/01/2021|-|1/7/2021|$".encode(),
        (
            f"0100000001|{AN_HEX}|1990|2|-|01 - C54|01/07/2023|-|31/07/2023|01050100000001|-|4"
            f"| 01/10/2027|0123456789abcdef-1202|4|{AN_HEX}|$"
        ).encode(),
    ),
    "card": (card(), cbor2.dumps(CARD), sign1(ward(), cbor2.dumps(CARD))),
    "cccd": (
        f"099090000017|011000001|{AN}|01011990|Nam|Hà Nội|15042021".encode(),
        b"099190000028||Tran Thi Binh|1990|N\xe1\xbb\xaf|Ha Long|01082024||||",
    ),
    "certificate": (
        certificate(union()),
        cbor2.dumps(certificate_claims(union())),
        sign1(union(), cbor2.dumps(certificate_claims(union()))),
        zlib.compress(sign1(union(), b"")),
    ),
    "covid_qr": (b"*********017|NGUYEN VAN AN|1990-01-01|0|162979388586171100|<1<00<0900000000",),
    "foreign": (
        b"00020101021138540010A00000072763044FC9",
        b"WIFI:S:quan;;",
        b"https://qr.tokhaiyte.vn/1",
        b"NZCOVIDTRACER:e30=",
        b"BEGIN:VCARD",
    ),
}
"""Where a walk through a format may start: whole payloads, and what lies in their layers."""


def layers_of(name: str) -> tuple[Wrap, ...]:
    """Return the ways into a format."""
    return LAYERS.get(name, (bare,))


def judge(module: ModuleType, raw: bytes) -> Credential | str | None:
    """Return what a format makes of `raw`: a credential, the flaw, or None for somebody else's.

    Raises:
        AssertionError: It is none of the three, or tells something of the payload. Any other
            exception passes through, because there may be none.
    """
    flaw: PayloadError | None = None
    found: object = None
    try:
        found = module.parse(raw, CONTEXT)
    except PayloadError as error:
        flaw = error
    if flaw is not None:
        assert str(flaw), "a flaw without a word"
        assert str(flaw).isascii(), "a flaw in words that are not ours"
        assert "\n" not in str(flaw), "a flaw of two lines"
        assert flaw.__cause__ is None, "a flaw that brings the payload along as its cause"
        return str(flaw)
    if found is None:
        return None
    assert isinstance(found, Credential), f"a {type(found).__name__} and no credential"
    assert found.kind == module.__name__.rpartition(".")[2], "a credential of another kind"
    assert found.subject_id, "a credential of nobody"
    assert found.subject_id.isascii(), "an id that a charset could change"
    assert len(found.subject_id) < 4 or found.subject_id not in repr(found), "an id in print"
    return found
