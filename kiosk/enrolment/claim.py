"""A claim: the one-time secret with which a kiosk gets its first certificate, as people write it.

Sixteen random bytes in 26 letters and digits that cannot be mistaken for each other. The other side
keeps only its mark, so whoever reads that disk can enrol nothing. A code on paper holds the claim,
where to redeem it, and the pin of the root certificate by which that server is known.
"""

import hashlib
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from kiosk.errors import EnrolmentError

CLAIM_BYTES = 16
PIN_BYTES = 32
CODE_START = "DKENROL:1:"
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U."""
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
_GROUP = 5
_MARK = b"door-kiosk claim 1\0"


@dataclass(frozen=True, slots=True)
class Code:
    """What an enrolment code says."""

    server: str
    claim: bytes = field(repr=False)
    pin: bytes

    def text(self) -> str:
        """Return it as it stands in a QR symbol: capital letters only, which make it small."""
        pin = _encode(self.pin)
        return f"{CODE_START}{_encode(self.claim)}:{pin}:{self.server.upper()}"


def claim_text(claim: bytes) -> str:
    """Return a claim as people read it.

    >>> claim_text(bytes.fromhex("00" * 15 + "2a"))
    '00000-00000-00000-00000-00001-A'
    """
    plain = _encode(claim)
    return "-".join(plain[at : at + _GROUP] for at in range(0, len(plain), _GROUP))


def read_claim(text: str) -> bytes:
    """Return the claim that somebody typed, however the letters look.

    >>> read_claim("ooooo 00000 00000 00000 0000i a")[-1]
    42

    Raises:
        EnrolmentError: It is none; nothing of it is quoted.
    """
    return _decode(text, CLAIM_BYTES, "the claim")


def read_pin(text: str) -> bytes:
    """Return the pin of a root certificate: its SHA-256 in the same letters, or in hex.

    Raises:
        EnrolmentError: It is none.
    """
    plain = text.strip().replace(":", "")
    if len(plain) == 2 * PIN_BYTES:
        try:
            return bytes.fromhex(plain)
        except ValueError:
            raise EnrolmentError("the pin is no SHA-256 in hex") from None
    return _decode(text, PIN_BYTES, "the pin")


def pin_text(pin: bytes) -> str:
    """Return a pin as it is typed."""
    return _encode(pin)


def read_code(text: str) -> Code:
    """Return what an enrolment code says.

    Raises:
        EnrolmentError: It is none.
    """
    if not text.startswith(CODE_START):
        raise EnrolmentError(f"this is no enrolment code: one begins with {CODE_START}")
    claim, _, rest = text.removeprefix(CODE_START).partition(":")
    pin, _, server = rest.partition(":")
    return Code(checked_server(server.lower()), read_claim(claim), read_pin(pin))


def checked_server(url: str) -> str:
    """Return the address of an enrolment server, without a slash at its end.

    Raises:
        EnrolmentError: It is no `https://HOST[:PORT]`.
    """
    plain = url.rstrip("/")
    try:
        parts = urlsplit(plain)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    whole = f"https://{parts.hostname}" + ("" if port is None else f":{port}")
    if parts.scheme != "https" or not parts.hostname or plain.lower() != whole:
        raise EnrolmentError(f"{url!r} is no address of an enrolment server: https://HOST:PORT")
    return whole


def mark_of(claim: bytes) -> str:
    """Return what the other side keeps of a claim. 128 random bits need no slow function."""
    return hashlib.sha256(_MARK + claim).hexdigest()


def _encode(raw: bytes) -> str:
    length = -(-len(raw) * 8 // 5)
    value = int.from_bytes(raw, "big")
    digits = [_LETTERS[value >> 5 * place & 31] for place in reversed(range(length))]
    return "".join(digits)


def _decode(text: str, length: int, what: str) -> bytes:
    plain = text.strip().upper().translate(_READ_AS)
    expected = -(-length * 8 // 5)
    if len(plain) != expected or any(letter not in _LETTERS for letter in plain):
        raise EnrolmentError(f"{what} has {expected} letters and digits; look at it again")
    value = 0
    for letter in plain:
        value = value << 5 | _LETTERS.index(letter)
    try:
        return value.to_bytes(length, "big")
    except OverflowError:
        raise EnrolmentError(f"{what} is mistyped: look at its first letter") from None
