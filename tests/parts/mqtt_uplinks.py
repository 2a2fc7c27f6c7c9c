"""MQTT uplinks as the tests want them: told to connect, or connected, and closed afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kiosk.uplink import Connected
from kiosk.uplink.mqtt import MqttUplink, Settings, build
from tests.parts.check_ins import SOURCE
from tests.parts.reports import Reports

WILL = b'{"online":false}'


@contextmanager
def connected(port: int, source: str = SOURCE, **more: Any) -> Iterator[tuple[MqttUplink, Reports]]:
    """Give an uplink that has reported its connection."""
    with attempted(port, source, **more) as (uplink, reports):
        reports.next(Connected)
        yield uplink, reports


@contextmanager
def attempted(port: int, source: str = SOURCE, **more: Any) -> Iterator[tuple[MqttUplink, Reports]]:
    """Give an uplink that was told to connect."""
    uplink, reports = uplink_to(port, source, **more), Reports()
    try:
        uplink.connect(reports)
        yield uplink, reports
    finally:
        uplink.disconnect()


def uplink_to(port: int, source: str = SOURCE, **more: Any) -> MqttUplink:
    values = {"host": "127.0.0.1", "port": port, "tls": False, **more}
    return build(Settings.model_validate(values), source, WILL)
