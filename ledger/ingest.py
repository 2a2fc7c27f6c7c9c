"""The loop between broker and storage: stored first, then forgotten by the broker, then told.

Every step may be the last one. Killed before the commit, the batch comes again; killed after it,
the batch comes again and changes nothing; killed before a kiosk was told, it sends again what it
does not know to be stored, and is told then. So nothing here has to be remembered.
"""

import gc
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from kiosk.door.event import Acknowledgement
from ledger.alive import Alive
from ledger.errors import RowRefused, SourceLost, StorageError
from ledger.reading import Received, Unread, read, refused
from ledger.source import Batch, Message, Source
from ledger.storage import Conflict, EpochsAlternate, NewEpoch, News, Storage, Stored

log = structlog.get_logger()

_TOLD = "/ack"
_CORRECT_AT_ONCE = 1000
_EXPIRE_AT_ONCE = 1000
_EXPIRE_EVERY_S = 60.0
_OWED_EVERY_S = 5.0
_RETRY_S = (0.2, 10.0)
_SAID_TROUBLE_EVERY = 100
_OBJECTS_BETWEEN = 50_000
"""New ones between two collections: some batches; Python's own 700 are less than a tenth of one."""


@dataclass(frozen=True, slots=True)
class Pace:
    """`tell_s`: a kiosk is told at most so often while events come in one after the other.

    `gap_s`: a number that is missing for so long is trouble; with several workers, or when a
    broker refused one event, a later one may come first. `retention_s`: for so long after its
    receipt an event holds its person.
    """

    tell_s: float = 1.0
    gap_s: float = 5.0
    retention_s: float = 28 * 86400.0


@dataclass(slots=True)
class Counts:
    """What this worker did since its start."""

    fresh: int = 0
    repeated: int = 0
    unread: int = 0
    batches: int = 0


