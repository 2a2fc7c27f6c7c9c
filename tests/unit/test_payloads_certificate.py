"""Vaccine certificates: verified as their issuers sign them, and bounded against bombs."""

import zlib
from typing import Any

import cbor2
import pytest

from kiosk.door.credential import Assurance, Claims, Credential, Damaged, Defect, Validity
from kiosk.door.rules import Reason, Rules, decide
from kiosk.errors import PayloadError
from kiosk.payloads import MAX_PAYLOAD_BYTES, formats, read
from kiosk.payloads.certificate import MOST_EXPANDED_BYTES, parse
from kiosk.payloads.parts import base45
from kiosk.payloads.parts.trust import NotGenuine, trusting
from tests.parts.issuers import (
    FROM_S,
    HEALTH,
    UNTIL_S,
    VACCINATION,
    Issuer,
    certificate,
    certificate_claims,
    certificate_text,
    nation,
    sign1,
    trust,
    union,
    ward,
)

NUMBER = str(VACCINATION["ci"])
RULES = Rules(frozenset({"certificate"}))
ISSUERS = {"ES256": union, "PS256": nation}
every_algorithm = pytest.mark.parametrize("issuer", ISSUERS.values(), ids=ISSUERS)


def signed(issuer: Issuer) -> bytes:
    """Return the envelope inside a certificate."""
    return zlib.decompress(base45.decode(certificate(issuer)[4:]))


def read_defect(raw: bytes, *trusted: Issuer) -> Defect:
    found = read(raw, formats(), trust(*trusted))
    assert isinstance(found, Damaged)
    assert found.kind == "certificate"
    return found.defect


@every_algorithm
def test_only_its_number_its_issuer_and_its_dates_are_kept(issuer: Any) -> None:
    made = issuer()
    found = read(certificate(made), formats(), trust(union(), nation()))
    validity = Validity(FROM_S, UNTIL_S)
    claims = Claims(made.name)
    assert found == Credential("certificate", NUMBER, Assurance.SIGNED, validity, claims)
    assert NUMBER not in repr(found)


@every_algorithm
def test_with_a_bit_changed_it_is_none(issuer: Any) -> None:
    made = issuer()
    whole = signed(made)
    context = trust(union(), nation())
    # Every byte, and in turn every bit of a byte.
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1 << place % 8
        with pytest.raises(PayloadError):
            parse(certificate_text(bytes(changed)), context)


@every_algorithm
def test_a_name_that_was_changed_is_a_forgery(issuer: Any) -> None:
    made = issuer()
    whole = signed(made)
    assert whole.count(b"NGUYEN") == 1
    changed = certificate_text(whole.replace(b"NGUYEN", b"NGUYEM"))
    assert read_defect(changed, made) is Defect.FORGED
    decision = decide(read(changed, formats(), trust(made)), RULES)
    assert decision.reason is Reason.FORGED


@every_algorithm
def test_an_issuer_that_nobody_trusts_is_told_from_a_forgery(issuer: Any) -> None:
    made = issuer()
    for trusted in ([], [ward()], [union(b"another8")]):
        assert read_defect(certificate(made), *trusted) is Defect.UNTRUSTED_ISSUER


def test_a_key_of_the_same_name_that_did_not_sign_makes_it_a_forgery() -> None:
    assert read_defect(certificate(union()), union(secret=4712)) is Defect.FORGED


def test_every_key_of_the_same_name_is_tried() -> None:
    context = trusting([union(secret=4712).key(), union().key()])
    assert parse(certificate(union()), context) is not None


def test_an_algorithm_that_is_not_the_key_s_is_a_forgery() -> None:
    liar = Issuer("XX", union().kid, nation().algorithm, nation().private, "certificate")
    assert read_defect(certificate(liar), union()) is Defect.FORGED


def test_a_card_s_algorithm_signs_no_certificate() -> None:
    raw = certificate(ward())
    with pytest.raises(PayloadError, match="another algorithm"):
        parse(raw, trust(ward()))


def test_the_key_s_name_may_stand_in_the_header_that_is_not_signed() -> None:
    payload = cbor2.dumps(certificate_claims(union()))
    raw = certificate_text(sign1(union(), payload, protected={1: -7}, unprotected={4: union().kid}))
    assert parse(raw, trust(union())) is not None


def test_the_country_inside_is_the_one_whose_key_signed() -> None:
    assert read_defect(certificate(union(), c1="YY"), union()) is Defect.UNTRUSTED_ISSUER
    assert parse(certificate(union(), c1=None), trust(union())) is not None


def test_the_start_is_that_of_use_and_else_that_of_issue() -> None:
    found = parse(certificate(union(), c5=FROM_S + 5), trust(union()))
    assert found is not None
    assert found.validity == Validity(FROM_S + 5, UNTIL_S)
    limited = trusting([union().key(Validity(None, FROM_S + 1))])
    found = parse(certificate(union()), limited)
    assert found is not None
    assert found.validity == Validity(FROM_S, FROM_S + 1)


