"""Two brokers behind one address: the kiosk's broker dies, and the other one gets the rest.

The kiosk knows the balancer's address and nothing else; the brokers share no session and no
retained word. Each has a worker of the ledger, and both workers store in one database.
"""

import json
import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from kiosk.eye.people import person
from ledger.storage.opening import Database
from ledger.storage.tables import gap
from provisioning.fleet import many
from provisioning.fleet.names import Role
from tests.e2e.door import PATIENCE_S, Door, mqtt
from tests.parts.balancer import Balancer
from tests.parts.broker import program
from tests.parts.fleets import Client, Fleet, FleetBroker
from tests.parts.ledger_worker import ingesting, settings_of
from tests.parts.ledgers import numbers, rows

pytestmark = [
    pytest.mark.skipif(program() is None, reason="mosquitto is not installed"),
    pytest.mark.timeout(240),
    # paho leaves the socket of a failed handshake to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

KIOSK = "hk-042/door-1"
NODES = 2
RESENT_S = 120.0
"""What a broker had taken when it died is sent again after 30 s, and after another 60 s."""


class Node:
    """One broker, and a worker of the ledger that is told only what this broker is told."""

    def __init__(self, city: Path, place: int, fleet: Fleet) -> None:
        name = f"ledger-{place}"
        self._city = city
        self._held = fleet.write(city / name, fleet.registrar.service(name, Role.LEDGER))
        folder = city / f"node-{place}"
        folder.mkdir()
        self.broker = FleetBroker(folder, fleet)

    @contextmanager
    def running(self) -> Iterator[None]:
        with self.broker, ingesting(settings_of(self._city, self.broker.port, self._held)):
            yield


class City:
    """Two nodes behind a balancer, and a kiosk that knows only the balancer."""

    def __init__(self, folder: Path) -> None:
        fleet = Fleet(folder / "fleet")
        self.held = fleet.write(folder / "kiosk", fleet.enrolled(KIOSK))
        watch = fleet.registrar.service("watch", Role.LEDGER)
        self.watch = fleet.write(folder / "watch", watch)
        self.nodes = [Node(folder, place, fleet) for place in range(NODES)]
        self.database = Database(f"sqlite:///{folder}/ledger.db")
        self.database.migrate()
        self._people = random.Random(folder.name)

    def door(self, folder: Path, balancer: Balancer) -> Door:
        files = {"cert_file": self.held, "key_file": self.held}
        files["ca_file"] = self.held.with_name(many.ROOT)
        return Door(folder, mqtt(balancer.port, tls=True, **files))

    def wait_until_stored(self, place: int, number: int) -> None:
        """Wait until the kiosk was told on this node that everything up to a number is stored."""
        watcher = Client(self.nodes[place].broker.port, self.watch, self.watch.with_name(many.ROOT))
        with watcher:
            watcher.listens(f"kiosk/v1/{KIOSK}/ack")
            stored: list[int] = []
            while number not in stored:
                _, body = watcher.heard.get(timeout=RESENT_S)
                stored = [*json.loads(body)["epochs"].values()]

    def pass_some(self, door: Door, count: int = 3) -> None:
        for _ in range(count):
            door.passes(person(self._people))


@contextmanager
def city(folder: Path) -> Iterator[tuple[City, Balancer]]:
    """Give a city whose two nodes run."""
    made = City(folder)
    with ExitStack() as stack:
        for node in made.nodes:
            stack.enter_context(node.running())
        ports = [node.broker.port for node in made.nodes]
        yield made, stack.enter_context(Balancer(ports))


def test_a_kiosk_whose_broker_dies_goes_on_at_the_other_and_loses_nothing(tmp_path: Path) -> None:
    with city(tmp_path) as (made, balancer), made.door(tmp_path / "door", balancer) as door:
        door.next("uplink", connected=True)
        made.pass_some(door)
        assert balancer.took == [0]
        made.nodes[0].broker.kill()
        # Some of them while the kiosk is alone: it comes back when it likes.
        made.pass_some(door)
        assert balancer.wait_for(2, PATIENCE_S)[-1] == 1
        made.pass_some(door)
        # The first one is back, and the second one dies.
        made.nodes[0].broker.start()
        before = len(balancer.took)
        made.nodes[1].broker.kill()
        made.pass_some(door)
        assert balancer.wait_for(before + 1, PATIENCE_S)[-1] == 0
        made.pass_some(door)
        recorded = [seq for seq, _ in door.recorded()]
        made.wait_until_stored(0, recorded[-1])
    assert recorded == [*range(1, 16)]
    assert numbers(made.database) == recorded
    assert rows(made.database, gap.c.first) == []
