"""What is in use of all that an operator signs: everything goes through here, however it comes.

A list is taken when an operator signed it, for this site, with a version above the one in use and
not below any that was taken before. Whatever is wrong is one line, kept for the status until the
list is right again; the list in use stays. The drain rate is taken on the same terms.

Owned by one thread.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from kiosk.errors import ListError
from kiosk.lists import drain, shards
from kiosk.lists.book import Book
from kiosk.lists.drain import DrainRate
from kiosk.lists.form import DRAIN, NAMES, ListName, site_of
from kiosk.lists.manifest import Manifest, read
from kiosk.lists.shards import SignedList
from kiosk.lists.signed import Untrusted
from kiosk.lists.store import Stamp, Store, Unusable
from kiosk.payloads.parts.trust import Context

NO_SIGNERS = "no list is taken: lists.signers names no operator's key"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a list must be to be taken: signed by whom, for which site, with how many entries."""

    signers: Context
    site: str
    max_entries: int


class Keeper:
    """The lists and the drain rate in use, and their files."""

    def __init__(self, store: Store, terms: Terms) -> None:
        self._store = store
        self._terms = terms
        self._stamps: dict[str, Stamp | None] = {}
        self._rate_raw = b""
        self.lists: dict[ListName, SignedList] = {}
        self.rate: DrainRate | None = None
        self.troubles: dict[str, str] = {}

    @property
    def takes(self) -> bool:
        """Whether any list can be taken at all."""
        return bool(self._terms.signers.keys)

    def book(self) -> Book:
        """Return the lists in use, as the door looks things up in them."""
        return Book(self.lists, self.troubles, self.rate)

    def load(self, *, mend: bool = True) -> bool:
        """Take from the disk what was put there since the last call; tell whether anything was.

        Without `mend` a damaged file stays where it is.
        """
        if not self.takes:
            news = not self.troubles
            self.troubles = dict.fromkeys(NAMES, NO_SIGNERS)
            return news
        changed = [name for name in NAMES if self._has_changed(name)]
        for name in changed:
            self._load(name, mend=mend)
        return bool(changed)

    def _has_changed(self, name: str) -> bool:
        stamp = self._store.stamp(name)
        changed = self._stamps.get(name) != stamp
        self._stamps[name] = stamp
        return changed and stamp is not None

    def _load(self, name: str, *, mend: bool) -> None:
        try:
            if name == DRAIN:
                self._load_rate()
            else:
                self._load_list(ListName(name))
            self.troubles.pop(name, None)
        except Unusable as error:
            self.troubles[name] = f"{error}; {self._set_aside(name)}" if mend else str(error)
        except ListError as error:
            self.troubles[name] = str(error)

    def _load_list(self, name: ListName) -> None:
        held = self._store.load(name, self._terms.signers)
        if held is not None:
            self._suits(held.manifest, name)
            self.lists[name] = held

    def _load_rate(self) -> None:
        raw = self._store.load_rate()
        if raw is None:
            return
        try:
            self.rate = drain.read(raw, self._terms.signers)
            self._rate_raw = raw
        except Untrusted:
            # Nothing is wrong with the file: whoever set the signers may set them otherwise.
            raise
        except ListError as error:
            raise Unusable(f"the file is damaged: {error}") from None

    def _set_aside(self, name: str) -> str:
        """Move a file out of the way that is of no use; what is in memory stays in use."""
        try:
            aside = self._store.set_aside(name)
        except ListError as error:
            return str(error)
        self._stamps[name] = None
        return f"it was set aside as {aside.name}"

    def examine(self, name: ListName, raw: bytes) -> Manifest | None:
        """Return the manifest of a list that is to be taken; None: it is the one in use.

        Raises:
            ListError: It is not to be taken.
        """
        if not self.takes:
            raise ListError(NO_SIGNERS)
        used = self.lists.get(name)
        if used is not None and raw == used.raw:
            self.troubles.pop(name.value, None)
            return None
        manifest = read(raw, self._terms.signers)
        self._suits(manifest, name)
        self._rises(name, manifest.version, 0 if used is None else used.manifest.version)
        return manifest

    def take_rate(self, raw: bytes) -> None:
        """Put a signed drain rate on the disk and in use; the one in use may come again.

        Raises:
            ListError: It is not to be taken, or cannot be written; the one in use stays.
        """
        if not self.takes:
            raise ListError(NO_SIGNERS)
        if self.rate is None or raw != self._rate_raw:
            rate = drain.read(raw, self._terms.signers)
            self._rises(DRAIN, rate.version, 0 if self.rate is None else self.rate.version)
            self._store.save_rate(rate.version, raw)
            self._stamps[DRAIN] = self._store.stamp(DRAIN)
            self.rate, self._rate_raw = rate, raw
        self.troubles.pop(DRAIN, None)

    def _rises(self, name: str, version: int, used: int) -> None:
        """Let a version through that is above the one in use (0: none) and not below any before."""
        if version == used:
            raise ListError(f"version {version} is in use and is another one")
        if version < used:
            raise ListError(f"version {version} is below {used}, which is in use")
        highest = self._store.highest(name)
        if version < highest:
            raise ListError(f"version {version} is below {highest}, which was taken before")

    def _suits(self, manifest: Manifest, name: ListName) -> None:
        if manifest.name is not name:
            raise ListError(f"the list {manifest.name.value} in the place of {name.value}")
        if manifest.site != site_of(name, self._terms.site):
            raise ListError("the list of another site")
        if manifest.entries > self._terms.max_entries:
            raise ListError(
                f"{manifest.entries} entries, at most {self._terms.max_entries} are taken"
                " (lists.max_entries)"
            )

    def reusable(self, manifest: Manifest) -> dict[int, bytes]:
        """Return the shards of the list in use that the next version has too."""
        used = self.lists.get(manifest.name)
        if used is None:
            return {}
        return {
            first: shard
            for first, shard in used.shards.items()
            if used.manifest.shards[first] == manifest.shards.get(first)
        }

    def install(self, manifest: Manifest, raw: bytes, held: Mapping[int, bytes]) -> None:
        """Put a list on the disk and in use; its manifest was examined, its shards were checked.

        Raises:
            ListError: It is not whole, or cannot be written; the one in use stays.
        """
        taken = shards.whole(manifest, raw, held)
        self._store.save(taken)
        self._stamps[manifest.name] = self._store.stamp(manifest.name)
        self.lists[manifest.name] = taken
        self.troubles.pop(manifest.name.value, None)
