"""All lists as they are now, as one whole that never changes: what the door looks things up in."""

from collections.abc import Mapping

from kiosk.door.credential import Assurance, Credential
from kiosk.door.standing import Standing
from kiosk.lists import ListVersion, issuers
from kiosk.lists.drain import DrainRate
from kiosk.lists.form import DRAIN, ListName, handle_key, revoked_key
from kiosk.lists.shards import SignedList
from kiosk.payloads.parts.trust import trusting


class Book:
    """Keeps the contract of `kiosk.lists.Lists`; any thread."""

    def __init__(
        self,
        lists: Mapping[ListName, SignedList],
        troubles: Mapping[str, str],
        rate: DrainRate | None = None,
    ) -> None:
        """Take what was verified, and for a person what is wrong with which."""
        self._revoked = lists.get(ListName.REVOKED)
        self._declared = lists.get(ListName.DECLARED)
        self._barred = lists.get(ListName.BARRED)
        issuing = lists.get(ListName.ISSUERS)
        shards = issuing.shards.values() if issuing is not None else ()
        self.context = trusting(key for shard in shards for key in issuers.keys_of(shard))
        self.troubles = dict(troubles)
        versions = {
            name.value: ListVersion(
                held.manifest.version,
                held.manifest.issued_s,
                held.manifest.entries,
                held.manifest.periods,
            )
            for name, held in lists.items()
        }
        if rate is not None:
            told = int(rate.drain_hz is not None)
            versions[DRAIN] = ListVersion(rate.version, rate.issued_s, told)
        self.versions: Mapping[str, ListVersion] = versions

    def standing(self, credential: Credential, handle: str) -> Standing:
        """Return what the lists say of a credential; `handle` is 32 hex digits of this site."""
        person = handle_key(handle)
        return Standing(
            revoked=self._is_revoked(credential),
            barred=self._barred is not None and self._barred.find(person) is not None,
            declared_until_s=self._declared_until_s(person),
        )

    def _is_revoked(self, credential: Credential) -> bool:
        # What nobody signed, nobody takes back: a national number must not stand in a list for all.
        if self._revoked is None or credential.assurance is not Assurance.SIGNED:
            return False
        return self._revoked.find(revoked_key(credential.kind, credential.subject_id)) is not None

    def _declared_until_s(self, person: bytes) -> float | None:
        until = None if self._declared is None else self._declared.find(person)
        return None if until is None else float(int.from_bytes(until, "big"))
