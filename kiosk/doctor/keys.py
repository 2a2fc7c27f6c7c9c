"""The keys: do they fit the time, does a certificate still hold, and who else may read them?

Nothing of a key is shown, not even in part.
"""

import ssl
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509

from kiosk.clock import Clock
from kiosk.doctor import Diagnosis, Mark, Observation, fine
from kiosk.doctor.account import Account
from kiosk.identity.periods import LEAP_DAYS, SiteKey, period_at

SOON_PART = 1 / 3
"""Of a certificate's life: renewal begins there, so what is still not renewed then is late."""
DEVICE_KEY_BYTES = 32
_DAY_S = 86400.0

AHEAD = Diagnosis(
    "keys.site-ahead",
    Mark.FAULT,
    "the venue's key is of a period that has not begun: it was moved on by a wrong clock",
    "look at the line clock; then have the key file made anew: kiosk-provision keys kiosk",
)
BEHIND = Diagnosis(
    "keys.site-behind",
    Mark.WARNING,
    "the venue's key is months behind the clock, and waits six hours before it follows",
    "if the clock is right, let the kiosk run for six hours, or have the key file made anew",
)
DEVICE = Diagnosis(
    "keys.device",
    Mark.FAULT,
    "the file of this kiosk's own key is damaged",
    "remove {path}; the kiosk makes a new key at its next start",
)
READABLE = Diagnosis(
    "keys.readable",
    Mark.WARNING,
    "others than the kiosk may read a key",
    "sudo chmod o= {path}",
)
UNREADABLE = Diagnosis(
    "keys.unreadable",
    Mark.FAULT,
    "a certificate or its key is not there, or is none",
    "enrol this kiosk (kiosk enrol), or put the file in its place",
)
EXPIRED = Diagnosis(
    "keys.expired",
    Mark.FAULT,
    "a certificate has expired",
    "look at the line clock; then have the certificate renewed: kiosk enrol, or the operator",
)
SOON = Diagnosis(
    "keys.expires-soon",
    Mark.WARNING,
    "two thirds of a certificate's life are over, and it was not renewed",
    "connect the kiosk to the operator's network; have the certificate renewed before that day",
)
RENEWAL = Diagnosis(
    "keys.renewal",
    Mark.WARNING,
    "the running kiosk cannot renew its certificate",
    "do what the line says; is enrolment.server on, and does the firewall let its port out?",
)
MISMATCH = Diagnosis(
    "keys.mismatch",
    Mark.FAULT,
    "the key does not belong to the certificate",
    "copy both from the same enrolment to uplink.cert_file and uplink.key_file",
)


@dataclass(frozen=True, slots=True)
class KeyFiles:
    """Where the keys lie; None where there is none. `certificates` are by what they are."""

    site: Path | None = None
    device: Path | None = None
    certificate: Path | None = None
    private: Path | None = None
    authority: Path | None = None


class KeysCheck:
    """The venue's key, this kiosk's own key, and its certificate."""

    name = "keys"
    after: tuple[str, ...] = ()

    def __init__(
        self, site_key: SiteKey | None, files: KeyFiles, clock: Clock, account: Account
    ) -> None:
        self._account = account
        self._site_key = site_key
        self._files = files
        self._clock = clock

    def __call__(self) -> Iterable[Observation]:
        """Judge each of them; nothing wrong is one line."""
        wrong = [*self._site(), *self._device(), *self._modes(), *self._certificates()]
        wrong = wrong or [*self._renewal()]
        yield from wrong
        if not wrong:
            yield fine(self.name, "; ".join(self._facts()) or "nothing to look at")

    def _facts(self) -> Iterator[str]:
        if self._site_key is not None:
            period = self._site_key.period
            yield "venue's key " + ("without periods" if period is None else f"of period {period}")
        path = self._files.certificate
        if path is not None:
            yield f"certificate until {_certificate(path).not_valid_after_utc:%Y-%m-%d}"

    def _site(self) -> Iterator[Observation]:
        key = self._site_key
        if key is None or key.terms is None or key.period is None or not self._clock.trusted():
            return
        ahead = key.period - period_at(self._clock.unix_s(), key.terms.days)
        if ahead > 0:
            yield AHEAD.found(f"the venue's key is {ahead} periods ahead of the clock")
        elif -ahead > max(1, LEAP_DAYS // key.terms.days):
            yield BEHIND.found(f"the venue's key is {-ahead} periods behind the clock")

    def _device(self) -> Iterator[Observation]:
        path = self._files.device
        if path is not None and path.exists():
            size = path.stat().st_size
            if size != DEVICE_KEY_BYTES:
                what = f"{path} holds {size} bytes and must hold {DEVICE_KEY_BYTES}"
                yield DEVICE.found(what, path=path)

    def _renewal(self) -> Iterator[Observation]:
        word = self._account.word
        if word is not None and word.certificate is not None and word.certificate.trouble:
            yield RENEWAL.found(f"the running kiosk says: {word.certificate.trouble}")

    def _modes(self) -> Iterator[Observation]:
        files = (self._files.site, self._files.device, self._files.private)
        for path in dict.fromkeys(files):
            if path is not None and path.exists() and path.stat().st_mode & stat.S_IRWXO:
                yield READABLE.found(f"{path} is open to everybody", path=path)

    def _certificates(self) -> Iterator[Observation]:
        files = self._files
        for path in (files.certificate, files.authority):
            if path is not None:
                yield from self._certificate(path, renewed=path == files.certificate)
        if files.certificate is None or files.private is None:
            return
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(
                files.certificate, files.private, password=lambda: ""
            )
        except ssl.SSLError as error:
            if "MISMATCH" in (error.reason or ""):
                yield MISMATCH.found(f"{files.private} is not the key of {files.certificate}")
            elif _is_certificate(files.certificate):
                yield UNREADABLE.found(f"{files.private}: holds no key in PEM that can be used")
        except OSError as error:
            if _is_certificate(files.certificate):
                yield UNREADABLE.found(f"{files.private}: {error.strerror}")

    def _certificate(self, path: Path, *, renewed: bool) -> Iterator[Observation]:
        try:
            certificate = _certificate(path)
        except OSError as error:
            yield UNREADABLE.found(f"{path}: {error.strerror}")
            return
        except ValueError:
            yield UNREADABLE.found(f"{path}: holds no certificate in PEM")
            return
        began_s, ends_s = _span_s(certificate)
        left_s = ends_s - self._clock.unix_s()
        day = f"{certificate.not_valid_after_utc:%Y-%m-%d}"
        if left_s < 0:
            yield EXPIRED.found(f"{path}: expired on {day}")
        elif renewed and left_s < SOON_PART * (ends_s - began_s):
            yield SOON.found(f"{path}: expires on {day}, in {left_s / _DAY_S:.0f} days")


def issued_at(path: Path | None) -> datetime | None:
    """Return when a certificate begins to count; None where there is none to read."""
    try:
        return None if path is None else _certificate(path).not_valid_before_utc
    except (OSError, ValueError):
        return None


def _certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _is_certificate(path: Path) -> bool:
    return issued_at(path) is not None


def _span_s(certificate: x509.Certificate) -> tuple[float, float]:
    return certificate.not_valid_before_utc.timestamp(), certificate.not_valid_after_utc.timestamp()
