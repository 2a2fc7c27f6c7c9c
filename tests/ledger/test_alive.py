"""What the service manager is told: ready at the first connection, then that the loop turns."""

import threading
from pathlib import Path

import pytest

from ledger.alive import PATIENCE_S, Alive
from ledger.errors import StorageError
from ledger.ingest import Ingest
from ledger.source import Limits
from ledger.sources.memory import MemorySource
from ledger.storage.opening import Database
from tests.parts.kiosk_events import message
from tests.parts.service_manager import ServiceManager

AWAY = "STATUS=waits for the broker"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a socket's name is short enough, however deep a test's folder is."""
    monkeypatch.chdir(tmp_path)
    return Path("notify")


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_it_is_ready_when_the_broker_was_reached(place: Path) -> None:
    with ServiceManager(place) as manager:
        alive = Alive(manager.environ, Clock())
        alive.turned("waits for the broker", reached=False)
        alive.turned("takes events in", reached=True)
        manager.wait_for("READY=1")
        assert manager.words == [
            *("WATCHDOG=1", AWAY),
            *("WATCHDOG=1", "STATUS=takes events in", "READY=1"),
        ]


def test_it_is_ready_without_a_broker_after_a_while(place: Path) -> None:
    clock = Clock()
    with ServiceManager(place) as manager:
        alive = Alive(manager.environ, clock)
        turns = round(PATIENCE_S) + 1
        for turn in range(turns):
            alive.turned("waits for the broker", reached=False)
            # The kernel holds a few words only.
            manager.wait_for(AWAY, times=turn + 1)
            clock.now_s += 1.0
        manager.wait_for("READY=1")
        words = manager.words
        assert words[: words.index("READY=1")].count(AWAY) == turns


def test_it_stays_ready_when_the_broker_goes_away(place: Path) -> None:
    """A word may be lost while the ear is full, so this one is said again and again."""
    clock = Clock()
    with ServiceManager(place) as manager:
        alive = Alive(manager.environ, clock)
        for reached in (True, False):
            alive.turned("takes events in", reached=reached)
            clock.now_s += 1.0
        manager.wait_for("READY=1", times=2)


def test_it_says_a_word_once_a_second_however_often_the_loop_turns(place: Path) -> None:
    clock = Clock()
    with ServiceManager(place) as manager:
        alive = Alive(manager.environ, clock)
        for _ in range(12):
            alive.turned("takes events in", reached=True)
            clock.now_s += 0.25
        alive.turned("the last", reached=True)
        manager.wait_for("STATUS=the last")
        assert manager.words.count("WATCHDOG=1") == 4


@pytest.mark.parametrize("address", ["", "/nowhere/notify", "@nobody-listens-here"])
def test_nobody_who_listens_is_no_trouble(address: str) -> None:
    Alive({"NOTIFY_SOCKET": address}).turned("takes events in", reached=True)


def test_trouble_with_the_storage_is_told_and_is_no_hang(place: Path, tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/ledger.db")
    database.migrate()
    storage, clock, stopping = database.storage(), Clock(), threading.Event()

    class Full:
        """A storage that takes nothing the first two times."""

        def __init__(self) -> None:
            self.left = 2

        def store(self, *words: object) -> object:
            clock.now_s += 5.0
            if self.left:
                self.left -= 1
                raise StorageError("the disk is full")
            stopping.set()
            return storage.store(*words)  # type: ignore[arg-type]  # as it was called

        def __getattr__(self, name: str) -> object:
            return getattr(storage, name)

    source = MemorySource(Limits())
    with ServiceManager(place) as manager:
        alive = Alive(manager.environ, clock)
        worker = Ingest(source, Full(), alive=alive, stopping=stopping)  # type: ignore[arg-type]
        source.publish(message(1).topic, message(1).body)
        worker.run()
        manager.wait_for("STATUS=nothing can be stored", times=2)
        manager.wait_for("READY=1")
        assert manager.words.count("WATCHDOG=1") >= 3
    assert worker.counts.fresh == 1
