"""Which onboarding code is believed, and what it says."""

from dataclasses import replace
from typing import Any

import cbor2
import pytest
import segno

from kiosk.door.event import TopicLevel
from kiosk.errors import OnboardingRefused
from kiosk.lists.signed import signing
from kiosk.network.wifi import Wifi
from kiosk.onboarding import form
from kiosk.onboarding.form import MAX_CODE_BYTES, Refusal, Setup, opened
from kiosk.onboarding.shown import START, is_code
from kiosk.payloads.parts import base45
from provisioning.lists.making import signed
from provisioning.onboarding.making import code_text
from tests.parts.commands import a_command
from tests.parts.lists import a_list, entries, public_of, trusted
from tests.parts.onboarding_codes import (
    ISSUED_S,
    SETUP,
    WIFI,
    bootstrap,
    onboarder,
    onboarding_code,
    trusting_onboarders,
)

FLOOR_S = ISSUED_S - 1
FIELDS: dict[Any, Any] = cbor2.loads(form.payload_of(SETUP))
NO_FIELD: tuple[object, ...] = (None, True, [], "Ạ", b"x")
SEALED_TO_NOBODY: tuple[object, ...] = ({1: "s", 2: b""}, {1: "s", 2: b"x" * 80})
NO_WIFI: tuple[object, ...] = (
    *("x", [], {}, {1: 7}, {1: "s" * 33}, {1: "s", 2: "short"}, {1: "s", 2: 7}, {1: "s", 3: 1}),
    *SEALED_TO_NOBODY,
)
LONGEST = Setup(
    "s" * 32,
    "d" * 31,
    f"https://{'e' * 243}:65535",
    bytes(32),
    bytes(16),
    "b" * 253,
    65_535,
    2**53,
    Wifi("ạ" * 10 + "xx", "f" * 64, hidden=True),
)


def refusal(raw: bytes, **changed: Any) -> str:
    """Return why a code is refused; whatever is said of it has nothing of it."""
    terms = {"signers": trusting_onboarders(), "floor_s": FLOOR_S, "bootstrap": bootstrap()}
    with pytest.raises(OnboardingRefused) as caught:
        opened(raw, **{**terms, **changed})
    said = str(caught.value)
    assert "\n" not in said
    for secret in ("mot mat khau", "Phòng", "hk-042", "example.org", SETUP.claim.hex()):
        assert secret not in said
    return Refusal(caught.value.refusal)


def resigned(fields: object) -> bytes:
    return form.text_of(signed(cbor2.dumps(fields), onboarder())).encode()


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"wifi": None},
        {"wifi": Wifi("open")},
        {"wifi": Wifi("hidden", "12345678", hidden=True)},
        {"wifi": Wifi("key", "0123456789abcdef" * 4)},
        {"port": 18_883},
        {"host": "192.0.2.7", "server": "https://192.0.2.7"},
    ],
)
@pytest.mark.parametrize("sealed", [True, False])
def test_a_code_says_what_was_signed(changed: dict[str, Any], *, sealed: bool) -> None:
    to = bootstrap() if sealed else None
    raw = onboarding_code(sealed_to=to, **changed)
    assert is_code(raw)
    found = opened(raw, trusting_onboarders(), FLOOR_S, bootstrap())
    assert found == replace(SETUP, **changed)


def test_the_password_is_readable_or_sealed() -> None:
    envelope = base45.decode(onboarding_code()[len(START) :])
    assert b"mot mat khau dai" in envelope
    envelope = base45.decode(onboarding_code(sealed_to=bootstrap())[len(START) :])
    assert b"mot mat khau dai" not in envelope


def test_two_sealed_passwords_of_up_to_32_letters_are_equally_long() -> None:
    lengths = {
        len(onboarding_code(sealed_to=bootstrap(), wifi=Wifi("a", "x" * count)))
        for count in (8, 20, 32)
    }
    assert len(lengths) == 1


def test_nothing_secret_is_in_what_a_log_may_show() -> None:
    shown = repr(opened(onboarding_code(), trusting_onboarders(), FLOOR_S, None))
    assert "mot mat khau" not in shown
    assert repr(SETUP.claim) not in shown


def test_a_usual_code_is_one_symbol_that_a_phone_shows_large() -> None:
    usual = [onboarding_code(wifi=None), onboarding_code(), onboarding_code(sealed_to=bootstrap())]
    codes = [segno.make_qr(raw.decode(), error="m", boost_error=False) for raw in usual]
    assert {code.mode for code in codes} == {"alphanumeric"}
    assert [int(code.version) for code in codes] == [11, 12, 14]


def test_the_longest_that_can_be_signed_is_read() -> None:
    raw = code_text(LONGEST, onboarder(), bootstrap().public_key()).encode()
    assert len(raw) <= MAX_CODE_BYTES
    assert opened(raw, trusting_onboarders(), FLOOR_S, bootstrap()) == LONGEST


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"DKSETUP:1:",
        b"DKSETUP:2:" + onboarding_code()[len(START) :],
        onboarding_code()[:-3],
        onboarding_code() + b"00",
        onboarding_code().lower(),
        b" " + onboarding_code(),
        START.encode() + b"0" * MAX_CODE_BYTES,
        START.encode() + base45.encode(b"\0" * 40),
        b"DKENROL:1:00000",
    ],
)
def test_what_is_no_code_is_unreadable(raw: bytes) -> None:
    assert refusal(raw) == Refusal.UNREADABLE


