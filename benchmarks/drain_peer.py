"""Beside whom the courier drains: a bare paho client, which can say the operator's word too."""

import threading
import time
from collections.abc import Sequence
from typing import Any

import paho.mqtt.client as paho
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from kiosk.door.event import QueuedEvent
from kiosk.lists import drain
from kiosk.lists.form import DRAIN_TOPIC
from kiosk.uplink import mqtt
from kiosk.uplink.delivery.policy import WINDOW
from provisioning.lists.making import signed

PATIENCE_S = 600.0


class Peer:
    """A bare paho client: its own window, its own thread, no disk."""

    def __init__(self, port: int) -> None:
        self._client = client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        client.max_inflight_messages_set(WINDOW)
        client.max_queued_messages_set(0)
        # As ours: a window of small packets leaves without waiting for the first answer.
        client.on_socket_open = mqtt.send_at_once
        self._left = 0
        self._done = threading.Event()
        client.on_publish = self._answered
        ready = threading.Event()
        client.on_connect = lambda *_: ready.set()
        client.connect("127.0.0.1", port)
        client.loop_start()
        if not ready.wait(PATIENCE_S):
            raise TimeoutError("the broker does not answer")
        self._properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho's own
        self._properties.ContentType = "application/cloudevents+json; charset=utf-8"
        self._properties.PayloadFormatIndicator = 1

    def publish(self, events: Sequence[QueuedEvent], topic: str) -> float:
        """Publish all; return how long it took until all were answered."""
        self._left = len(events)
        self._done.clear()
        begun_s = time.monotonic()
        for event in events:
            self._client.publish(topic, event.body, qos=1, properties=self._properties)
        if not self._done.wait(PATIENCE_S):
            raise TimeoutError(f"{self._left} events have no answer")
        return time.monotonic() - begun_s

    def tell(self, drain_hz: float, operator: Ed25519PrivateKey) -> None:
        """Have the operator's word retained."""
        word = drain.payload_of(drain.DrainRate(1, 0, drain_hz))
        self._left = 1
        self._client.publish(DRAIN_TOPIC, signed(word, operator), qos=1, retain=True)

    def close(self) -> None:
        """End it."""
        self._client.disconnect()
        self._client.loop_stop()

    def _answered(self, *_: Any) -> None:
        self._left -= 1
        if not self._left:
            self._done.set()
