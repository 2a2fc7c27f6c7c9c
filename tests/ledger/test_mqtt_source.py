"""The ledger and a real mosquitto: sessions, presence, several workers, a broker that restarts."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from kiosk.door.event import LEDGER_TOPIC
from ledger.errors import SettingsError
from ledger.ingest import Ingest, Pace
from ledger.source import Batch, Limits
from ledger.sources import mqtt
from ledger.storage.opening import Database
from tests.parts.broker import Broker, program
from tests.parts.kiosk_events import EPOCH, SOURCE, message, status
from tests.parts.ledgers import numbers, whole_up_to
from tests.parts.subscriber import Subscriber

TURNS = 600
LIMITS = Limits(events=50)


@contextmanager
def source(broker: Broker, **values: Any) -> Iterator[mqtt.MqttSource]:
    """Open a source that says that it is there, and close it."""
    settings = mqtt.Settings(
        host="127.0.0.1", port=broker.port, tls=False, **{"will_delay_s": 0, **values}
    )
    made = mqtt.build(settings, LIMITS)
    with Subscriber(broker.port, LEDGER_TOPIC) as watcher:
        made.open()
        made.be_present(online=True)
        heard(watcher, online=True)
    yield made
    made.close()


def heard(watcher: Subscriber, *, online: bool) -> None:
    """Wait until it is said whether a ledger is there."""
    while json.loads(watcher.next().body) != {"online": online}:
        pass


def events(made: mqtt.MqttSource, count: int) -> list[Batch]:
    found: list[Batch] = []
    for _ in range(TURNS):
        if sum(len(batch.events) for batch in found) >= count:
            return found
        found.append(made.batch())
    raise AssertionError("waited in vain for events")


def bodies(found: list[Batch]) -> set[bytes]:
    return {each.body for batch in found for each in batch.events}


def publish(broker: Broker, *numbers: int) -> None:
    with Subscriber(broker.port, f"{SOURCE}/event/+") as kiosk:
        for n in numbers:
            kiosk.say(message(n).topic, message(n).body)
        kiosk.take(len(numbers))


def test_a_session_outlives_the_broker(tmp_path: Path) -> None:
    """Also the one of the very first connection, which mosquitto forgets if it was begun clean."""
    if program() is None:
        pytest.skip("mosquitto is not installed")
    options = ("persistence true", f"persistence_location {tmp_path}/", "autosave_interval 1")
    with Broker(tmp_path, *options, "autosave_on_changes true") as broker:
        with source(broker):
            pass
        broker.stop()
        broker.start()
        publish(broker, 1, 2)
        with source(broker) as made:
            assert bodies(events(made, 2)) == {message(n).body for n in (1, 2)}


def test_a_broker_that_restarts_is_connected_to_again(broker: Broker) -> None:
    with source(broker) as made:
        broker.kill()
        broker.start()
        with Subscriber(broker.port, LEDGER_TOPIC) as watcher:
            heard(watcher, online=True)
        publish(broker, 1)
        assert bodies(events(made, 1)) == {message(1).body}


def test_when_one_worker_ends_the_other_says_that_it_is_there(broker: Broker) -> None:
    with source(broker, client_id="one", group="g"), Subscriber(broker.port, LEDGER_TOPIC) as w:
        heard(w, online=True)
        with source(broker, client_id="two", group="g"):
            pass
        heard(w, online=False)
        heard(w, online=True)


def test_a_worker_that_is_killed_is_contradicted_too(broker: Broker) -> None:
    """The will is said by the broker; a connection that is cut is how it learns of an end."""
    with source(broker, client_id="one"), Subscriber(broker.port, LEDGER_TOPIC) as watcher:
        heard(watcher, online=True)
        watcher.say(LEDGER_TOPIC, b'{"online": false}')
        heard(watcher, online=False)
        heard(watcher, online=True)


def test_workers_of_a_group_share_the_events(broker: Broker) -> None:
    with (
        source(broker, client_id="one", group="g") as one,
        source(broker, client_id="two", group="g") as two,
    ):
        publish(broker, *range(1, 41))
        found: list[Batch] = []
        for _ in range(TURNS):
            found += [one.batch(), two.batch()]
            if sum(len(batch.events) for batch in found) >= 40:
                break
        assert sum(len(batch.events) for batch in found) == 40
        assert bodies(found) == {message(n).body for n in range(1, 41)}


def test_statuses_are_not_queued_for_a_ledger_that_is_away(broker: Broker) -> None:
    with source(broker):
        pass
    with Subscriber(broker.port, f"{SOURCE}/status") as kiosk:
        for _ in range(5):
            kiosk.say(status().topic, status().body)
        kiosk.take(5)
    publish(broker, 1)
    with source(broker) as made:
        found = events(made, 1)
    assert [each for batch in found for each in batch.statuses] == []


def test_a_batch_larger_than_the_window_is_refused() -> None:
    settings = mqtt.Settings(host="127.0.0.1", tls=False, receive_maximum=99)
    with pytest.raises(SettingsError, match="receive_maximum = 99: is too small"):
        mqtt.build(settings, LIMITS)


def test_a_small_window_of_the_broker_s_own_is_no_standstill(tmp_path: Path) -> None:
    """Mosquitto's own limit is 20: a batch is stored when no more comes, not when it is full."""
    if program() is None:
        pytest.skip("mosquitto is not installed")
    with Broker(tmp_path) as broker, source(broker) as made:
        publish(broker, *range(1, 101))
        got: set[bytes] = set()
        for _ in range(TURNS):
            batch = made.batch()
            got |= {each.body for each in batch.events}
            made.commit(batch)
            if len(got) == 100:
                break
        assert len(got) == 100


@pytest.mark.parametrize("name", ["sqlite", "postgres"])
def test_two_workers_store_each_event_once(
    broker: Broker, tmp_path: Path, request: pytest.FixtureRequest, name: str
) -> None:
    address = f"sqlite:///{tmp_path}/ledger.db"
    if name == "postgres":
        address = request.getfixturevalue("postgres").address()
    database = Database(address)
    database.migrate()
    count = 400
    with ExitStack() as stack:
        workers = []
        for each in ("one", "two"):
            made = stack.enter_context(source(broker, client_id=each, group="g"))
            storage = database.storage()
            stack.callback(storage.close)
            workers.append(Ingest(made, storage, Pace(tell_s=0.05)))
        publish(broker, *range(1, count + 1))
        for _ in range(TURNS):
            if sum(worker.counts.fresh for worker in workers) == count:
                break
            for worker in workers:
                worker.step()
        assert all(worker.counts.fresh for worker in workers)
    assert whole_up_to(database) == {EPOCH: count}
    assert numbers(database) == [*range(1, count + 1)]
