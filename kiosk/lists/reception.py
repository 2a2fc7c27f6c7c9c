"""Lists that come over a broker: a manifest first, then the shards that it changes. No thread here.

The broker is not trusted. It is asked for a shard only when a signed manifest names one that is not
here yet, for few at a time, and what it then sends must have the digest that was signed. So what it
can do is to keep a list from us, and that is seen by the age of the one in use.
"""

from dataclasses import dataclass, field

from kiosk.errors import ListError
from kiosk.lists import shards
from kiosk.lists.form import (
    DRAIN,
    DRAIN_TOPIC,
    ListName,
    manifest_topic,
    place_of,
    shard_topic,
    site_of,
)
from kiosk.lists.keeper import Keeper
from kiosk.lists.manifest import Manifest

AT_A_TIME = 8
"""Shards of a list that are asked for and have not come: it bounds what they take of memory."""
PATIENCE_S = (30.0, 3600.0)
"""A shard that did not come, or came as another one, is asked for again after so long, doubling."""


@dataclass(slots=True)
class _Gathering:
    """A version that is on its way: shards that are here, and when others may be asked for."""

    manifest: Manifest
    raw: bytes
    held: dict[int, bytes]
    asked_at_s: dict[int, float] = field(default_factory=dict)
    patience_s: float = PATIENCE_S[0]
    install_at_s: float = 0.0

    def be_patient(self) -> None:
        """Wait longer next time."""
        self.patience_s = min(2 * self.patience_s, PATIENCE_S[1])

    @property
    def missing(self) -> list[int]:
        """Shards that are not here yet."""
        return sorted(self.manifest.shards.keys() - self.held.keys())


class Reception:
    """Takes in what a broker retains for this kiosk, and says what to ask it for."""

    def __init__(self, keeper: Keeper, site: str) -> None:
        self._keeper = keeper
        self._site = site
        self._gathering: dict[ListName, _Gathering] = {}

    def topics(self) -> list[str]:
        """Return what to hear for as long as a connection lasts: manifests and the drain rate."""
        manifests = [manifest_topic(name, site_of(name, self._site)) for name in ListName]
        return [*manifests, DRAIN_TOPIC]

    def connected(self) -> None:
        """Forget what was asked for: another connection knows nothing of it."""
        for gathering in self._gathering.values():
            gathering.asked_at_s.clear()
            gathering.patience_s = PATIENCE_S[0]

    def take(self, topic: str, body: bytes) -> None:
        """Take in a message; the list that it completes is installed by `finish`.

        Raises:
            ListError: It is not what an operator signed; what is in use stays.
        """
        if topic == DRAIN_TOPIC:
            self._rate(body)
            return
        place = place_of(topic)
        if place is None or place[1] != site_of(place[0], self._site):
            return
        name, _, first = place
        try:
            if first is None:
                self._manifest(name, body)
            else:
                self._shard(name, first, body)
        except ListError as error:
            self._keeper.troubles[name.value] = str(error)
            raise

    def finish(self, now_s: float) -> list[ListName]:
        """Install the lists of which all shards are here, and return which they are.

        Raises:
            ListError: One could not be installed; it is tried again later.
        """
        finished = []
        for name, gathering in list(self._gathering.items()):
            if gathering.missing or now_s < gathering.install_at_s:
                continue
            try:
                self._keeper.install(gathering.manifest, gathering.raw, gathering.held)
            except ListError as error:
                gathering.install_at_s = now_s + gathering.patience_s
                gathering.be_patient()
                self._keeper.troubles[name.value] = str(error)
                raise
            del self._gathering[name]
            finished.append(name)
        return finished

    def _rate(self, raw: bytes) -> None:
        # As with a manifest, a topic without a message withdraws nothing.
        if not raw:
            return
        try:
            self._keeper.take_rate(raw)
        except ListError as error:
            self._keeper.troubles[DRAIN] = str(error)
            raise

    def _manifest(self, name: ListName, raw: bytes) -> None:
        gathering = self._gathering.get(name)
        # A topic without a message withdraws nothing: a broker could say so on its own account.
        if not raw or (gathering is not None and raw == gathering.raw):
            return
        manifest = self._keeper.examine(name, raw)
        if manifest is None:
            return
        held = self._keeper.reusable(manifest)
        if gathering is not None:
            if manifest.version <= gathering.manifest.version:
                raise ListError(
                    f"version {manifest.version} is not above {gathering.manifest.version}, which "
                    "is on its way"
                )
            held |= {
                first: shard
                for first, shard in gathering.held.items()
                if gathering.manifest.shards[first] == manifest.shards.get(first)
            }
        self._gathering[name] = _Gathering(manifest, raw, held)

    def _shard(self, name: ListName, first: int, body: bytes) -> None:
        gathering = self._gathering.get(name)
        if gathering is None or first not in gathering.asked_at_s:
            return
        # One that does not fit stays asked for: it is tried again when patience ends.
        shards.check(gathering.manifest, first, body)
        gathering.held[first] = body
        del gathering.asked_at_s[first]

    def asks(self, now_s: float) -> list[str]:
        """Return the topics of shards to ask for now, each to be heard once."""
        topics: list[str] = []
        for name, gathering in self._gathering.items():
            asked = gathering.asked_at_s
            late = [f for f, at_s in asked.items() if now_s - at_s >= gathering.patience_s]
            for first in late:
                del asked[first]
            if late:
                gathering.be_patient()
            wanted = [first for first in gathering.missing if first not in asked]
            for first in wanted[: AT_A_TIME - len(asked)]:
                asked[first] = now_s
                topics.append(shard_topic(name, site_of(name, self._site), first))
        return topics
