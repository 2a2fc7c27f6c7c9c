"""Who gets a certificate: the rules of enrolling, renewing and revoking, over roll and signers.

One device has one line of certificates. Enrolling anew revokes what was before; a certificate is
followed by one key only, so that of two devices with the same key one is refused and both are seen.
"""

import contextlib
import secrets
import threading
from collections.abc import Callable
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from kiosk.enrolment import claim as claims
from kiosk.enrolment.keys import Held, certificates_in
from kiosk.enrolment.wire import Enrolled, Redeem, Refusal, Renew
from kiosk.errors import EnrolmentError, EnrolmentRefused
from provisioning.errors import ProvisioningError
from provisioning.fleet import certificates, names
from provisioning.fleet.certificates import SERVER_DAYS, Public, Signer
from provisioning.fleet.folder import FleetFolder, locked, pems
from provisioning.fleet.issuing_keys import IssuingKeys, Reopen
from provisioning.fleet.requests import (
    certificate,
    check_proof,
    key_print_of,
    print_of,
    refuse,
    signing_request,
)
from provisioning.fleet.revocations import Revocations
from provisioning.fleet.roll import Certificate, Claim, Roll

_DAY_S = 86_400
_HOUR_S = 3600


class Way(StrEnum):
    """How somebody came by a certificate."""

    BENCH = "bench"
    CLAIM = "claim"
    RENEWAL = "renewal"