@pytest.mark.parametrize(
    ("utc_s", "reason"),
    [(FROM_S - 1, Reason.NOT_YET_VALID), (FROM_S, Reason.OK), (UNTIL_S, Reason.EXPIRED)],
)
def test_the_end_is_the_certificate_s_own(utc_s: int, reason: Reason) -> None:
    found = read(certificate(union()), formats(), trust(union()))
    assert decide(found, RULES, utc_s).reason is reason


def health(**changed: Any) -> dict[int, Any]:
    return {1: HEALTH | changed}


MALFORMED: dict[str, tuple[dict[str, Any], str]] = {
    "no end": ({"c4": None}, "end: no time"),
    "no start": ({"c6": None}, "start: no time"),
    "an end before the start": ({"c4": FROM_S - 1}, "end: not after the start"),
    "no text as country": ({"c1": 84}, "issuer: no text"),
    "no certificate": ({"health": None}, "not of a vaccination"),
    "a certificate of another version": ({"health": {2: HEALTH}}, "not of a vaccination"),
    "a test": ({"health": {1: {"t": [VACCINATION]}}}, "not of a vaccination"),
    "a recovery": ({"health": {1: {"r": [VACCINATION]}}}, "not of a vaccination"),
    "no vaccination": ({"health": health(v=[])}, "not of a vaccination"),
    "no list": ({"health": health(v=VACCINATION)}, "not of a vaccination"),
    "no number": ({"health": health(v=[{"co": "XX"}])}, "not of a vaccination"),
    "a number in bytes": ({"health": health(v=[{"ci": b"1"}])}, "not of a vaccination"),
    "an empty number": ({"health": health(v=[{"ci": ""}])}, "certificate number: no text"),
    "a number with accents": ({"health": health(v=[{"ci": "số 1"}])}, "number: no text"),
    "a number with a line": ({"health": health(v=[{"ci": "1\n"}])}, "number: no text"),
    "a long number": ({"health": health(v=[{"ci": "1" * 81}])}, "number: too long"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_signed_and_still_none(name: str) -> None:
    changed, told = MALFORMED[name]
    with pytest.raises(PayloadError, match=told) as caught:
        parse(certificate(union(), **changed), trust(union()))
    assert not isinstance(caught.value, NotGenuine)
    assert caught.value.__cause__ is None
    for secret in (NUMBER, "NGUYEN", "Nguy", "XX"):
        assert secret not in str(caught.value)


def packed(raw: bytes) -> bytes:
    return b"HC1:" + base45.encode(raw)


WHOLE = signed(union())
BROKEN: dict[str, tuple[bytes, str]] = {
    "nothing": (b"HC1:", "compression"),
    "not base45": (b"HC1:NCFOXN_", "base45"),
    "stripped of its spaces": (b"HC1:A", "base45: cut off"),
    "not compressed": (packed(WHOLE), "compression: not zlib"),
    "compressed otherwise": (packed(zlib.compress(WHOLE, wbits=31)), "compression: not zlib"),
    "cut off": (packed(zlib.compress(WHOLE)[:-5]), "compression"),
    "with more behind it": (packed(zlib.compress(WHOLE) + b"\0"), "compression"),
    "a wrong sum": (packed(zlib.compress(WHOLE)[:-1] + b"\0"), "compression: not zlib"),
    "compressed twice": (packed(zlib.compress(zlib.compress(WHOLE))), "structure"),
    "no envelope": (packed(zlib.compress(cbor2.dumps([1, 2]))), "structure"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_taken_apart_is_damaged(name: str) -> None:
    raw, told = BROKEN[name]
    with pytest.raises(PayloadError, match=told):
        parse(raw, trust(union()))


def test_the_largest_that_is_expanded() -> None:
    """Where the bound is exact: the same bytes, one more, and nothing is refused for less."""
    for size, told in (
        (MOST_EXPANDED_BYTES - 1, "structure"),
        (MOST_EXPANDED_BYTES + 1, "too large"),
    ):
        with pytest.raises(PayloadError, match=told):
            parse(packed(zlib.compress(bytes(size), 9)))


BOMBS = {
    "zeros": bytes(4_000_000),
    "lists in lists": b"\x81" * 4_000_000,
    "a text that is one letter": b"\x7a\x00\x3d\x09\x00" + b"A" * 4_000_000,
}


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.threat("bomb-in-card")
def test_a_bomb_is_refused_before_it_goes_off(name: str) -> None:
    raw = packed(zlib.compress(BOMBS[name], 9))
    assert len(raw) <= MAX_PAYLOAD_BYTES
    with pytest.raises(PayloadError, match="compression"):
        parse(raw, trust(union()))


@pytest.mark.parametrize("raw", [b"", b"HC1", b"hc1:", b"HC2:6BF", b" HC1:6BF", b"HC1" * 10])
def test_what_is_no_certificate_is_left_to_others(raw: bytes) -> None:
    assert parse(raw) is None
