"""The thread `lists`: verifies, gathers, writes and loads, so that the door never waits for it.

It is told by the courier's thread what came, asks through it for what is missing, tells it the
drain rate that an operator signed, and hands the main thread one finished whole. What another
process installed in the folder is noticed too.
"""

import contextlib
import queue
import threading
from collections.abc import Callable, Sequence

from kiosk.app.inbox import ListsChanged
from kiosk.app.logs import Log
from kiosk.app.settings import Settings
from kiosk.errors import ListError
from kiosk.lists import Lists
from kiosk.lists.form import MAX_MANIFEST_BYTES, MAX_SHARD_BYTES
from kiosk.lists.keeper import NO_SIGNERS, Keeper, Terms
from kiosk.lists.reception import Reception
from kiosk.lists.signers import signers_in
from kiosk.lists.store import Store
from kiosk.uplink import Commanded, Connected, Retained, Wanted

_log = Log()

LOOK_S = 5.0
"""How often the folder is looked at, and how soon something that waits is tried again."""
_WAITING_MOST = 64
"""Messages in the queue: manifests, rates, and shards that were asked for."""


def keeper_of(settings: Settings) -> Keeper:
    """Return the keeper of this kiosk's lists; nothing is loaded yet.

    Raises:
        SettingsError: A file of `lists.signers` holds no key.
    """
    section, site = settings.lists, settings.kiosk.site
    terms = Terms(signers_in(section.signers), site, section.max_entries)
    return Keeper(Store(section.folder, site), terms)


class ListsThread:
    """Runs keeper and reception; everything of theirs belongs to this thread once it is started."""

    def __init__(
        self,
        keeper: Keeper,
        reception: Reception,
        listen: Callable[[Sequence[Wanted]], None],
        govern: Callable[[float | None], None],
        changed: Callable[[ListsChanged], None],
        monotonic_s: Callable[[], float],
    ) -> None:
        self._keeper = keeper
        self._reception = reception
        self._listen = listen
        self._govern = govern
        self._changed = changed
        self._monotonic_s = monotonic_s
        self._told: dict[str, str] = {}
        self._versions: dict[str, int] = {}
        self._heard: queue.Queue[Connected | Retained | None] = queue.Queue(_WAITING_MOST)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lists", daemon=True)

    def start(self) -> Lists:
        """Return what is on the disk, and from now on take what comes.

        The door does not open before: somebody who is barred must not pass because it has begun.
        """
        self._keeper.load()
        book = self._news()
        self._tell_rate()
        self._thread.start()
        return book

    def hear(self, item: Connected | Retained | Commanded) -> None:
        """Take note of a connection, or of what came over it; any thread, never blocks.

        What does not fit is dropped: it is asked for again. A command is somebody else's.
        """
        if isinstance(item, Commanded):
            return
        with contextlib.suppress(queue.Full):
            self._heard.put_nowait(item)

    def close(self, timeout_s: float) -> None:
        """Stop; a list that is being written is whole or not there."""
        self._stopping.set()
        with contextlib.suppress(queue.Full):
            self._heard.put_nowait(None)
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.turn(self._next())

    def _next(self) -> Connected | Retained | None:
        try:
            return self._heard.get(timeout=LOOK_S)
        except queue.Empty:
            return None

    def turn(self, item: Connected | Retained | None) -> None:
        """Take in one item or none, and do what is due."""
        rate = self._keeper.rate
        try:
            self._take(item)
            news = bool(self._reception.finish(self._monotonic_s()))
        except ListError:
            # It stands among the keeper's troubles, and is told with them.
            news = False
        # Only between messages: the disk is not looked at for each of 256 shards.
        if item is None:
            news = self._keeper.load() or news
        # With each connection again, because a word to the courier may be lost, as any may.
        if self._keeper.rate != rate or isinstance(item, Connected):
            self._tell_rate()
            news = news or self._keeper.rate != rate
        if news or self._keeper.troubles != self._told:
            self._changed(ListsChanged(self._news()))
        topics = self._reception.asks(self._monotonic_s())
        if topics:
            self._listen([Wanted(topic, MAX_SHARD_BYTES, once=True) for topic in topics])

    def _take(self, item: Connected | Retained | None) -> None:
        match item:
            case Connected():
                self._reception.connected()
                if self._keeper.takes:
                    topics = self._reception.topics()
                    self._listen([Wanted(topic, MAX_MANIFEST_BYTES) for topic in topics])
            case Retained(topic, body):
                self._reception.take(topic, body)

    def _tell_rate(self) -> None:
        rate = self._keeper.rate
        self._govern(None if rate is None else rate.drain_hz)

    def _news(self) -> Lists:
        """Return the lists in use, and log what is new of them."""
        book = self._keeper.book()
        if not self._keeper.takes:
            _log.info("no list is taken", why=NO_SIGNERS)
            self._told = dict(book.troubles)
            return book
        for name, why in book.troubles.items():
            if self._told.get(name) != why:
                _log.warning("a list is not as it should be", name=name, why=why)
        for name, held in book.versions.items():
            if self._versions.get(name) != held.version:
                _log.info("list", name=name, version=held.version, entries=held.entries)
                self._versions[name] = held.version
        self._told = dict(book.troubles)
        return book
