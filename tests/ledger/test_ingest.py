"""The loop between broker and storage, one turn after the other, with a clock that is moved."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from kiosk.door.event import LEDGER_TOPIC, BootClock
from ledger.errors import RowRefused, StorageError
from ledger.ingest import Ingest
from ledger.reading import Received, Unread
from ledger.source import Limits, Message
from ledger.sources.memory import MemorySource
from ledger.storage import Storage, Stored
from ledger.storage.opening import Database
from ledger.storage.tables import event, unread
from tests.parts.kiosk_events import BEGIN, BOOT, EPOCH, OTHER, SOURCE, check_in, message, status
from tests.parts.ledgers import numbers, rows

ACK = f"{SOURCE}/ack"


@dataclass(slots=True)
class Desk:
    """One worker with a broker in memory, a file, and a clock."""

    database: Database
    storage: Storage
    broker: MemorySource = field(default_factory=lambda: MemorySource(Limits(events=50)))
    now_s: float = BEGIN.timestamp()
    worker: Ingest = field(init=False)

    def __post_init__(self) -> None:
        self.worker = self.new_worker()

    def new_worker(self) -> Ingest:
        worker = Ingest(
            self.broker, self.storage, monotonic=lambda: self.now_s, now=lambda: self.now_s
        )
        worker.start()
        return worker

    def hear(self, *messages: Message) -> None:
        for each in messages:
            self.broker.publish(each.topic, each.body)
        while self.worker.step():
            pass
        self.pass_time(0.0)

    def pass_time(self, seconds: float) -> None:
        self.now_s += seconds
        self.worker.step()

    def told(self, topic: str = ACK) -> dict[str, int]:
        epochs: dict[str, int] = json.loads(self.broker.retained[topic])["epochs"]
        return epochs


class Faulty:
    """A storage that refuses one number, and fails as often as it is told to."""

    def __init__(self, real: Storage, failures: int = 0, refused: int = 0) -> None:
        self._real = real
        self._failures = failures
        self._refused = refused

    def store(self, received: Sequence[Received | Unread], now_us: int) -> Stored:
        if self._failures:
            self._failures -= 1
            raise StorageError("the disk is full")
        if any(isinstance(each, Received) and each.seq == self._refused for each in received):
            raise RowRefused("it does not fit")
        return self._real.store(received, now_us)

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)


class Still(threading.Event):
    """A pause that takes no time."""

    def __init__(self, paused: Callable[[], None]) -> None:
        super().__init__()
        self._paused = paused

    def wait(self, timeout: float | None = None) -> bool:
        del timeout
        self._paused()
        return False


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    database = Database(f"sqlite:///{tmp_path}/ledger.db")
    database.migrate()
    storage = database.storage()
    yield Desk(database, storage)
    storage.close()


@contextmanager
def faulty(desk: Desk, failures: int = 0, refused: int = 0) -> Iterator[None]:
    real = desk.storage
    broken: Storage = Faulty(real, failures, refused)  # type: ignore[assignment] # passes on the rest
    desk.worker.storage = broken
    yield
    desk.worker.storage = real


def test_a_kiosk_is_told_what_is_stored(desk: Desk) -> None:
    desk.hear(message(1), message(2), message(1, source=OTHER))
    assert desk.told() == {EPOCH: 2}
    assert desk.told(f"{OTHER}/ack") == {EPOCH: 1}
    assert numbers(desk.database) == [1, 1, 2]


def test_what_is_stored_is_not_sent_again(desk: Desk) -> None:
    desk.hear(message(1))
    desk.broker.cut()
    desk.broker.mend()
    desk.hear()
    assert desk.worker.counts.repeated == 0


def test_who_sends_again_is_told_again(desk: Desk) -> None:
    desk.hear(message(1))
    desk.broker.retained.clear()
    desk.hear(message(1))
    assert desk.told() == {EPOCH: 1}


def test_while_events_rush_in_a_kiosk_is_told_once_a_second(desk: Desk) -> None:
    desk.hear(message(1))
    for n in range(2, 5):
        desk.broker.publish(message(n).topic, message(n).body)
        desk.worker.step()
    assert desk.told() == {EPOCH: 1}
    desk.now_s += 1.0
    desk.broker.publish(message(5).topic, message(5).body)
    desk.worker.step()
    assert desk.told() == {EPOCH: 5}


def test_a_gap_is_trouble_once_it_is_old(desk: Desk) -> None:
    with capture_logs() as lines:
        desk.hear(message(1), message(4))
        desk.pass_time(4.0)
        assert [each for each in lines if each["log_level"] == "error"] == []
        desk.pass_time(2.0)
        desk.pass_time(60.0)
    (told,) = [each for each in lines if each["log_level"] == "error"]
    assert (told["event"], told["source"]) == ("events are missing", SOURCE)
    assert (told["first"], told["last"]) == (2, 3)
    assert desk.told() == {EPOCH: 1}


def test_a_birth_is_answered(desk: Desk) -> None:
    desk.hear(message(1), status())
    desk.broker.retained.clear()
    desk.hear(status())
    assert ACK not in desk.broker.retained
    desk.hear(status(online=False), status())
    assert desk.told() == {EPOCH: 1}


def test_a_birth_of_who_never_sent_anything_is_not(desk: Desk) -> None:
    desk.hear(status())
    assert ACK not in desk.broker.retained


def test_what_cannot_be_read_is_told_without_its_words(desk: Desk) -> None:
    words = b'{"name": "Nguyen Van An"}'
    with capture_logs() as lines:
        desk.hear(Message(f"{SOURCE}/event/checkin", words), message(1))
    (told,) = [each for each in lines if each["log_level"] == "warning"]
    assert told["topic"] == f"{SOURCE}/event/checkin"
    assert "Nguyen" not in str(lines)
    assert rows(desk.database, unread.c.body) == [(words,)]
    assert desk.told() == {EPOCH: 1}


def test_a_full_disk_loses_nothing_and_is_said(desk: Desk) -> None:
    said: list[bytes] = []
    with faulty(desk, failures=3), capture_logs() as lines:
        desk.worker.stopping = Still(lambda: said.append(desk.broker.retained[LEDGER_TOPIC]))
        desk.hear(message(1), message(2))
    assert said == [b'{"online":false}'] * 3
    assert desk.broker.retained[LEDGER_TOPIC] == b'{"online":true}'
    assert numbers(desk.database) == [1, 2]
    assert [each["event"] for each in lines] == ["nothing can be stored", "storing again"]


def test_who_is_told_to_stop_while_nothing_can_be_stored_stops(desk: Desk) -> None:
    desk.broker.publish(message(1).topic, message(1).body)
    with faulty(desk, failures=10**6):
        desk.worker.stopping.set()
        desk.worker.step()
    desk.worker = desk.new_worker()
    desk.hear()
    assert numbers(desk.database) == [1]


def test_one_event_that_cannot_be_stored_does_not_hold_up_the_others(desk: Desk) -> None:
    with faulty(desk, refused=3):
        desk.hear(*map(message, range(1, 8)))
    assert numbers(desk.database) == [1, 2, 4, 5, 6, 7]
    assert rows(desk.database, unread.c.seq, unread.c.body) == [(3, message(3).body)]
    assert desk.told() == {EPOCH: 7}


def test_while_the_broker_is_away_who_must_be_told_is_not_forgotten(desk: Desk) -> None:
    desk.broker.publish(message(1).topic, message(1).body)
    batch = desk.broker.batch()
    desk.broker.cut()
    desk.worker._keep(batch)  # noqa: SLF001 - the moment between storing and telling
    desk.pass_time(0.0)
    assert ACK not in desk.broker.retained
    desk.broker.mend()
    desk.pass_time(1.0)
    assert desk.told() == {EPOCH: 1}


def test_a_restored_backup_asks_for_what_it_lacks(desk: Desk) -> None:
    desk.hear(message(1), message(2))
    desk.broker.retained[ACK] = json.dumps({"epochs": {EPOCH: 5}}).encode()
    desk.worker = desk.new_worker()
    with capture_logs() as lines:
        desk.hear()
    assert desk.told() == {EPOCH: 2}
    (told,) = [each for each in lines if each["log_level"] == "error"]
    assert (told["kiosks"], told["events"]) == (1, 3)

    desk.hear(*map(message, range(1, 7)))
    assert desk.told() == {EPOCH: 6}


def test_an_acknowledgement_that_was_told_truly_is_let_be(desk: Desk) -> None:
    desk.hear(message(1), message(2))
    desk.worker = desk.new_worker()
    with capture_logs() as lines:
        desk.hear()
    assert lines == []


def test_times_are_corrected_beside_the_rest(desk: Desk) -> None:
    desk.hear(*(message(n, check_in(n, trusted=False)) for n in (1, 2, 3)))
    desk.hear(message(4, BootClock(boot=BOOT, offset_ns=10**18)))
    for _ in range(3):
        desk.pass_time(1.0)
    assert dict(rows(desk.database, event.c.seq, event.c.at_us))[3] == 10**15 + 3 * 10**6


def test_it_says_that_it_is_there_and_that_it_is_gone(desk: Desk) -> None:
    assert desk.broker.retained[LEDGER_TOPIC] == b'{"online":true}'
    desk.hear(message(1))
    desk.worker.stop()
    assert desk.broker.retained[LEDGER_TOPIC] == b'{"online":false}'


def test_events_lose_their_person_after_retention_and_keep_their_number(desk: Desk) -> None:
    desk.hear(message(1), message(2))
    desk.pass_time(27 * 86400.0)
    desk.hear(message(3))
    assert [handle for (handle,) in rows(desk.database, event.c.handle) if handle]
    desk.pass_time(86400.0 + 60)
    desk.pass_time(60)
    held = rows(desk.database, event.c.seq, event.c.handle, event.c.expired)
    assert held == [(1, None, True), (2, None, True), (3, f"{3:032x}", False)]
    assert desk.told() == {EPOCH: 3}
