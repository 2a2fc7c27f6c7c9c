"""A setup becomes the text of a code, signed by an operator. Nothing here reads a clock or file."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from kiosk.onboarding.form import Setup, payload_of, text_of
from provisioning.lists.making import signed


def code_text(
    setup: Setup, key: Ed25519PrivateKey, sealed_to: X25519PublicKey | None = None
) -> str:
    """Return what a kiosk's symbol says; without `sealed_to` anybody reads the Wi-Fi password."""
    return text_of(signed(payload_of(setup, sealed_to), key))
