"""A code as a picture, for a phone: the whole symbol with its light border, nothing else."""

import io

import segno

from kiosk.onboarding.form import MAX_CODE_BYTES
from provisioning.errors import ProvisioningError

QUIET_MODULES = 4
MODULE_PX = 8
MOST_MODULES = 93
"""Version 19: as many as a vaccine certificate has, which the eye reads from a phone."""


def modules(text: str) -> list[bytes]:
    """Return the rows of the symbol, 1 for dark: level M, or better where that is no larger.

    Raises:
        ProvisioningError: It would be larger than what is read from a phone.
    """
    return [bytes(row) for row in _symbol(text).matrix]


def png(text: str) -> bytes:
    """Return the symbol as a PNG.

    Raises:
        ProvisioningError: It would be larger than what is read from a phone.
    """
    out = io.BytesIO()
    _symbol(text).save(out, kind="png", scale=MODULE_PX, border=QUIET_MODULES)
    return out.getvalue()


def _symbol(text: str) -> segno.QRCode:
    if len(text) <= MAX_CODE_BYTES:
        code = segno.make_qr(text, error="m", mode="alphanumeric")
        if len(code.matrix) <= MOST_MODULES:
            return code
    raise ProvisioningError(
        "the code would be too large for a phone: shorter names of site, device, server or broker"
    )
