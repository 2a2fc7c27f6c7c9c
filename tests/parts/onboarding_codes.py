"""An operator who onboards kiosks, and codes as one may sign, seal or forge them."""

from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from kiosk.lists.signed import signing
from kiosk.network.wifi import Wifi
from kiosk.onboarding.form import KIND, Setup
from kiosk.payloads.parts.trust import Context
from provisioning.onboarding.making import code_text
from tests.parts.lists import operator, public_of

ISSUED_S = 1_790_000_000
WIFI = Wifi("Phòng khám", "mot mat khau dai")
SETUP = Setup(
    site="hk-042",
    device="door-1",
    server="https://enrol.example.org:8443",
    pin=bytes(range(32)),
    claim=bytes(range(16)),
    host="broker.example.org",
    port=8883,
    issued_s=ISSUED_S,
    wifi=WIFI,
)


def onboarder(seed: int = 31) -> Ed25519PrivateKey:
    """Return the key of somebody who onboards kiosks."""
    return operator(seed)


def bootstrap(seed: int = 51) -> X25519PrivateKey:
    """Return a kiosk's bootstrap key."""
    return X25519PrivateKey.from_private_bytes(bytes([seed]) * 32)


def trusting_onboarders(*keys: Ed25519PrivateKey) -> Context:
    """Return the context in which these may onboard; without any, `onboarder` may."""
    return signing([public_of(key) for key in keys or (onboarder(),)], KIND)


def onboarding_code(
    key: Ed25519PrivateKey | None = None,
    sealed_to: X25519PrivateKey | None = None,
    **changed: Any,
) -> bytes:
    """Return a code as it is read; `changed` replaces what it says."""
    public = None if sealed_to is None else sealed_to.public_key()
    return code_text(replace(SETUP, **changed), key or onboarder(), public).encode()
