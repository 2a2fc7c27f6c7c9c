"""Our own card: what a ward can sign, what fits the code, and everything that is refused."""

import importlib
from typing import Any

import cbor2
import pytest
import segno

from kiosk.door.credential import (
    Assurance,
    CardClass,
    Claims,
    Credential,
    Damaged,
    DayParity,
    Defect,
    Quota,
    Validity,
)
from kiosk.door.rules import Reason, Rules, decide
from kiosk.errors import PayloadError
from kiosk.payloads import formats, read
from kiosk.payloads.card import CLASSES, MOST_CHARACTERS, parse
from kiosk.payloads.parts import base45
from kiosk.payloads.parts.trust import NOBODY, NotGenuine, trusting
from tests.parts.issuers import (
    CARD,
    CARD_ID,
    FROM_S,
    UNTIL_S,
    Issuer,
    card,
    card_text,
    nation,
    sign1,
    trust,
    union,
    ward,
)
from tests.parts.qr import picture

TRUSTED = trust(ward(), ward("vn-00073", b"k073", seed=3))
VALIDITY = Validity(FROM_S, UNTIL_S)
FULL = Claims("vn-00070", CardClass.RESIDENT, DayParity.ODD, Quota(5, 15))
RULES = Rules(frozenset({"card"}))


def flaw(raw: bytes) -> str:
    with pytest.raises(PayloadError) as caught:
        parse(raw, TRUSTED)
    assert not isinstance(caught.value, NotGenuine)
    assert caught.value.__cause__ is None
    return str(caught.value)


def defect(raw: bytes) -> Defect:
    found = read(raw, formats(), TRUSTED)
    assert isinstance(found, Damaged)
    assert found.kind == "card"
    return found.defect


def test_a_card_says_who_issued_it_and_to_which_number_and_no_more() -> None:
    expected = Credential("card", CARD_ID.hex(), Assurance.SIGNED, VALIDITY, FULL)
    assert parse(card(), TRUSTED) == expected
    assert read(card(), formats(), TRUSTED) == expected


LIMITS: dict[str, tuple[dict[Any, Any], Claims]] = {
    "a class": ({1: 1}, Claims("vn-00070", CardClass.RESIDENT)),
    "even days": ({1: 1, 2: 0}, Claims("vn-00070", CardClass.RESIDENT, DayParity.EVEN)),
    "odd days": ({1: 1, 2: 1}, Claims("vn-00070", CardClass.RESIDENT, DayParity.ODD)),
    "once": ({1: 1, 3: [1, 1]}, Claims("vn-00070", CardClass.RESIDENT, None, Quota(1, 1))),
    "often": ({1: 1, 3: [99, 99]}, Claims("vn-00070", CardClass.RESIDENT, None, Quota(99, 99))),
    **{each.value: ({1: n}, Claims("vn-00070", each)) for n, each in CLASSES.items()},
}


@pytest.mark.parametrize("name", LIMITS)
def test_what_a_ward_allows(name: str) -> None:
    limits, claims = LIMITS[name]
    found = parse(card(limits=limits), TRUSTED)
    assert found is not None
    assert found.claims == claims


def test_every_class_has_a_number() -> None:
    assert set(CLASSES.values()) == set(CardClass)


def test_the_longest_card_fits_one_symbol_of_version_8_in_alphanumeric_mode() -> None:
    name = "x" * 16
    longest = card(
        ward(name),
        c1=name,
        c4=2**32 - 1,
        c5=2**32 - 2,
        c7=b"\xff" * 8,
        limits={1: 4, 2: 1, 3: [99, 99]},
    )
    found = parse(longest, trust(ward(name)))
    assert found is not None
    assert found.claims == Claims(name, CardClass.ESCORT, DayParity.ODD, Quota(99, 99))
    code = segno.make(longest.decode(), error="m", boost_error=False, micro=False)
    assert code.mode == "alphanumeric"
    assert isinstance(code.version, int)
    assert code.version <= 8
    assert len(longest) <= MOST_CHARACTERS
    # The bound is the symbol's own: one character more is the next version.
    assert segno.make("A" * MOST_CHARACTERS, error="m", boost_error=False).version == 8
    assert segno.make("A" * (MOST_CHARACTERS + 1), error="m", boost_error=False).version == 9


@pytest.mark.parametrize("decoder", ["zxing", "zbarlight"])
def test_a_card_is_read_from_its_picture_by_either_decoder(decoder: str) -> None:
    pytest.importorskip({"zxing": "zxingcpp"}.get(decoder, decoder))
    adapter = importlib.import_module(f"kiosk.eye.decoders.{decoder}")
    symbols = adapter.build(adapter.Settings()).decode(picture(card().decode()))
    assert [symbol.payload for symbol in symbols] == [card()]


