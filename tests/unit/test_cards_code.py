"""What stands in a card's code: read back, no larger than version 8-M, and without a name."""

from itertools import product

import pytest
import segno
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.door.credential import CardClass, Credential, DayParity, Quota, Validity
from kiosk.payloads import formats, read
from kiosk.payloads.parts.trust import Algorithm, IssuerKey, trusting
from provisioning.cards.code import Issuer, Terms, kid_of, text_of
from provisioning.paper import symbol
from tests.parts import issuers

CARD_ID = issuers.CARD_ID
LONGEST = "v-" + "9" * 14
PARITIES = (None, *DayParity)
QUOTAS = (None, Quota(1, 1), Quota(99, 99))


def ward(name: str = LONGEST) -> Issuer:
    return Issuer(name, Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32))


def key(issuer: Issuer) -> IssuerKey:
    return IssuerKey(issuer.kid, Algorithm.EDDSA, issuer.public, issuer.name, frozenset({"card"}))


def test_it_is_byte_for_byte_what_the_test_s_own_encoder_makes() -> None:
    """Two encoders that share nothing: one of the product, one of the tests."""
    terms = Terms(issuers.FROM_S, issuers.UNTIL_S, CardClass.RESIDENT, DayParity.ODD, Quota(5, 15))
    mine = ward("vn-00070")
    other = issuers.ward("vn-00070", kid=mine.kid, seed=1)
    assert text_of(CARD_ID, terms, mine).encode() == issuers.card(other)


@pytest.mark.parametrize(
    ("card_class", "parity", "quota"), list(product(CardClass, PARITIES, QUOTAS))
)
@pytest.mark.parametrize(("from_s", "until_s"), [(0, 1), (4_102_419_599, 4_102_419_600)])
def test_every_claim_set_fits_the_symbol_and_is_read_back(
    card_class: CardClass,
    parity: DayParity | None,
    quota: Quota | None,
    from_s: int,
    until_s: int,
) -> None:
    terms = Terms(from_s, until_s, card_class, parity, quota)
    text = text_of(b"\xff" * 8, terms, ward())
    assert int(segno.make_qr(text, error="m", boost_error=False).version) <= 8
    assert len(symbol.modules(text)) == 49
    found = read(text.encode(), formats(), trusting([key(ward())]))
    assert isinstance(found, Credential)
    assert found.claims is not None
    assert found.subject_id == "ff" * 8
    assert found.validity == Validity(from_s, until_s)
    assert (found.claims.issuer, found.claims.card_class) == (LONGEST, card_class)
    assert (found.claims.parity, found.claims.quota) == (parity, quota)


def test_the_symbol_holds_the_text_at_level_m_or_better() -> None:
    text = text_of(CARD_ID, Terms(1, 2, quota=Quota(5, 15)), ward())
    expected = segno.make_qr(text, version=8, error="m", mask=3, boost_error=False)
    assert symbol.modules(text) == [bytes(row) for row in expected.matrix]


def test_a_card_printed_again_is_the_same_code() -> None:
    terms = Terms(issuers.FROM_S, issuers.UNTIL_S)
    assert text_of(CARD_ID, terms, ward()) == text_of(CARD_ID, terms, ward())


def test_a_key_is_called_by_its_own_digest() -> None:
    assert ward().kid == kid_of(ward().public) != kid_of(bytes(32))
    assert len(ward().kid) == 4


def test_a_key_is_not_shown() -> None:
    assert "Ed25519" not in repr(ward())
