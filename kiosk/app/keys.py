"""The keys of this kiosk: read at the start, and the site's moved on as its periods go by.

A key file is replaced as a whole or not at all, whatever the power does, and the old key is then
written over. On an SD card that is not the end of it: the card may keep the old block where no
program reads it (docs/explanation/privacy.md).
"""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_bytes

from kiosk.app.identity_checks import Secrets
from kiosk.app.logs import Log
from kiosk.app.sections import Identity
from kiosk.clock import Clock
from kiosk.durable import replace_secret
from kiosk.errors import SettingsError
from kiosk.identity.periods import SiteKey, Turning, as_text, period_at, ratcheted
from kiosk.identity.sealing import Sealer

_log = Log()

_DEVICE_KEY_BYTES = 32
_LOOK_S = 1.0
_TRY_AGAIN_S = 60.0


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """The keys as they are now; never logged, never sent.

    `site` makes handles, and `period` says which of the site's keys it is (None: it has no
    periods). `device` makes marks and never changes. `sealer` holds public keys only; None where no
    authority was named.
    """

    site: bytes
    device: bytes
    period: int | None = None
    sealer: Sealer | None = None


class KeyPeriods:
    """The keys as time goes on; main thread only.

    `path` is the site's key file; None where the key stands in the settings and has no periods.
    """

    def __init__(self, keys: Keys, site_key: SiteKey, path: Path | None, clock: Clock) -> None:
        self._site_key = site_key
        self._path = path
        self._clock = clock
        self._turning = Turning()
        self._on_disk = site_key.period
        self._look_at_s = float("-inf")
        self._said: str | None = None
        self.keys = replace(keys, site=site_key.key, period=site_key.period)

    @property
    def trouble(self) -> str | None:
        """What a person should know of the site's key, in one line."""
        return self._said

    def now(self) -> Keys:
        """Return the keys to use now; a period that has ended takes its key with it."""
        now_s = self._clock.monotonic_s()
        if self._site_key.terms is None or now_s < self._look_at_s:
            return self.keys
        self._look_at_s = now_s + _LOOK_S
        utc_s = self._clock.unix_s() if self._clock.trusted() else None
        period = self._turning.period(self._site_key, now_s, utc_s)
        if period is not None and period != self._site_key.period:
            self._site_key = ratcheted(self._site_key, period)
            self.keys = replace(self.keys, site=self._site_key.key, period=period)
            _log.info("a new key period", period=period)
        wrong = self._erase_old(now_s)
        self._say(wrong or self._told(utc_s))
        return self.keys

    def _erase_old(self, now_s: float) -> str | None:
        """Put the present key where the old one is; return what is wrong, if it fails."""
        if self._path is None or self._on_disk == self._site_key.period:
            return None
        try:
            replace_secret(self._path, as_text(self._site_key).encode())
        except OSError as error:
            self._look_at_s = now_s + _TRY_AGAIN_S
            return f"the old site key cannot be erased from its file: {error.strerror}"
        self._on_disk = self._site_key.period
        return None

    def _told(self, utc_s: float | None) -> str | None:
        if self._turning.waits:
            return "the clock is far ahead of the site key's period: waiting for it to be confirmed"
        terms, period = self._site_key.terms, self._site_key.period
        if (
            terms is None
            or period is None
            or utc_s is None
            or period_at(utc_s, terms.days) >= period
        ):
            return None
        ahead = period - period_at(utc_s, terms.days)
        return f"the site key is {ahead} periods ahead of the clock: have its file made anew"

    def _say(self, trouble: str | None) -> None:
        if trouble is not None and trouble != self._said:
            _log.warning("site key", what=trouble)
        self._said = trouble


def without_periods(keys: Keys, clock: Clock) -> KeyPeriods:
    """Return keys that stay as they are: for trials."""
    return KeyPeriods(keys, SiteKey(keys.site), None, clock)


def key_periods(identity: Identity, secrets: Secrets, source: str, clock: Clock) -> KeyPeriods:
    """Return the keys of the kiosk whose events come from `source`.

    Raises:
        SettingsError: A key cannot be read or made, or could not be moved on.
    """
    site_key, path = secrets.site_key, identity.site_key_file
    if path is not None and site_key.terms is not None and not os.access(path.parent, os.W_OK):
        raise SettingsError(
            f"identity.site_key_file = {str(path)!r}: the kiosk replaces this file when a "
            "period ends, and may not write into its folder; move it to /var/lib/kiosk/site.key"
        )
    sealer = Sealer(source, secrets.recipients) if secrets.recipients else None
    keys = Keys(site_key.key, device_key(identity.device_key_file), sealer=sealer)
    return KeyPeriods(keys, site_key, path, clock)


def device_key(path: Path) -> bytes:
    """Return this kiosk's own key, making it at the first start.

    Raises:
        SettingsError: It cannot be read or made.
    """
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_secret(path, token_bytes(_DEVICE_KEY_BYTES))
        key = path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"identity.device_key_file = {str(path)!r}: {error.strerror}; name a file in a folder "
            "that the kiosk may write"
        ) from error
    if len(key) != _DEVICE_KEY_BYTES:
        raise SettingsError(
            f"identity.device_key_file = {str(path)!r}: holds {len(key)} bytes and must hold "
            f"{_DEVICE_KEY_BYTES}; remove the file and a new key is made"
        )
    return key