@pytest.mark.threat("show-forged-card")
def test_a_card_with_any_bit_changed_opens_nothing() -> None:
    whole = base45.decode(card()[4:])
    defects = set()
    for place in range(len(whole) * 8):
        changed = bytearray(whole)
        changed[place // 8] ^= 1 << place % 8
        defects.add(defect(card_text(bytes(changed))))
    assert defects == {Defect.MALFORMED, Defect.FORGED, Defect.UNTRUSTED_ISSUER}


def test_a_claim_that_was_changed_is_a_forgery_and_not_a_flaw() -> None:
    whole = base45.decode(card()[4:])
    assert whole.count(CARD_ID) == 1
    assert defect(card_text(whole.replace(CARD_ID, bytes(8)))) is Defect.FORGED
    later = whole.replace(UNTIL_S.to_bytes(4, "big"), (UNTIL_S + 1).to_bytes(4, "big"))
    assert defect(card_text(later)) is Defect.FORGED


FORGED: dict[str, bytes] = {
    "signed by somebody else in the ward's name": card(ward(seed=9)),
    "signed by one ward in another's name": card(ward("vn-00070", b"k070", seed=3)),
    "a signature of nothing": card_text(
        cbor2.dumps(
            cbor2.CBORTag(18, [cbor2.dumps({1: -8, 4: b"k070"}), {}, cbor2.dumps(CARD), b""])
        )
    ),
}
UNTRUSTED: dict[str, bytes] = {
    "a ward that nobody trusts": card(ward("vn-00071", b"k071", seed=4)),
    "a key without a name": card(ward("vn-00070", b"", seed=1)),
    "a trusted ward that signs for another": card(ward("vn-00073", b"k073", seed=3)),
    "a trusted ward under a made-up name": card(c1="ministry"),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forgery_is_called_one(name: str) -> None:
    assert defect(FORGED[name]) is Defect.FORGED
    assert decide(read(FORGED[name], formats(), TRUSTED), RULES).reason is Reason.FORGED


@pytest.mark.parametrize("name", UNTRUSTED)
@pytest.mark.threat("show-forged-card")
def test_a_wrong_issuer_is_called_one(name: str) -> None:
    assert defect(UNTRUSTED[name]) is Defect.UNTRUSTED_ISSUER
    decision = decide(read(UNTRUSTED[name], formats(), TRUSTED), RULES)
    assert decision.reason is Reason.UNTRUSTED_ISSUER


def test_without_a_list_nobody_is_trusted() -> None:
    for context in (NOBODY, trust(union(), nation())):
        found = read(card(), formats(), context)
        assert isinstance(found, Damaged)
        assert found.defect is Defect.UNTRUSTED_ISSUER
    assert read(card(), formats()) == read(card(), formats(), NOBODY)


@pytest.mark.threat("key-of-another-kind")
def test_a_key_for_certificates_signs_no_card() -> None:
    turncoat = Issuer("vn-00070", b"k070", ward().algorithm, ward().private, "certificate")
    found = read(card(), formats(), trust(turncoat))
    assert isinstance(found, Damaged)
    assert found.defect is Defect.UNTRUSTED_ISSUER


MALFORMED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"DK1:", "structure: cut off"),
    "small letters": (card().lower().replace(b"dk1:", b"DK1:"), "base45"),
    "a line at the end": (card() + b"\n", "base45"),
    "a character lost": (card()[:-1], "base45|structure"),
    "too long": (b"DK1:" + b"0" * 218, "length"),
    "certificate's algorithm": (card_text(sign1(union(), b"")), "another algorithm"),
    "claims that are a list": (card_text(sign1(ward(), cbor2.dumps([1]))), "claims: not a map"),
    "claims that are none": (card_text(sign1(ward(), b"")), "structure"),
    "no issuer": (card(c1=None), "issuer: no text"),
    "an issuer in bytes": (card(c1=b"vn-00070"), "issuer: no text"),
    "an issuer with a line": (card(c1="vn\n"), "issuer: no text"),
    "an issuer with an accent": (card(c1="phường"), "issuer: no text"),
    "no card number": (card(c7=None), "card number"),
    "a short card number": (card(c7=b"1234567"), "card number"),
    "a long card number": (card(c7=b"123456789"), "card number"),
    "a card number in words": (card(c7="12345678"), "card number"),
    "no start": (card(c5=None), "start: no time"),
    "no end": (card(c4=None), "end: no time"),
    "an end in words": (card(c4="2026-09-21"), "end: no time"),
    "an end with a fraction": (card(c4=1.8e9), "end: no time"),
    "an end that is true": (card(c4=True), "end: no time"),
    "an end before all time": (card(c4=-1), "end: no time"),
    "an end beyond all time": (card(c4=2**63), "end: no time"),
    "an end before the start": (card(c4=FROM_S - 1), "end: not after the start"),
    "an end at the start": (card(c4=FROM_S), "end: not after the start"),
    "no limits": (card(limits=None), "limits"),
    "limits that are a list": (card(limits=[1]), "limits"),
    "a limit of a later version": (card(limits={1: 1, 4: 1}), "limits"),
    "no class": (card(limits={}), "class"),
    "a class of a later version": (card(limits={1: 5}), "class"),
    "a class that is true": (card(limits={1: True}), "class"),
    "a class in words": (card(limits={1: "staff"}), "class"),
    "a class that is a list": (card(limits={1: [1]}), "class"),
    "days neither even nor odd": (card(limits={1: 1, 2: 2}), "day parity"),
    "days that are true": (card(limits={1: 1, 2: True}), "day parity"),
    "days that are a list": (card(limits={1: 1, 2: []}), "day parity"),
    "a quota of none": (card(limits={1: 1, 3: [0, 15]}), "quota"),
    "a quota of a hundred": (card(limits={1: 1, 3: [100, 15]}), "quota"),
    "a quota of one number": (card(limits={1: 1, 3: [5]}), "quota"),
    "a quota of three": (card(limits={1: 1, 3: [5, 15, 1]}), "quota"),
    "a quota of bytes": (card(limits={1: 1, 3: b"\x05\x0f"}), "quota"),
    "a quota that is a number": (card(limits={1: 1, 3: 5}), "quota"),
    "a quota that is true": (card(limits={1: 1, 3: [True, True]}), "quota"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_breaks_the_format_is_damaged(name: str) -> None:
    raw, told = MALFORMED[name]
    assert any(each in flaw(raw) for each in told.split("|"))
    assert defect(raw) is Defect.MALFORMED


@pytest.mark.parametrize("name", [*MALFORMED, *FORGED, *UNTRUSTED])
def test_a_message_holds_nothing_of_the_card(name: str) -> None:
    raw = MALFORMED[name][0] if name in MALFORMED else {**FORGED, **UNTRUSTED}[name]
    found = read(raw, formats(), TRUSTED)
    assert isinstance(found, Damaged)
    for secret in (CARD_ID.hex(), "vn-0007", "k070", "k071", "ministry", "staff"):
        assert secret not in found.flaw


def test_claims_that_nobody_here_knows_are_ignored() -> None:
    """RFC 8392, section 3: a claim that is not understood is ignored; a limit of ours is not."""
    assert parse(card(c2="x", c6=FROM_S), TRUSTED) == parse(card(), TRUSTED)


@pytest.mark.parametrize(
    "raw", [b"", b"DK1", b"dk1:", b"DK2:" + card()[4:], b" " + card(), b"HC1:" + card()[4:]]
)
def test_what_is_no_card_is_left_to_others(raw: bytes) -> None:
    assert parse(raw, TRUSTED) is None


def test_a_card_is_valid_no_longer_than_its_issuer_s_key() -> None:
    for key, both in (
        (Validity(FROM_S + 10, None), Validity(FROM_S + 10, UNTIL_S)),
        (Validity(None, UNTIL_S - 10), Validity(FROM_S, UNTIL_S - 10)),
        (Validity(0, 2**40), VALIDITY),
    ):
        found = parse(card(), trusting([ward().key(key)]))
        assert found is not None
        assert found.validity == both


@pytest.mark.parametrize(
    ("utc_s", "reason"),
    [
        (FROM_S - 1, Reason.NOT_YET_VALID),
        (FROM_S, Reason.OK),
        (UNTIL_S - 0.5, Reason.OK),
        (UNTIL_S, Reason.EXPIRED),
        (None, Reason.OK),
    ],
)
def test_the_rules_judge_the_dates(utc_s: float | None, reason: Reason) -> None:
    assert decide(read(card(), formats(), TRUSTED), RULES, utc_s).reason is reason


def test_a_card_is_printed_without_its_number_and_its_claims() -> None:
    told = repr(parse(card(), TRUSTED))
    assert CARD_ID.hex() not in told
    assert "resident" not in told
