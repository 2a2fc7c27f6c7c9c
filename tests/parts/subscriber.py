"""Somebody else at the broker: hears what really went over it, with its MQTT v5 properties."""

import queue
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

_PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Message:
    """One message as the broker delivered it."""

    topic: str
    body: bytes = field(repr=False)
    qos: int
    retain: bool
    content_type: str | None
    format_indicator: int | None


class Subscriber:
    """A subscription to `topics`, open when `with` is entered and closed when it is left."""

    def __init__(self, port: int, topics: str = "#", **login: str) -> None:
        self._messages: queue.Queue[Message] = queue.Queue()
        self._ready = threading.Event()
        self._client = client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        if login:
            client.username_pw_set(login["username"], login["password"])
        self._topics = topics
        client.on_connect = self._connected
        client.on_subscribe = lambda *_: self._ready.set()
        client.on_message = self._heard
        self._port = port

    def next(self) -> Message:
        """Return the next message; fails when none comes."""
        return self._messages.get(timeout=_PATIENCE_S)

    def take(self, count: int) -> list[Message]:
        """Return the next `count` messages."""
        return [self.next() for _ in range(count)]

    def none_waiting(self) -> bool:
        """Tell whether nothing more has arrived so far."""
        return self._messages.empty()

    def say(self, topic: str, body: bytes, *, retain: bool = False) -> None:
        """Publish: what this subscriber hears next shows that all before it has been delivered."""
        self._client.publish(topic, body, qos=1, retain=retain)

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        if not self._ready.wait(_PATIENCE_S):
            raise TimeoutError("the broker did not take the subscription")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        client = self._client
        client.disconnect()
        client.loop_stop()
        # Nothing may hold the client but we: in a circle, its sockets are collected before it is.
        client.on_connect = client.on_subscribe = client.on_message = None

    def _connected(self, client: paho.Client, *_: Any) -> None:
        client.subscribe(self._topics, qos=2)

    def _heard(self, _client: paho.Client, _userdata: Any, message: paho.MQTTMessage) -> None:
        properties = message.properties
        self._messages.put(
            Message(
                message.topic,
                bytes(message.payload),
                message.qos,
                message.retain,
                getattr(properties, "ContentType", None),
                getattr(properties, "PayloadFormatIndicator", None),
            )
        )
