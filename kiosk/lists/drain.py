"""The drain rate that an operator tells all kiosks: one signed word, verified like a manifest.

It has a version as a list has, so that an old one cannot come back. Withdrawing a rate is a word
of its own: a topic without a message says nothing, because a broker could clear it by itself.
"""

from dataclasses import dataclass

import cbor2

from kiosk.errors import ListError
from kiosk.lists.form import DRAIN
from kiosk.lists.signed import FORM, Fields, number, unverified, verified
from kiosk.payloads.parts.trust import Context

LEAST_HZ, MOST_HZ = 0.1, 10_000.0
"""A kiosk that is told to stop would fill up; none sends faster."""
MAX_BYTES = 1024
"""One has about 170."""
_WHAT = "drain rate"


@dataclass(frozen=True, slots=True)
class DrainRate:
    """Events a second that one kiosk may send; `drain_hz` None: each by its own settings again."""

    version: int
    issued_s: int
    drain_hz: float | None


def payload_of(rate: DrainRate) -> bytes:
    """Return what is signed."""
    fields = {
        "form": FORM,
        "name": DRAIN,
        "version": rate.version,
        "issued": rate.issued_s,
        "drain_hz": rate.drain_hz,
    }
    return cbor2.dumps(fields)


def read(raw: bytes, signers: Context) -> DrainRate:
    """Return the rate that an operator signed.

    Raises:
        Untrusted: It is signed by somebody who is no operator.
        ListError: It is too large, its signature does not match, or it is not laid out as one.
    """
    return _rate(verified(_WHAT, raw, MAX_BYTES, signers))


def said(raw: bytes) -> DrainRate:
    """Return the rate, whoever signed it: for whoever makes the next version.

    Raises:
        ListError: It is too large, or not laid out as one.
    """
    return _rate(unverified(_WHAT, raw, MAX_BYTES))


def _rate(fields: Fields) -> DrainRate:
    if fields.get("name") != DRAIN:
        raise ListError(f"{_WHAT}: something else was signed")
    return DrainRate(
        number(_WHAT, fields, "version", least=1),
        number(_WHAT, fields, "issued", least=0),
        _hz(fields),
    )


def _hz(fields: Fields) -> float | None:
    hz = fields.get("drain_hz")
    if hz is None and "drain_hz" in fields:
        return None
    # A truth value is a number to Python; what is not a number is never between two.
    if isinstance(hz, bool) or not isinstance(hz, int | float) or not LEAST_HZ <= hz <= MOST_HZ:
        raise ListError(f"{_WHAT}: drain_hz: not {LEAST_HZ:g} to {MOST_HZ:g}, and not null")
    return float(hz)