@pytest.mark.threat("forge-onboarding-code")
def test_another_signer_is_refused() -> None:
    assert refusal(onboarding_code(onboarder(32))) == Refusal.OTHER_ISSUER


@pytest.mark.threat("key-of-another-kind")
def test_an_operators_key_of_another_kind_does_not_count() -> None:
    assert refusal(onboarding_code(), signers=trusted(onboarder())) == Refusal.OTHER_ISSUER
    commands = signing([public_of(onboarder())], "command")
    assert refusal(onboarding_code(), signers=commands) == Refusal.OTHER_ISSUER


@pytest.mark.threat("forge-onboarding-code")
@pytest.mark.parametrize(
    "raw", [a_command(onboarder()), a_list(held=entries(2), key=onboarder()).raw]
)
def test_what_the_same_key_signed_as_something_else_is_no_code(raw: bytes) -> None:
    assert refusal(form.text_of(raw).encode()) == Refusal.UNREADABLE


@pytest.mark.threat("forge-onboarding-code")
def test_every_changed_bit_is_noticed() -> None:
    envelope = base45.decode(onboarding_code()[len(START) :])
    for at in range(len(envelope)):
        forged = bytearray(envelope)
        forged[at] ^= 1
        assert refusal(form.text_of(bytes(forged)).encode()) in {
            Refusal.UNREADABLE,
            Refusal.OTHER_ISSUER,
            Refusal.NOT_GENUINE,
        }


def test_a_signature_of_somebody_else_under_the_right_name_does_not_match() -> None:
    parts = list(cbor2.loads(base45.decode(onboarding_code()[len(START) :])).value)
    parts[3] = cbor2.loads(base45.decode(onboarding_code(onboarder(32))[len(START) :])).value[3]
    forged = cbor2.dumps(cbor2.CBORTag(18, parts))
    assert refusal(form.text_of(forged).encode()) == Refusal.NOT_GENUINE


@pytest.mark.threat("replay-onboarding-code")
def test_a_code_at_the_floor_or_below_is_old() -> None:
    assert refusal(onboarding_code(), floor_s=ISSUED_S) == Refusal.OLD
    assert refusal(onboarding_code(), floor_s=ISSUED_S + 1) == Refusal.OLD
    assert opened(onboarding_code(), trusting_onboarders(), ISSUED_S - 1, None) == SETUP


@pytest.mark.threat("read-sealed-password")
def test_a_password_that_is_sealed_to_another_kiosk_is_not_opened() -> None:
    raw = onboarding_code(sealed_to=bootstrap())
    assert refusal(raw, bootstrap=bootstrap(52)) == Refusal.OTHER_KIOSK
    assert refusal(raw, bootstrap=None) == Refusal.OTHER_KIOSK
    # One that has no password is for whoever trusts the signer.
    open_code = onboarding_code(sealed_to=bootstrap(), wifi=Wifi("open"))
    assert opened(open_code, trusting_onboarders(), FLOOR_S, None).wifi == Wifi("open")


@pytest.mark.threat("read-sealed-password")
def test_a_sealed_password_opens_in_the_codes_of_its_claim_only() -> None:
    sealed = cbor2.loads(form.payload_of(SETUP, bootstrap().public_key()))
    for key, other in ((2, "hk-043"), (3, "door-2"), (6, bytes(16))):
        assert refusal(resigned({**sealed, key: other})) == Refusal.OTHER_KIOSK
    assert opened(resigned(sealed), trusting_onboarders(), FLOOR_S, bootstrap()).wifi == WIFI


@pytest.mark.parametrize(
    "changed",
    [
        {"form": 2},
        {"name": "command"},
        *({key: value} for key in range(1, 8) for value in NO_FIELD),
        {2: "HK"},
        {2: "a/b"},
        {3: "+"},
        {4: "user@host"},
        {4: "host/path"},
        {4: "host:99999"},
        {5: bytes(31)},
        {6: bytes(17)},
        {4: "h:"},
        {7: "-broker"},
        {7: "broker:8883"},
        {7: "broker "},
        {7: 'b"\nhost = "c'},
        {8: 0},
        {8: 65_536},
        {8: "8883"},
        {1: 0},
        {1: 2**53 + 1},
        *({9: wifi} for wifi in NO_WIFI),
    ],
)
def test_signed_fields_that_cannot_be_are_refused(changed: dict[Any, Any]) -> None:
    is_sealed = changed.get(9) in SEALED_TO_NOBODY
    expected = Refusal.OTHER_KIOSK if is_sealed else Refusal.UNREADABLE
    assert refusal(resigned({**FIELDS, **changed})) == expected


def test_fields_of_a_later_version_are_not_minded() -> None:
    raw = resigned({**FIELDS, 99: "later", "also": [1], 9: {**FIELDS[9], 7: "band"}})
    assert opened(raw, trusting_onboarders(), FLOOR_S, None) == SETUP


def test_a_sealed_password_that_no_network_has_is_refused() -> None:
    for password in ("short", "g" * 64, "line\nbreak"):
        raw = onboarding_code(sealed_to=bootstrap(), wifi=Wifi("s", password))
        assert refusal(raw) == Refusal.UNREADABLE


def test_names_are_those_that_a_topic_may_have() -> None:
    metadata = repr(TopicLevel)
    assert form._LEVEL.pattern in metadata  # noqa: SLF001 - the settings refuse what this allows
