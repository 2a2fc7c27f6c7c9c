"""What an onboarding code says, and which one is believed: the operator's, recent, for this kiosk.

Everything a kiosk needs to become a door stands in one QR symbol: site and device, where its claim
is redeemed and by which root that server is known, the broker, perhaps the Wi-Fi. Whoever holds one
up is a stranger, so nothing in it is looked at before its signature, and its size before that.

Source: COSE_Sign1 (RFC 9052) with Ed25519 around a CBOR map, as a command is; in a symbol as base45
(RFC 9285). A sealed password is HPKE (RFC 9180), base mode: X25519, HKDF-SHA256, ChaCha20-Poly1305.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

import cbor2
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from kiosk.door.credential import Defect
from kiosk.enrolment.claim import CLAIM_BYTES, PIN_BYTES, checked_server
from kiosk.errors import EnrolmentError, OnboardingRefused, PayloadError
from kiosk.lists.signed import FORM, LARGEST
from kiosk.network.wifi import Wifi, checked
from kiosk.onboarding.shown import START, is_code
from kiosk.payloads.parts import base45, cbor, cose
from kiosk.payloads.parts.trust import Algorithm, Context, NotGenuine

KIND = "onboarding"
"""What an operator's key signs; one that is trusted with lists or commands alone onboards none."""
NAME = "onboarding"
"""What the signed map says that it is."""
MAX_CODE_BYTES = 1600
"""Of a code as it is read; one has about 450, and one with the longest names of all 1,400."""
USUAL_PORT = 8883
"""MQTT over TLS; a code says its port only where it is another one."""

_SCHEME = "https://"
_LEVEL = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_SERVER_ADDRESS = re.compile(rf"{_HOST.pattern}(?::[0-9]{{1,5}})?")
_ALGORITHMS = frozenset({Algorithm.EDDSA})
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
_PURPOSE = b"door-kiosk onboarding 1"
_SEALED_STEP_BYTES = 32
"""A password is filled up to this or twice this, so that its length tells little."""

# Names of fields are numbers: with words the symbol would be three sizes larger.
_ISSUED, _SITE, _DEVICE, _SERVER, _PIN, _CLAIM, _HOST_NAME, _PORT, _WIFI = range(1, 10)
_SSID, _PASSWORD, _HIDDEN = range(1, 4)


class Refusal(StrEnum):
    """Why an onboarding code is not taken; shown at the door and never sent."""

    UNREADABLE = "unreadable"
    """It begins as one and is none, or of a form that this version does not know."""
    OTHER_ISSUER = "other-issuer"
    """Whoever signed it is not named by this kiosk's `onboarding.signers`."""
    NOT_GENUINE = "not-genuine"
    """The signature does not match: somebody has changed it."""
    OLD = "old"
    """It is older than the kiosk's software, or not newer than the code that was taken last."""
    OTHER_KIOSK = "other-kiosk"
    """Its Wi-Fi password is sealed to another kiosk's bootstrap key."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What a code says. `server` is the enrolment server's address, `host` and `port` the broker's.

    `pin` is the SHA-256 of the root certificate, by which both are known; `claim` is good once.
    `issued_s` is when it was signed, UTC in Unix seconds.
    """

    site: str
    device: str
    server: str
    pin: bytes
    claim: bytes = field(repr=False)
    host: str
    port: int
    issued_s: int
    wifi: Wifi | None = None


def opened(raw: bytes, signers: Context, floor_s: int, bootstrap: X25519PrivateKey | None) -> Setup:
    """Return what a code says, if it is one for this kiosk.

    `signers` are keys of `KIND`. A code issued at `floor_s` or before is old; `bootstrap` opens a
    sealed password.

    Raises:
        OnboardingRefused: It is not taken; the message holds nothing of it.
    """
    fields = _verified(raw, signers)
    try:
        setup, sealed = _setup(fields)
        if setup.issued_s <= floor_s:
            raise _refused(Refusal.OLD)
        if sealed is None or setup.wifi is None:
            return setup
        password = _unsealed(sealed, setup, bootstrap)
        return replace(setup, wifi=checked(replace(setup.wifi, password=password)))
    except (PayloadError, EnrolmentError):
        raise _refused(Refusal.UNREADABLE) from None


def payload_of(setup: Setup, sealed_to: X25519PublicKey | None = None) -> bytes:
    """Return what is signed; a Wi-Fi password is sealed to `sealed_to`, or stands in it plainly.

    Raises:
        ValueError: `sealed_to` is a key of low order, to which nothing can be sealed.
    """
    fields: dict[str | int, object] = {
        "form": FORM,
        "name": NAME,
        _ISSUED: setup.issued_s,
        _SITE: setup.site,
        _DEVICE: setup.device,
        _SERVER: setup.server.removeprefix(_SCHEME),
        _PIN: setup.pin,
        _CLAIM: setup.claim,
        _HOST_NAME: setup.host,
    }
    if setup.port != USUAL_PORT:
        fields[_PORT] = setup.port
    if setup.wifi is not None:
        fields[_WIFI] = _wifi_fields(setup, setup.wifi, sealed_to)
    return cbor2.dumps(fields)


def text_of(envelope: bytes) -> str:
    """Return a signed code as it stands in a symbol: only what a QR code stores densest."""
    return START + base45.encode(envelope).decode("ascii")