class Registrar:
    """Enrols, renews and revokes; any thread, each call opens the roll for itself."""

    def __init__(
        self,
        folder: FleetFolder,
        signers: list[Signer],
        now_s: Callable[[], float],
        reopen: Reopen | None = None,
    ) -> None:
        """Open a fleet; `reopen` is for whoever lives longer than one command."""
        self.folder = folder
        self.terms = folder.terms()
        self._clock_s = now_s
        self._issuing = IssuingKeys(folder, signers, reopen)
        self.revocations = Revocations(folder, self._issuing, self._now_s)
        self._root = folder.root_certificate()
        self._revoked = threading.Event()

    def claim_for(self, site: str, device: str, hours: int | None = None) -> tuple[bytes, int]:
        """Make a claim for a device; return it, here and never again, and when it ends.

        Raises:
            ProvisioningError: There is no such site, or the device's name cannot be used.
        """
        now_s, made = self._now_s(), secrets.token_bytes(claims.CLAIM_BYTES)
        until_s = now_s + _HOUR_S * (self.terms.claim_hours if hours is None else hours)
        with self._opened() as roll, roll.change():
            _add_device(roll, site, device, now_s)
            roll.add_claim(claims.mark_of(made), site, device, now_s, until_s)
        return made, until_s

    def enrol_here(self, site: str, device: str) -> Held:
        """Enrol a device with a key made here: for a bench, where both are copied by hand.

        Raises:
            ProvisioningError: There is no such site, or the device's name cannot be used.
        """
        now_s, key = self._now_s(), certificates.new_key()
        with self._opened() as roll, roll.change():
            _add_device(roll, site, device, now_s)
            roll.void_claims(site, device)
            made = self._issue_anew(roll, f"{site}/{device}", key.public_key(), Way.BENCH)
        self._tell_revoked()
        return Held(key, self._chain(made))

    def service(self, name: str, role: names.Role) -> Held:
        """Enrol a ledger's worker or an operator, with a key made here.

        Nothing renews these by itself, so they last longer, and the one before counts to its end.

        Raises:
            ProvisioningError: The name cannot be used.
        """
        names.check_service(name)
        now_s, key = self._now_s(), certificates.new_key()
        with self._opened() as roll, roll.change():
            roll.add_service(name, role, now_s)
            made = self._issue(roll, name, key.public_key(), Way.BENCH, days=SERVER_DAYS)
        return Held(key, self._chain(made))

    def redeem(self, asked: Redeem) -> Enrolled:
        """Give a device its first certificate for a claim, once.

        Raises:
            EnrolmentRefused: It gets none; says why.
        """
        _, public = signing_request(asked.request)
        try:
            mark = claims.mark_of(claims.read_claim(asked.claim))
        except EnrolmentError as error:
            raise EnrolmentRefused(Refusal.CLAIM, str(error)) from None
        with self._opened() as roll, roll.change():
            claim = roll.claim(mark)
            if claim is None or claim.void:
                refuse(Refusal.CLAIM, "there is no such claim, or a later one took its place")
            where = claim.site, claim.device
            if asked.site is not None and (asked.site, asked.device) != where:
                refuse(Refusal.ELSEWHERE, f"this claim is for {claim.site}/{claim.device}")
            found = self._redeemed_before(roll, claim, public)
            if found is None and claim.until_s <= self._now_s():
                refuse(Refusal.EXPIRED, "this claim has ended: have a new one made")
            if found is None or found.issuing not in self._issuing.now():
                found = self._issue_anew(roll, "/".join(where), public, Way.CLAIM)
                roll.redeemed(mark, found.serial, self._now_s())
        self._tell_revoked()
        return self._answer(found)

    def renew(self, asked: Renew) -> Enrolled:
        """Give a device its next certificate, though the present one may have expired.

        Raises:
            EnrolmentRefused: It gets none; says why.
        """
        request, public = signing_request(asked.request)
        present = certificate(asked.certificate)
        check_proof(present, request, asked.proof)
        now_s, forked = self._now_s(), False
        with self._opened() as roll, roll.change():
            known = roll.by_print(print_of(present.public_bytes(Encoding.DER)))
            self._may_renew(known, now_s)
            assert known is not None  # noqa: S101 - for the type checker: `_may_renew` refused None
            found = roll.follower(known.serial)
            if found is not None and found.key_print != key_print_of(public):
                # Noted, so nothing is raised in here: it would be undone.
                roll.forked(known.serial, now_s)
                forked = True
            elif found is None or not self._good(found, now_s):
                if found is None and not self._due(known, now_s):
                    refuse(Refusal.EARLY, "the certificate is good for long yet")
                found = self._issue(roll, known.name, public, Way.RENEWAL, known.serial)
        if forked or found is None:
            refuse(
                Refusal.FORKED, "another key has renewed this certificate: enrol this kiosk anew"
            )
        return self._answer(found)

    def revoke(self, name: str, why: str) -> int:
        """Revoke a device or service with all its certificates and claims; return how many.

        Raises:
            ProvisioningError: There is none of this name.
        """
        # A broker that looks meanwhile sees both or neither: access and revocations.
        with locked(self.folder.path):
            now_s = self._now_s()
            with self._opened() as roll, roll.change():
                site, _, device = name.partition("/")
                known = roll.device(site, device) if device else None
                if known is None and name not in {service.name for service in roll.services()}:
                    raise ProvisioningError(f"{name}: is not on the roll")
                roll.revoke_device(name, now_s)
                count = roll.revoke(name, why, now_s)
            self.revocations.write_locked()
        return count

    @property
    def root(self) -> str:
        """The root's certificate, for whoever has its pin."""
        return pems([self._root])

    def _now_s(self) -> int:
        return int(self._clock_s())

    def _tell_revoked(self) -> None:
        if self._revoked.is_set():
            self._revoked.clear()
            self.revocations.write()

    def _may_renew(self, known: Certificate | None, now_s: int) -> None:
        # A service has no slash in its name, and is enrolled by hand.
        if known is None or "/" not in known.name:
            refuse(Refusal.UNKNOWN, "this certificate is none of this fleet's kiosks")
        if known.revoked_s is not None:
            refuse(Refusal.REVOKED, "this certificate was revoked: enrol this kiosk anew")
        if known.until_s + self.terms.grace_days * _DAY_S < now_s:
            refuse(Refusal.UNKNOWN, "this certificate ended too long ago: enrol this kiosk anew")

    def _due(self, known: Certificate, now_s: int) -> bool:
        # An issuing key that is no longer trusted makes every certificate of its own due.
        half_s = (known.from_s + known.until_s) / 2
        return now_s >= half_s or known.issuing not in self._issuing.now()

    def _good(self, found: Certificate, now_s: int) -> bool:
        return found.until_s > now_s and found.issuing in self._issuing.now()

    def _redeemed_before(self, roll: Roll, claim: Claim, public: Public) -> Certificate | None:
        """Return the answer that was lost on its way, where it is the same device that asks."""
        if claim.redeemed_s is None or claim.serial is None:
            return None
        found = roll.by_serial(claim.serial)
        if found is None or found.key_print != key_print_of(public) or found.revoked_s is not None:
            refuse(Refusal.REDEEMED, "this claim was redeemed already: have a new one made")
        return found

    def _issue_anew(self, roll: Roll, name: str, public: Public, way: Way) -> Certificate:
        if roll.revoke(name, "enrolled anew", self._now_s()):
            self._revoked.set()
        return self._issue(roll, name, public, way)

    def _issue(
        self,
        roll: Roll,
        name: str,
        public: Public,
        way: Way,
        follows: str | None = None,
        days: int | None = None,
    ) -> Certificate:
        now_s = self._now_s()
        lasts = self.terms.device_days if days is None else days
        signer = [*self._issuing.now().values()][-1]
        made = certificates.client(signer, public, name, now_s, lasts)
        entry = Certificate(
            serial=f"{made.serial_number:x}",
            name=name,
            print=print_of(made.public_bytes(Encoding.DER)),
            key_print=key_print_of(public),
            issuing=signer.number,
            way=way,
            follows=follows,
            from_s=now_s,
            until_s=int(made.not_valid_after_utc.timestamp()),
            made_s=now_s,
            revoked_s=None,
            why=None,
            forked_s=None,
            pem=made.public_bytes(Encoding.PEM).decode(),
        )
        roll.add_certificate(entry)
        return entry

    def _chain(self, made: Certificate) -> tuple[x509.Certificate, ...]:
        signer = self._issuing.now()[made.issuing]
        return (*certificates_in(made.pem.encode()), signer.certificate)

    def _answer(self, made: Certificate) -> Enrolled:
        site, _, device = made.name.partition("/")
        return Enrolled(
            site=site, device=device, certificate=pems(self._chain(made)), root=pems([self._root])
        )

    def _opened(self) -> contextlib.closing[Roll]:
        return contextlib.closing(self.folder.roll())


def _add_device(roll: Roll, site: str, device: str, now_s: int) -> None:
    names.check_device(site, device)
    if not roll.has_site(site):
        raise ProvisioningError(f"{site}: no such site: kiosk-provision site add {site}")
    roll.add_device(site, device, now_s)
