"""What the operator tells all doors: trusted issuers, revoked cards, barred and declared persons.

`Lists` is what a door looks things up in: an unchanging whole, swapped for a newer one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from kiosk.door.credential import Credential
from kiosk.door.standing import UNLISTED, Standing
from kiosk.payloads.parts.trust import NOBODY, Context


@dataclass(frozen=True, slots=True)
class ListVersion:
    """Which version of a list is in use; `issued_s` is when it was signed, in Unix seconds.

    `periods` are the key periods whose handles it holds; a list without handles has none.
    """

    version: int
    issued_s: int
    entries: int
    periods: tuple[int, ...] = ()


class Lists(Protocol):
    """All lists as they are now; nothing in it changes, and any thread may ask."""

    @property
    def context(self) -> Context:
        """The issuers that are trusted."""

    @property
    def versions(self) -> Mapping[str, ListVersion]:
        """Which version of each list this is, by name; a list that never came is missing."""

    @property
    def troubles(self) -> Mapping[str, str]:
        """What is wrong with which list, for a person, by name."""

    def standing(self, credential: Credential, handle: str) -> Standing:
        """Return what the lists say of a credential; `handle` is 32 hex digits of this site."""


class NoLists:
    """A kiosk that was told nothing: no issuer is trusted, and nobody is listed."""

    context = NOBODY
    versions: Mapping[str, ListVersion] = {}
    troubles: Mapping[str, str] = {}

    def standing(self, credential: Credential, handle: str) -> Standing:
        """Return that nothing is listed."""
        del credential, handle
        return UNLISTED
