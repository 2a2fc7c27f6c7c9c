"""A broker and a ward for each test that asks; without mosquitto these tests fail, by design."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.broker import Broker
from tests.e2e.ward import Ward


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with Broker(tmp_path) as running:
        yield running


@pytest.fixture
def ward(broker: Broker) -> Iterator[Ward]:
    with Ward(broker.port) as subscribed:
        yield subscribed
