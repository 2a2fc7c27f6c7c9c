"""The site's key, one period after the other: each follows from the last, and none leads back.

A handle can be guessed by whoever holds its key, so a kiosk holds the key of the present period
only. `ratcheted` makes the next one; the old one is then erased, and a stolen kiosk cannot tell who
came before. Whoever keeps the root (`kiosk-provision keys`) can make every period's key.

Pure: the caller reads the clock and keeps the file. A key without a period (64 hex digits and
nothing else) stays as it is for ever.

Source: HKDF-SHA-256 is RFC 5869.
"""

import re
from dataclasses import dataclass, field, replace

KEY_BYTES = 32
"""The output length of the hash under it."""
LONGEST_PERIOD_DAYS = 366
LAST_PERIOD = 9_999_999
LEAP_DAYS = 90.0
"""A key moves on by so much at once (or by one period): longer than any closure of a venue."""
CONFIRM_S = 6 * 3600.0
"""Beyond that the clock must say the same for so long, within one boot."""
_DAY_S = 86400.0
_ROOT = b"doorkiosk site key, period 0"
_NEXT = b"doorkiosk site key, next period"
_HEADING = "doorkiosk-site-key 1"
_HEX = re.compile(r"[0-9a-fA-F]{64}")
_SITE = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_NAMES = ("site", "days", "period", "key")


@dataclass(frozen=True, slots=True)
class Terms:
    """Whose key it is, and how long each period lasts (days)."""

    site: str
    days: int


@dataclass(frozen=True, slots=True)
class SiteKey:
    """The key of one period; `terms` and `period` are None for a key without periods."""

    key: bytes = field(repr=False)
    terms: Terms | None = None
    period: int | None = None


def period_at(unix_s: float, days: int) -> int:
    """Return the number of the period: they are counted from 1970, in UTC.

    >>> period_at(0, 14), period_at(14 * 86400 - 1, 14), period_at(14 * 86400, 14)
    (0, 0, 1)
    """
    return int(unix_s // (days * _DAY_S))


def derived(root: bytes, terms: Terms, period: int) -> SiteKey:
    """Return a site's key of a period, from the root that the operator keeps.

    >>> terms = Terms("hk-042", 14)
    >>> derived(bytes(32), terms, 8) == ratcheted(derived(bytes(32), terms, 5), 8)
    True
    """
    info = b"\0".join((_ROOT, terms.site.encode(), str(terms.days).encode()))
    return ratcheted(SiteKey(_hkdf(root, info), terms, 0), period)


def ratcheted(site_key: SiteKey, period: int) -> SiteKey:
    """Return the key of a later period.

    Raises:
        ValueError: It has no periods, or `period` is an earlier one: nothing leads back.
    """
    if site_key.period is None or period < site_key.period:
        raise ValueError("a site's key moves forward only")
    key = site_key.key
    for number in range(site_key.period + 1, period + 1):
        key = _hkdf(key, _NEXT + b"\0" + str(number).encode())
    return replace(site_key, key=key, period=period)


def _hkdf(secret: bytes, info: bytes) -> bytes:
    # Imported by whoever derives: the eye reads the same settings and loads no cryptography.
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415 - see above

    return HKDF(SHA256(), KEY_BYTES, None, info).derive(secret)


class Turning:
    """Says which period's key is to be used; nothing moves back, and nothing leaps unconfirmed.

    A trusted clock may be wrong by years (a spoofed time server), and a key that moved on cannot
    return: so a leap of more than `LEAP_DAYS` waits until the clock has said so for `CONFIRM_S`.
    Used by one thread.
    """

    def __init__(self) -> None:
        self._leaping_s: float | None = None

    @property
    def waits(self) -> bool:
        """Whether the clock is far ahead of the key, and not believed yet."""
        return self._leaping_s is not None

    def period(self, site_key: SiteKey, now_s: float, utc_s: float | None) -> int | None:
        """Return the period to be in; `utc_s` is None while no clock is trusted.

        `now_s` is monotonic. None where the key has no periods.
        """
        present, terms = site_key.period, site_key.terms
        if present is None or terms is None:
            return None
        ahead = 0 if utc_s is None else min(period_at(utc_s, terms.days), LAST_PERIOD) - present
        if ahead <= max(1, LEAP_DAYS // terms.days):
            self._leaping_s = None
            return present + max(0, ahead)
        if self._leaping_s is None:
            self._leaping_s = now_s
        if now_s - self._leaping_s < CONFIRM_S:
            return present
        self._leaping_s = None
        return present + ahead


def as_text(site_key: SiteKey) -> str:
    """Return what stands in a key file.

    >>> print(as_text(SiteKey(bytes(32), Terms("hk-042", 14), 1485)), end="")
    doorkiosk-site-key 1
    site hk-042
    days 14
    period 1485
    key 0000000000000000000000000000000000000000000000000000000000000000
    """
    if site_key.terms is None:
        return f"{site_key.key.hex()}\n"
    values = (site_key.terms.site, site_key.terms.days, site_key.period, site_key.key.hex())
    lines = [f"{name} {value}" for name, value in zip(_NAMES, values, strict=True)]
    return "\n".join([_HEADING, *lines, ""])


def site_key_in(text: str) -> SiteKey:
    """Return the key in a key file.

    Raises:
        ValueError: It holds none. The message quotes nothing of it.
    """
    lines = text.strip().splitlines()
    if len(lines) < 2:
        return SiteKey(_key(text.strip(), "is"))
    if lines[0].strip() != _HEADING:
        raise ValueError(f"does not begin with {_HEADING!r}")
    pairs = [line.split() for line in lines[1:]]
    if [pair[:1] for pair in pairs] != [[name] for name in _NAMES]:
        raise ValueError(f"must have the lines {', '.join(_NAMES)} below its first, in this order")
    site, days, period, key = (" ".join(pair[1:]) for pair in pairs)
    if not _SITE.fullmatch(site):
        raise ValueError("names no site")
    terms = Terms(site, _number(days, "days", 1, LONGEST_PERIOD_DAYS))
    return SiteKey(_key(key, "has a key that is"), terms, _number(period, "period", 0, LAST_PERIOD))


def _key(text: str, begun: str) -> bytes:
    if not _HEX.fullmatch(text):
        raise ValueError(f"{begun} {len(text)} characters long and must be 64 hex digits")
    return bytes.fromhex(text)


def _number(text: str, name: str, least: int, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 7 and least <= int(text) <= most):
        raise ValueError(f"has no {name} from {least} to {most}")
    return int(text)
