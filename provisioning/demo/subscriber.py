"""A separate MQTT client: what arrives here is what a ward would have received."""

import json
import threading
import time
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion


class Subscriber:
    """Collects events and the latest status; callbacks run on paho's thread."""

    def __init__(self, port: int, source: str) -> None:
        self.events: dict[str, dict[str, Any]] = {}
        self.duplicates = 0
        self.status: dict[str, Any] = {}
        self._changed = threading.Condition()
        self._source = source
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        self._client.on_connect = self._subscribe
        self._client.on_message = self._take
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def wait_for(self, event_ids: set[str], patience_s: float) -> bool:
        """Wait until all of `event_ids` arrived; tell whether they did."""
        with self._changed:
            return self._changed.wait_for(lambda: event_ids <= self.events.keys(), patience_s)

    def wait_for_status(self, patience_s: float) -> dict[str, Any]:
        """Return the next status, or the latest one after `patience_s`."""
        deadline_s = time.monotonic() + patience_s
        with self._changed:
            before = self.status
            while self.status is before and time.monotonic() < deadline_s:
                self._changed.wait(deadline_s - time.monotonic())
            return self.status

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()

    def _subscribe(self, client: paho.Client, *_: Any) -> None:
        client.subscribe(f"{self._source}/event/checkin", qos=1)
        client.subscribe(f"{self._source}/status", qos=1)

    def _take(self, _client: paho.Client, _userdata: Any, message: paho.MQTTMessage) -> None:
        body = json.loads(message.payload)
        with self._changed:
            if message.topic.endswith("/status"):
                self.status = body
            else:
                self.duplicates += body["id"] in self.events
                self.events[body["id"]] = body
            self._changed.notify_all()
