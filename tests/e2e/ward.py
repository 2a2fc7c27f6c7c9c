"""The ward's end: a subscriber that stays through a broker's death, and checks what it is sent."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from kiosk.app.status import Status
from kiosk.door.event import CheckInEvent

PATIENCE_S = 60.0


class Ward:
    """Collects what kiosks publish; read on the test's thread, filled on paho's."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._changed = threading.Condition()
        self._subscribed = False
        self._events: list[tuple[str, bytes]] = []
        self._statuses: list[tuple[str, bytes]] = []
        self._client = client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        client.reconnect_delay_set(1, 1)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message

    def events(self, source: str = "") -> list[CheckInEvent]:
        """Return every event that arrived, duplicates too, each held against the schema."""
        with self._changed:
            bodies = [body for topic, body in self._events if topic.startswith(source)]
        return [CheckInEvent.model_validate_json(body, strict=False) for body in bodies]

    def statuses(self, source: str = "") -> list[Status]:
        """Return every status that arrived."""
        with self._changed:
            bodies = [body for topic, body in self._statuses if topic.startswith(source)]
        return [Status.model_validate_json(body) for body in bodies]

    def bodies(self) -> bytes:
        """Return everything that arrived, as it was sent."""
        with self._changed:
            return b"\n".join(body for _, body in [*self._events, *self._statuses])

    def wait_for(self, event_ids: set[str]) -> None:
        """Wait until all of these arrived."""
        self._wait(
            lambda: event_ids <= {event.id for event in self.events()},
            lambda: (
                f"{len(event_ids)} events, missing: "
                f"{sorted(event_ids - {event.id for event in self.events()})}"
            ),
        )

    def wait_for_status(
        self, wanted: Callable[[Status], bool], source: str = "", after: int = 0
    ) -> Status:
        """Wait for a status like this, from the `after`-th on, and return the first one."""
        found: list[Status] = []

        def is_there() -> bool:
            found[:] = [s for s in self.statuses(source)[after:] if wanted(s)][:1]
            return bool(found)

        self._wait(is_there, lambda: f"a status, last: {self.statuses(source)[-1:]}")
        return found[0]

    def _wait(self, condition: Callable[[], bool], what: Callable[[], str]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE_S), f"waited in vain for {what()}"

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        self._wait(lambda: self._subscribed, lambda: "the subscription")
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

    def _on_connect(self, client: paho.Client, *_: Any) -> None:
        client.subscribe("kiosk/v1/#", qos=1)

    def _on_subscribe(self, *_: Any) -> None:
        with self._changed:
            self._subscribed = True
            self._changed.notify_all()

    def _on_message(self, _client: paho.Client, _userdata: Any, message: paho.MQTTMessage) -> None:
        kept = self._statuses if message.topic.endswith("/status") else self._events
        with self._changed:
            kept.append((message.topic, bytes(message.payload)))
            self._changed.notify_all()


def is_ready(status: Status) -> bool:
    return status.phase == "ready"


def is_out_of_order(status: Status) -> bool:
    return status.phase == "out-of-order"