@dataclass(slots=True)
class Ingest:
    """One worker; driven by one thread through `step`."""

    source: Source
    storage: Storage
    pace: Pace = field(default_factory=Pace)
    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    stopping: threading.Event = field(default_factory=threading.Event)
    alive: Alive = field(default_factory=lambda: Alive({}))
    counts: Counts = field(default_factory=Counts)
    _untold: dict[str, None] = field(default_factory=dict)
    _statuses: list[Message] = field(default_factory=list)
    _said: list[Message] = field(default_factory=list)
    _tell_at_s: float = 0.0
    _chores_at_s: float = 0.0
    _owed_at_s: float = 0.0
    _expire_at_s: float = 0.0
    _failures: int = 0

    def start(self) -> None:
        """Connect, and say that events are stored here."""
        self.source.open()
        self.source.be_present(online=True)

    def step(self) -> bool:
        """Take one batch through; return whether there was one.

        Raises:
            SettingsError: The broker can never be used like this.
        """
        batch = self.source.batch()
        self._statuses += batch.statuses
        self._said += batch.said
        if batch.events:
            self._keep(batch)
        now_s = self.monotonic()
        if not self.stopping.is_set() and (now_s >= self._tell_at_s or not batch.events):
            self._follow_up(now_s)
        if not self._failures:
            how = "takes events in" if batch.connection else "waits for the broker"
            self.alive.turned(how, reached=bool(batch.connection))
        return bool(batch.events)

    def run(self) -> None:
        """Go on until `stopping` is set."""
        self.start()
        try:
            while not self.stopping.is_set():
                self.step()
        finally:
            self.stop()

    def stop(self) -> None:
        """Tell what is still to be told, and end."""
        try:
            self._tell()
        except (StorageError, SourceLost) as error:
            log.warning("some kiosks were not told", why=str(error), kiosks=len(self._untold))
        self.source.close()
        self.storage.close()

    def _keep(self, batch: Batch) -> None:
        received = [read(message) for message in batch.events]
        stored = self._stored(received)
        if stored is None:
            return
        self.source.commit(batch)
        for each in received:
            if isinstance(each, Unread):
                log.warning("stored unread", topic=each.topic, why=each.reason)
        self._note(stored)

    def _stored(self, received: Sequence[Received | Unread]) -> list[Stored] | None:
        """Store all of it, however long that takes; None where we are to stop before it is done."""
        while not self.stopping.is_set():
            try:
                stored = self._store(received)
            except StorageError as error:
                self._failed(error)
            else:
                self._recovered()
                return stored
        return None

    def _store(self, received: Sequence[Received | Unread]) -> list[Stored]:
        """Store all of it; what the storage refuses is found by halving, and stored raw."""
        now_us = int(self.now() * 1e6)
        try:
            return [self.storage.store(received, now_us)]
        except RowRefused as error:
            if len(received) > 1:
                half = len(received) // 2
                return [*self._store(received[:half]), *self._store(received[half:])]
            only = received[0]
            if isinstance(only, Unread):
                raise
            log.error("an event cannot be stored", source=only.source, why=str(error))  # noqa: TRY400
            return [self.storage.store([refused(only, str(error))], now_us)]

    def _note(self, stored: Sequence[Stored]) -> None:
        self.counts.batches += 1
        for part in stored:
            self.counts.fresh += part.fresh
            self.counts.repeated += part.repeated
            self.counts.unread += part.unread
            self._untold.update(dict.fromkeys(part.touched))
            for news in part.news:
                _tell_operator(news)

    def _failed(self, error: StorageError) -> None:
        if not self._failures:
            # Kiosks would go on sending what nobody can store.
            self.source.be_present(online=False)
        if self._failures % _SAID_TROUBLE_EVERY == 0:
            log.error("nothing can be stored", why=str(error))
        # Trouble that is told is no hang.
        self.alive.turned("nothing can be stored", reached=False)
        shortest_s, longest_s = _RETRY_S
        self.stopping.wait(min(longest_s, shortest_s * 2.0 ** min(self._failures, 16)))
        self._failures += 1

    def _recovered(self) -> None:
        if self._failures:
            log.info("storing again", attempts=self._failures)
            self._failures = 0
            self.source.be_present(online=True)

    def _follow_up(self, now_s: float) -> None:
        """Do what may wait: births, acknowledgements, gaps, times."""
        self._tell_at_s = now_s + self.pace.tell_s
        try:
            self._answer_births()
            self._compare()
            if now_s >= self._owed_at_s:
                self._owed_at_s = now_s + _OWED_EVERY_S
                self._untold.update(dict.fromkeys(self.storage.owed()))
            self._tell()
            if now_s >= self._chores_at_s:
                self._chores_at_s = now_s + self.pace.tell_s
                self._tell_gaps()
                self.storage.correct(_CORRECT_AT_ONCE)
                self._expire(now_s)
        except StorageError as error:
            self._failed(error)
        except SourceLost:
            log.debug("not told: the broker is away", kiosks=len(self._untold))
        else:
            self._recovered()

    def _expire(self, now_s: float) -> None:
        """Blank a batch whose retention has ended; where more is left, again at the next turn."""
        if now_s < self._expire_at_s:
            return
        before_us = int((self.now() - self.pace.retention_s) * 1e6)
        if not self.storage.expire(before_us, _EXPIRE_AT_ONCE):
            self._expire_at_s = now_s + _EXPIRE_EVERY_S

    def _answer_births(self) -> None:
        if not self._statuses:
            return
        born = self.storage.keep_statuses(self._statuses, int(self.now() * 1e6))
        self._statuses.clear()
        self._untold.update(dict.fromkeys(born))

    def _tell(self) -> None:
        waiting = [*self._untold]
        if not waiting:
            return
        for told in self.storage.acknowledgements(waiting):
            body = Acknowledgement(epochs=told.epochs).model_dump_json().encode()
            self.source.tell(told.source + _TOLD, body)
            del self._untold[told.source]
        # Whoever has nothing stored yet has nothing to be told.
        self._untold.clear()

    def _tell_gaps(self) -> None:
        before_us = int((self.now() - self.pace.gap_s) * 1e6)
        for each in self.storage.gaps_to_tell(before_us):
            log.error(
                "events are missing",
                source=each.source,
                epoch=each.epoch,
                first=each.gap.first,
                last=each.gap.last,
            )

    def _compare(self) -> None:
        """Hold what an earlier life acknowledged against what is stored: a backup is older."""
        said: dict[str, dict[str, int]] = {}
        for message in self._said:
            try:
                word = Acknowledgement.model_validate_json(message.body)
            except ValueError:
                log.warning("a retained acknowledgement is none", topic=message.topic)
            else:
                said[message.topic.removesuffix(_TOLD)] = word.epochs
        if said:
            lost = self.storage.expect(said, int(self.now() * 1e6))
            if lost:
                # One line: after a restored backup it is the same for every kiosk.
                log.error(
                    "less is stored than was acknowledged: asking for it again",
                    kiosks=len({each.source for each in lost}),
                    events=sum(each.gap.last - each.gap.first + 1 for each in lost),
                    first=lost[0].source,
                )
            self._untold.update(dict.fromkeys(each.source for each in lost))
        self._said.clear()


def spare_the_collector() -> None:
    """Let the garbage collector leave alone what stays for good; to be called once, at the start.

    A batch makes thousands of objects and no cycle. Going through all modules again for each of
    them took a third of a worker's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN)


def _tell_operator(news: News) -> None:
    match news:
        case NewEpoch(source, epoch, before, before_upto, gaps_left):
            say = log.error if gaps_left else log.warning
            say(
                "a kiosk began a new epoch",
                source=source,
                epoch=epoch,
                before=before,
                before_upto=before_upto,
                missing_before=gaps_left,
            )
        case EpochsAlternate(source, switches):
            log.error("two devices may use one name", source=source, switches=switches)
        case Conflict(source, epoch, seq):
            log.error("a stored number came with other bytes", source=source, epoch=epoch, seq=seq)
