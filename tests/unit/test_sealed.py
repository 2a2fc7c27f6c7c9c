"""A sealed identity opens for its authority, in its event, and otherwise not at all.

Source: the vector is RFC 9180, A.2.1 (base mode, X25519, HKDF-SHA256, ChaCha20Poly1305).
"""

from dataclasses import replace

import pytest
from cryptography.hazmat.bindings._rust import openssl
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from hypothesis import given
from hypothesis import strategies as st

from kiosk.door.credential import Credential
from kiosk.door.event import CheckIn
from kiosk.door.sealed import (
    PLAIN_BYTES,
    Box,
    Identity,
    Occasion,
    as_text,
    boxes_in,
    info_of,
    key_id_of,
    packed,
    unix_us,
    unpacked,
)
from kiosk.identity.sealing import Sealer
from ledger.authority import NotOpened
from tests.parts.authorities import office
from tests.parts.check_ins import SOURCE, check_in

PERSON = Credential("cccd", "099090000001")
SAID: CheckIn = check_in()
OCCASION = Occasion(SOURCE, unix_us(SAID.clock.utc), SAID.clock.boot, SAID.clock.mono_ns)
AUTHORITY, RECOVERY, STRANGER = office(1), office(2), office(3)


def sealed(*recipients: bytes) -> str:
    return Sealer(SOURCE, recipients or [AUTHORITY.public]).seal(PERSON, SAID.clock)


def test_the_published_vector_opens() -> None:
    private = X25519PrivateKey.from_private_bytes(
        bytes.fromhex("8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb")
    )
    enc = bytes.fromhex("1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a")
    closed = bytes.fromhex(
        "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28"
    )
    info = bytes.fromhex("4f6465206f6e2061204772656369616e2055726e")
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
    # The vector has associated data, for which the library has no public door.
    opening = openssl.hpke._decrypt_with_aad  # noqa: SLF001 - see above
    opened = opening(suite, enc + closed, private, info, b"Count-0")
    assert opened == b"Beauty is truth, truth beauty"


@pytest.mark.threat("open-identities")
def test_it_opens_for_its_authority_and_for_nobody_else() -> None:
    assert AUTHORITY.authority.open(sealed(), OCCASION) == Identity("cccd", "099090000001")
    with pytest.raises(NotOpened, match="sealed to another key: "):
        STRANGER.authority.open(sealed(), OCCASION)


@pytest.mark.threat("lost-authority-name")
def test_a_stranger_who_takes_the_name_of_the_key_opens_nothing() -> None:
    (box,) = boxes_in(sealed())
    renamed = as_text([replace(box, key_id=key_id_of(STRANGER.public))])
    with pytest.raises(NotOpened, match="altered"):
        STRANGER.authority.open(renamed, OCCASION)


def test_a_second_recipient_opens_it_alone() -> None:
    both = sealed(AUTHORITY.public, RECOVERY.public)
    for opener in (AUTHORITY, RECOVERY):
        assert opener.authority.open(both, OCCASION).subject_id == "099090000001"
    with pytest.raises(NotOpened):
        STRANGER.authority.open(both, OCCASION)


@pytest.mark.parametrize(
    "elsewhere",
    [
        replace(OCCASION, source="kiosk/v1/hk-043/door-1"),
        replace(OCCASION, source="kiosk/v1/hk-test/door-2"),
        replace(OCCASION, utc_us=OCCASION.utc_us + 1),
        replace(OCCASION, boot="another"),
        replace(OCCASION, mono_ns=OCCASION.mono_ns + 1),
    ],
)
@pytest.mark.threat("alter-event")
def test_it_cannot_be_moved_to_another_event(elsewhere: Occasion) -> None:
    with pytest.raises(NotOpened, match="taken from another event"):
        AUTHORITY.authority.open(sealed(), elsewhere)


def test_one_changed_bit_opens_nothing() -> None:
    (box,) = boxes_in(sealed())
    for place in range(0, len(box.closed), 7):
        wrong = bytearray(box.closed)
        wrong[place] ^= 1
        with pytest.raises(NotOpened):
            AUTHORITY.authority.open(as_text([replace(box, closed=bytes(wrong))]), OCCASION)


def test_two_of_one_person_have_nothing_in_common_and_one_length() -> None:
    first, second = (boxes_in(sealed())[0].closed for _ in range(2))
    assert first != second
    assert not {first[i : i + 8] for i in range(len(first) - 8)} & {
        second[i : i + 8] for i in range(len(second) - 8)
    }
    longest = Sealer(SOURCE, [AUTHORITY.public]).seal(
        Credential("certificate", "u" * 80), SAID.clock
    )
    assert len(longest) == len(sealed())


def test_a_key_that_everybody_could_open_is_refused() -> None:
    for weak in (bytes(32), b"\1" + bytes(31)):
        with pytest.raises(ValueError, match="key"):
            Sealer(SOURCE, [weak])


@given(kind=st.text(max_size=20), subject=st.text(max_size=20))
def test_any_identity_is_unpacked_as_it_was(kind: str, subject: str) -> None:
    plain = packed(Identity(kind, subject))
    assert len(plain) == PLAIN_BYTES
    assert unpacked(plain) == Identity(kind, subject)


@given(st.binary(max_size=PLAIN_BYTES + 2) | st.binary(min_size=128, max_size=128))
def test_other_bytes_are_no_identity_or_exactly_one(plain: bytes) -> None:
    try:
        identity = unpacked(plain)
    except ValueError:
        return
    assert packed(identity) == plain


def test_an_identity_that_does_not_fit_is_no_shorter_one() -> None:
    with pytest.raises(ValueError, match="more than 128 bytes"):
        packed(Identity("cccd", "9" * 128))


@given(st.text(max_size=60))
def test_any_text_is_boxes_or_none(text: str) -> None:
    try:
        found = boxes_in(text)
    except ValueError:
        return
    assert len(found) >= 1


@pytest.mark.parametrize(
    "text", ["", "2.0a1b2c3d.AAAA", "1.0a1b2c3d.", "1.0a1b2c3d.A", "1.x.AAAA", "1.0a1b2c3d.AAAA,"]
)
def test_what_is_laid_out_otherwise_is_said_to_be(text: str) -> None:
    with pytest.raises(ValueError, match="no sealed identity"):
        boxes_in(text)
    with pytest.raises(NotOpened, match="no sealed identity"):
        AUTHORITY.authority.open(text, OCCASION)


def test_what_was_blanked_is_said_to_be() -> None:
    with pytest.raises(NotOpened, match="erased"):
        AUTHORITY.authority.open(None, OCCASION)


def test_what_it_is_bound_to_is_told_apart() -> None:
    assert info_of(OCCASION) == (
        b"doorkiosk sealed identity\x001\x00kiosk/v1/hk-test/door-1\x001709193601000000\x00"
        b"00000000-0000-4000-8000-000000000001\x001000000000"
    )


def test_nothing_of_it_is_printed() -> None:
    assert "099090000001" not in repr(Identity("cccd", "099090000001"))
    assert repr(Box("0a1b2c3d", b"x")) == "Box(key_id='0a1b2c3d', closed=b'x')"
