"""Somebody who hears everything at a broker, exactly as it was published."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.subscribeoptions import SubscribeOptions

from tests.parts.wire_document import Heard

_PATIENCE_S = 60.0


class Everything:
    """A subscription to `#`, with each message's own QoS and flags; open while `with` lasts."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._changed = threading.Condition()
        self._heard: list[Heard] = []
        self._ready = threading.Event()
        self._client = client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        client.on_connect = self._connected
        client.on_subscribe = lambda *_: self._ready.set()
        client.on_message = self._take

    def heard(self) -> list[Heard]:
        """Return all messages so far."""
        with self._changed:
            return [*self._heard]

    def wait_for(self, wanted: Callable[[Heard], bool], what: str) -> Heard:
        """Return the first message like this, waiting for it."""
        found: list[Heard] = []

        def is_there() -> bool:
            found[:] = [each for each in self._heard if wanted(each)][:1]
            return bool(found)

        with self._changed:
            topics = {each.topic for each in self._heard}
            assert self._changed.wait_for(is_there, _PATIENCE_S), f"no {what} among {topics}"
        return found[0]

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        assert self._ready.wait(_PATIENCE_S)
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
        client.subscribe("#", options=SubscribeOptions(2, retainAsPublished=True))

    def _take(self, _client: paho.Client, _userdata: Any, message: paho.MQTTMessage) -> None:
        properties = message.properties
        heard = Heard(
            message.topic,
            bytes(message.payload),
            message.qos,
            message.retain,
            getattr(properties, "ContentType", None),
            getattr(properties, "PayloadFormatIndicator", None),
            getattr(properties, "MessageExpiryInterval", None),
        )
        with self._changed:
            self._heard.append(heard)
            self._changed.notify_all()
