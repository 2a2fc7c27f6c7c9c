"""Killed at any moment, as a real process beside a real mosquitto: no row twice, none missing."""

import json
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from kiosk.door.event import LEDGER_TOPIC
from ledger.storage.opening import Database
from tests.parts.broker import Broker
from tests.parts.kiosk_events import EPOCH, SOURCE, message, status
from tests.parts.ledgers import numbers
from tests.parts.subscriber import Subscriber

COUNT = 1200
KILLS = 4
PATIENCE_S = 60.0


class Courier:
    """Sends what is not acknowledged, again and again, as a kiosk does; read on the test's thread.

    `told` is the highest number of the ledger's acknowledgements so far.
    """

    def __init__(self, port: int) -> None:
        self._changed = threading.Condition()
        self._client = client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        client.on_message = self._heard
        client.connect("127.0.0.1", port)
        client.subscribe([(f"{SOURCE}/ack", 1), (LEDGER_TOPIC, 1)])
        client.loop_start()
        self.told = 0
        self.lowered = 0
        self.online = False

    def send(self, first: int, last: int) -> None:
        for n in range(first, last + 1):
            each = message(n)
            self._client.publish(each.topic, each.body, qos=1)

    def wait_until(self, number: int) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.told >= number, PATIENCE_S)

    def wait_for_ledger(self) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.online, PATIENCE_S)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _heard(self, _client: paho.Client, _userdata: Any, heard: paho.MQTTMessage) -> None:
        word = json.loads(heard.payload)
        with self._changed:
            if heard.topic == LEDGER_TOPIC:
                self.online = word["online"]
            else:
                upto = word["epochs"][EPOCH]
                self.lowered += upto < self.told
                self.told = upto
            self._changed.notify_all()


@contextmanager
def process(config: Path) -> Iterator["subprocess.Popen[bytes]"]:
    log = (config.parent / "ledger.log").open("ab")
    worker = subprocess.Popen(
        [sys.executable, "-m", "ledger", "ingest", "--config", str(config)], stderr=log
    )
    log.close()
    try:
        yield worker
    finally:
        worker.kill()
        worker.wait()


@pytest.mark.parametrize("name", ["sqlite", "postgres"])
def test_killed_again_and_again_it_stores_each_event_once(
    broker: Broker, tmp_path: Path, request: pytest.FixtureRequest, name: str
) -> None:
    address = f"sqlite:///{tmp_path}/ledger.db"
    if name == "postgres":
        address = request.getfixturevalue("postgres").address()
    config = tmp_path / "ledger.toml"
    config.write_text(
        f'[storage]\nurl = "{address}"\n[source]\nkind = "mqtt"\nhost = "127.0.0.1"\n'
        f"port = {broker.port}\ntls = false\nwill_delay_s = 0\n"
        "[ingest]\ntell_s = 0.05\nbatch = 20\n"
    )
    rng = random.Random()
    courier = Courier(broker.port)
    with process(config):
        courier.wait_for_ledger()
    for _ in range(KILLS):
        with process(config) as worker:
            # Not before it is there: its death is to hit it at work.
            first = courier.told + 1
            # The last one is left for the worker that ends in order.
            last = min(COUNT - 1, first + COUNT // KILLS - 1)
            courier.send(first, last)
            assert courier.wait_until(rng.randint(first, last))
            worker.send_signal(signal.SIGKILL)
            worker.wait()
    with process(config) as worker:
        courier.send(courier.told + 1, COUNT)
        assert courier.wait_until(COUNT)
        worker.terminate()
        assert worker.wait(PATIENCE_S) == 0
    courier.close()
    assert numbers(Database(address)) == [*range(1, COUNT + 1)]
    assert courier.lowered == 0


def test_a_birth_is_answered_by_a_running_ledger(broker: Broker, tmp_path: Path) -> None:
    config = tmp_path / "ledger.toml"
    config.write_text(
        f'[storage]\nurl = "sqlite:///{tmp_path}/ledger.db"\n[source]\nkind = "mqtt"\n'
        f'host = "127.0.0.1"\nport = {broker.port}\ntls = false\n'
    )
    with process(config), Subscriber(broker.port, f"{SOURCE}/ack") as kiosk:
        courier = Courier(broker.port)
        courier.wait_for_ledger()
        courier.send(1, 3)
        assert json.loads(kiosk.next().body)["epochs"][EPOCH] >= 1
        assert courier.wait_until(3)
        courier.close()
        while not kiosk.none_waiting():
            kiosk.next()
        # What a clustered broker may do: forget what was retained.
        kiosk.say(f"{SOURCE}/ack", b"")
        assert kiosk.next().body == b""
        kiosk.say(status().topic, status().body)
        assert json.loads(kiosk.next().body) == {"epochs": {EPOCH: 3}}
