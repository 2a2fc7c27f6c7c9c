"""The broker goes away in the middle of it: the door does not wait, and nothing is lost."""

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.eye.people import person
from provisioning.broker import Broker
from tests.e2e.door import Door, mqtt
from tests.e2e.ward import Ward, is_ready

SLOW = os.environ.get("KIOSK_SLOW") == "1"
OUTAGE_S = 60.0 if SLOW else 8.0
SOURCE = "kiosk/v1/hk-042/door-1"


def people(seed: str) -> Iterator[str]:
    """Return people without end, each of whom comes once."""
    rng = random.Random(seed)
    while True:
        yield person(rng)


def all_arrived(ward: Ward, door: Door) -> None:
    """Wait until the ward has all that the disk has, and hold it against the numbering."""
    recorded = door.recorded()
    ward.wait_for({event_id for _, event_id in recorded})
    assert [seq for seq, _ in recorded] == [*range(1, len(recorded) + 1)]
    events = ward.events(SOURCE)
    bodies: dict[str, set[str]] = {}
    for event in events:
        bodies.setdefault(event.id, set()).add(event.model_dump_json())
    # What arrives twice is the same event: same id, same content.
    assert bodies.keys() == {event_id for _, event_id in recorded}
    assert all(len(same) == 1 for same in bodies.values())


@pytest.mark.timeout(240)
@pytest.mark.parametrize("how", ["stop", "kill"])
def test_what_is_scanned_during_an_outage_arrives_after_it(
    how: str, broker: Broker, ward: Ward, tmp_path: Path
) -> None:
    queue = people(how)
    with Door(tmp_path / "door", mqtt(broker.port)) as door:
        ward.wait_for_status(is_ready)
        for _ in range(5):
            door.passes(next(queue))
        if how == "stop":
            broker.stop()
        else:
            broker.kill()
        back_at_s = time.monotonic() + OUTAGE_S
        during = set()
        while time.monotonic() < back_at_s:
            during.add(door.passes(next(queue)))
        assert len(during) >= 5
        assert door.says("uplink", connected=False)
        broker.start()
        door.next("uplink", connected=True)
        door.passes(next(queue))
        all_arrived(ward, door)
        # An outage is told and then over.
        after = ward.wait_for_status(
            lambda status: status.outbox is not None and status.outbox.unsent == 0,
            after=len(ward.statuses()),
        )
        assert after.delivery is not None
        assert after.delivery.trouble is None


@pytest.mark.timeout(240)
@pytest.mark.threat("withhold")
def test_a_broker_that_does_not_answer_for_a_while_loses_nothing(
    broker: Broker, ward: Ward, tmp_path: Path
) -> None:
    queue = people("pause")
    with Door(tmp_path / "door", mqtt(broker.port)) as door:
        ward.wait_for_status(is_ready)
        door.passes(next(queue))
        broker.pause()
        try:
            back_at_s = time.monotonic() + 5
            during = 0
            while time.monotonic() < back_at_s:
                door.passes(next(queue))
                during += 1
        finally:
            broker.resume()
        assert during >= 5
        all_arrived(ward, door)


def test_a_broker_that_comes_after_the_door_gets_everything(tmp_path: Path) -> None:
    queue = people("late")
    broker = Broker(tmp_path)
    # Its port is known and nobody listens there yet.
    broker.start()
    broker.stop()
    with Door(tmp_path / "door", mqtt(broker.port)) as door:
        ids = {door.passes(next(queue)) for _ in range(3)}
        assert door.says("uplink", connected=True) == []
        with broker, Ward(broker.port) as ward:
            ward.wait_for(ids)
            all_arrived(ward, door)


@pytest.mark.timeout(240)
def test_a_door_killed_five_times_in_the_middle_of_it_delivers_all_that_it_committed(
    broker: Broker, ward: Ward, tmp_path: Path
) -> None:
    queue = people("killed")
    rng = random.Random("killed")
    door = Door(tmp_path / "door", mqtt(broker.port))
    green = set()
    for _ in range(5):
        with door:
            for _ in range(rng.randint(2, 6)):
                green.add(door.passes(next(queue)))
            # The next card is before the camera while the process dies.
            door.show(next(queue))
            door.process.kill()
            door.wait()
        door = Door(tmp_path / "door", mqtt(broker.port))
    with door:
        green.add(door.passes(next(queue)))
        assert green <= {event_id for _, event_id in door.recorded()}
        all_arrived(ward, door)