def _verified(raw: bytes, signers: Context) -> Mapping[object, object]:
    """Return the fields that an operator signed."""
    if not is_code(raw) or len(raw) > MAX_CODE_BYTES:
        raise _refused(Refusal.UNREADABLE)
    try:
        found = cose.envelope(base45.decode(raw[len(START) :]), _ALGORITHMS)
        cose.signer(found, KIND, signers)
        fields = cbor.loads(found.payload)
    except NotGenuine as error:
        unknown = error.defect is Defect.UNTRUSTED_ISSUER
        raise _refused(Refusal.OTHER_ISSUER if unknown else Refusal.NOT_GENUINE) from None
    except PayloadError:
        raise _refused(Refusal.UNREADABLE) from None
    if not isinstance(fields, dict) or fields.get("form") != FORM or fields.get("name") != NAME:
        raise _refused(Refusal.UNREADABLE)
    return fields


def _setup(fields: Mapping[object, object]) -> tuple[Setup, bytes | None]:
    """Return what was signed, and its password where that is sealed yet."""
    site, device = _text(fields, _SITE, _LEVEL), _text(fields, _DEVICE, _LEVEL)
    host = _text(fields, _HOST_NAME, _HOST)
    server = checked_server(_SCHEME + _text(fields, _SERVER, _SERVER_ADDRESS))
    wifi, sealed = _wifi(fields.get(_WIFI))
    setup = Setup(
        site,
        device,
        server,
        _bytes(fields, _PIN, PIN_BYTES),
        _bytes(fields, _CLAIM, CLAIM_BYTES),
        host,
        _number(fields.get(_PORT, USUAL_PORT), 65_535),
        _number(fields.get(_ISSUED), LARGEST),
        wifi,
    )
    return setup, sealed


def _wifi(found: object) -> tuple[Wifi | None, bytes | None]:
    if found is None:
        return None, None
    if not isinstance(found, dict):
        raise PayloadError("onboarding: no Wi-Fi")
    ssid, password, hidden = found.get(_SSID), found.get(_PASSWORD), found.get(_HIDDEN, False)
    if not isinstance(ssid, str) or not isinstance(hidden, bool):
        raise PayloadError("onboarding: no Wi-Fi")
    if isinstance(password, bytes):
        return checked(Wifi(ssid, None, hidden=hidden)), password
    if password is not None and not isinstance(password, str):
        raise PayloadError("onboarding: no Wi-Fi")
    return checked(Wifi(ssid, password, hidden=hidden)), None


def _unsealed(sealed: bytes, setup: Setup, bootstrap: X25519PrivateKey | None) -> str:
    if bootstrap is None:
        raise _refused(Refusal.OTHER_KIOSK)
    try:
        plain = _SUITE.decrypt(sealed, bootstrap, _info(setup))
    except (InvalidTag, ValueError):
        raise _refused(Refusal.OTHER_KIOSK) from None
    try:
        return plain.rstrip(b"\0").decode("ascii")
    except UnicodeDecodeError:
        raise _refused(Refusal.UNREADABLE) from None


def _sealed(password: str, setup: Setup, sealed_to: X25519PublicKey) -> bytes:
    plain = password.encode("ascii")
    length = -(-len(plain) // _SEALED_STEP_BYTES) * _SEALED_STEP_BYTES
    return _SUITE.encrypt(plain.ljust(length, b"\0"), sealed_to, _info(setup))


def _info(setup: Setup) -> bytes:
    """Return what a sealed password is bound to: it opens in this claim's codes only."""
    return b"\0".join([_PURPOSE, setup.site.encode(), setup.device.encode(), setup.claim])


def _wifi_fields(
    setup: Setup, wifi: Wifi, sealed_to: X25519PublicKey | None
) -> dict[int, str | bytes | bool]:
    fields: dict[int, str | bytes | bool] = {_SSID: wifi.ssid}
    if wifi.password is not None and sealed_to is not None:
        fields[_PASSWORD] = _sealed(wifi.password, setup, sealed_to)
    elif wifi.password is not None:
        fields[_PASSWORD] = wifi.password
    if wifi.hidden:
        fields[_HIDDEN] = True
    return fields


def _text(fields: Mapping[object, object], key: int, pattern: re.Pattern[str]) -> str:
    found = fields.get(key)
    if not isinstance(found, str) or not pattern.fullmatch(found):
        raise PayloadError("onboarding: no name, or one that cannot be used")
    return found


def _bytes(fields: Mapping[object, object], key: int, length: int) -> bytes:
    found = fields.get(key)
    if not isinstance(found, bytes) or len(found) != length:
        raise PayloadError("onboarding: no secret or pin, or of another length")
    return found


def _number(found: object, most: int) -> int:
    if type(found) is not int or not 1 <= found <= most:
        raise PayloadError("onboarding: no number, or a large one")
    return found


def _refused(refusal: Refusal) -> OnboardingRefused:
    return OnboardingRefused(refusal, f"onboarding code: {_WORDS[refusal]}")


_WORDS = {
    Refusal.UNREADABLE: "none that this version can read; make it with the same version",
    Refusal.OTHER_ISSUER: "signed with a key that onboarding.signers does not name",
    Refusal.NOT_GENUINE: "the signature does not match; have it printed anew",
    Refusal.OLD: "older than this kiosk's software or than the code before; have a new one made",
    Refusal.OTHER_KIOSK: "its Wi-Fi password is sealed to another kiosk's bootstrap key",
}
