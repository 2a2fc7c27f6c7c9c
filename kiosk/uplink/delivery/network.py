"""One MQTT connection: a paho client that nobody but its own thread `network` ever touches.

The thread dials, runs the loop and ends; whatever ends it, an exception in a callback among them,
the last thing it does is to report `Disconnected`. Others only leave events in a queue and wake it,
so no lock of paho's can hold the courier. A thread that hangs is left behind and never waited for.
"""

import contextlib
import select
import socket
import ssl
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from kiosk.door.event import QueuedEvent
from kiosk.errors import DeliveryError
from kiosk.uplink import STATUS_ROW, Connected, Disconnected, Post, Puback, Wanted
from kiosk.uplink.delivery.ear import QOS, Ear

GREETING_S = 20.0
"""A broker that takes a connection and says nothing is left after so long."""
LAST_WORDS_S = 0.5
PACKET_TOO_LARGE = 0x95

_TURN_S = 1.0
_ANY = 65535
_HEADER_BYTES = 128
"""More than all of a PUBLISH but its topic and its body."""


@dataclass(frozen=True, slots=True)
class _Publish:
    topic: str
    body: bytes
    row: int | None


class Network:
    """Runs one client until the connection ends; `send` and `close` belong to the courier."""

    def __init__(self, dial: Callable[[], paho.Client], source: str, post: Post) -> None:
        """Prepare; `dial` makes a client and connects it, and runs in the network thread."""
        self._dial = dial
        self._source = source
        self._post = post
        self._reports = _Reports(post)
        self._ear = Ear(source, self._reports.heard)
        self._thread = threading.Thread(target=self._run, name="network", daemon=True)
        self._wake, self._woken_end = socket.socketpair()
        self._wake.settimeout(0)
        self._woken_end.settimeout(0)
        self._woken = False
        self._leaving: deque[_Publish] = deque()
        self._rows: dict[int, int] = {}
        self._receive_maximum = _ANY
        self._largest_packet = 0
        self._event_properties = _event_properties()
        self._closing = False
        self._last_words: bytes | None = None
        self.connected = False

    def start(self) -> None:
        """Begin to connect; everything else is reported."""
        try:
            self._thread.start()
        except RuntimeError as error:
            self._shut()
            raise DeliveryError(f"no thread for the network: {error}") from error

    @property
    def running(self) -> bool:
        """Whether the thread has not ended yet."""
        return self._thread.is_alive()

    def send(self, event: QueuedEvent) -> None:
        """Leave an event for the thread."""
        topic = f"{self._source}/event/{event.name}"
        self._leave(_Publish(topic, event.body, event.row))

    def say(self, status: bytes) -> None:
        """Leave a status for the thread."""
        self._leave(_Publish(f"{self._source}/status", status, STATUS_ROW))

    def answer(self, name: str, body: bytes) -> None:
        """Leave an answer to a command for the thread."""
        self._leave(_Publish(f"{self._source}/cmd/{name}/reply", body, None))

    def listen(self, wanted: Sequence[Wanted]) -> None:
        """Leave topics for the thread, to be heard besides."""
        self._ear.want(wanted)
        self._rouse()

    def close(self, last_words: bytes | None, timeout_s: float) -> bool:
        """End the connection, first leaving `last_words` behind; tell whether the thread ended."""
        # The end that we make ourselves is no news, and would be taken for the next one's.
        self._reports.hush()
        self._last_words = last_words
        self._closing = True
        self._rouse()
        self._thread.join(timeout_s)
        return not self.running

    def _leave(self, publish: _Publish) -> None:
        self._leaving.append(publish)
        # The thread clears the flag before it empties the queue: one byte wakes it for many events.
        if not self._woken:
            self._woken = True
            self._rouse()

    def _rouse(self) -> None:
        # Full: it is awake as it is. Closed: it has ended.
        with contextlib.suppress(OSError):
            self._wake.send(b"\0")

    def _run(self) -> None:
        why = "the connection ended"
        client: paho.Client | None = None
        try:
            client = self._dial()
            self._wire(client)
            why = self._talk(client)
        except DeliveryError as error:
            why = str(error)
        except BaseException as error:  # noqa: BLE001 - a bug ends this connection, not the kiosk
            why = _bug(error)
        finally:
            self.connected = False
            self._shut()
            if client is not None and (wire := client.socket()) is not None:
                wire.close()
            self._reports.ended(why)

    def _shut(self) -> None:
        self._wake.close()
        self._woken_end.close()

    def _talk(self, client: paho.Client) -> str:
        """Turn until the socket is gone or nobody wants it any more; return why it ended."""
        greet_by_s = time.monotonic() + GREETING_S
        while (wire := client.socket()) is not None:
            if self._closing:
                self._say_goodbye(client)
                break
            if not self.connected and time.monotonic() >= greet_by_s:
                return "the broker does not answer"
            self._turn(client, wire, _TURN_S)
        return "the connection ended"

    def _turn(self, client: paho.Client, wire: Any, timeout_s: float) -> None:
        # What TLS has unpacked already is not seen by select.
        unpacked = isinstance(wire, ssl.SSLSocket) and wire.pending() > 0
        readable, writable, _ = select.select(
            [wire, self._woken_end],
            [wire] if client.want_write() else [],
            [],
            0 if unpacked else timeout_s,
        )
        if self._woken_end in readable:
            self._woken_end.recv(4096)
            self._woken = False
            self._publish_all(client)
            if self.connected:
                self._ear.ask(client)
        if wire in readable or unpacked:
            client.loop_read()
        if wire in writable:
            client.loop_write()
        client.loop_misc()

    def _publish_all(self, client: paho.Client) -> None:
        while self._leaving and self.connected:
            leaving = self._leaving.popleft()
            packet_bytes = len(leaving.topic) + len(leaving.body) + _HEADER_BYTES
            if 0 < self._largest_packet < packet_bytes:
                # It would end the connection, and the next one, and the next.
                if leaving.row is not None:
                    self._post(Puback(leaving.row, PACKET_TOO_LARGE))
                continue
            is_event = leaving.row not in (STATUS_ROW, None)
            info = client.publish(
                leaving.topic,
                leaving.body,
                # An answer takes no place among what the broker must answer.
                qos=0 if leaving.row is None else QOS,
                retain=leaving.row == STATUS_ROW,
                properties=self._event_properties if is_event else None,
            )
            if info.rc != paho.MQTT_ERR_SUCCESS:
                return
            if leaving.row is not None:
                self._rows[info.mid] = leaving.row

    def _say_goodbye(self, client: paho.Client) -> None:
        until_s = time.monotonic() + LAST_WORDS_S
        # Above what the broker takes it would be the last straw; its will says the same.
        if self._last_words is not None and len(self._rows) < self._receive_maximum:
            # An answer to "restart" is the last that anybody hears of this life.
            answers = [leaving for leaving in self._leaving if leaving.row is None]
            self._leaving.clear()
            self._leaving.extend(answers)
            self.say(self._last_words)
            self._publish_all(client)
        waits = self._last_words is not None
        while waits and STATUS_ROW in self._rows.values():
            left_s = until_s - time.monotonic()
            wire = client.socket()
            if wire is None or left_s <= 0:
                break
            self._turn(client, wire, left_s)
        client.disconnect()

    def _wire(self, client: paho.Client) -> None:
        """Give the client callbacks that only note and post."""
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message

    def _on_connect(
        self, client: paho.Client, _userdata: Any, _flags: Any, reason: Any, properties: Any
    ) -> None:
        if reason.is_failure:
            self._reports.ended(f"the broker refused the connection: {reason}")
            return
        self._receive_maximum = getattr(properties, "ReceiveMaximum", _ANY)
        self._largest_packet = getattr(properties, "MaximumPacketSize", 0)
        self._ear.begin(client)
        self.connected = not self._closing
        self._reports.opened(self._receive_maximum)

    def _on_disconnect(
        self, _client: paho.Client, _userdata: Any, _flags: Any, reason: Any, _properties: Any
    ) -> None:
        self.connected = False
        self._reports.ended(f"the connection ended: {reason}")

    def _on_publish(
        self, _client: paho.Client, _userdata: Any, mid: int, reason: Any, _properties: Any
    ) -> None:
        row = self._rows.pop(mid, None)
        if row is not None:
            self._post(Puback(row, reason.value))

    def _on_subscribe(
        self, _client: paho.Client, _userdata: Any, mid: int, reasons: Any, _properties: Any
    ) -> None:
        self._ear.subscribed(mid, reasons)

    def _on_message(self, client: paho.Client, _userdata: Any, message: paho.MQTTMessage) -> None:
        self._ear.take(client, message)


class _Reports:
    """What one connection says of itself: at most one end, and nothing once it is hushed.

    paho tells of a refusal twice, first with the reason and then as a lost connection without one.
    """

    def __init__(self, post: Post) -> None:
        self._post = post
        self._hushed = False

    def opened(self, receive_maximum: int) -> None:
        if not self._hushed:
            self._post(Connected(receive_maximum))

    def heard(self, report: Any) -> None:
        if not self._hushed:
            self._post(report)

    def ended(self, why: str) -> None:
        if not self._hushed:
            self._hushed = True
            self._post(Disconnected(why))

    def hush(self) -> None:
        self._hushed = True


def _event_properties() -> Properties:
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho's own
    properties.ContentType = "application/cloudevents+json; charset=utf-8"
    properties.PayloadFormatIndicator = 1
    return properties


def _bug(error: BaseException) -> str:
    """Return which error and where; its text could hold what it was about."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"the network thread failed: {type(error).__name__}{where}"
