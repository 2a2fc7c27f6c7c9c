"""MQTT v5 through paho: a session that the broker keeps, and messages that wait for our word.

The session is never begun clean, not even the first time: mosquitto forgets such a session, and
what is queued in it, when it restarts. Events are answered only after they are stored. Statuses are
heard with QoS 0, so that a broker does not queue a day of them for a ledger that is away.

Callbacks run on paho's thread and only put things down; an exception there would kill the thread
and leave a client that looks alive.
"""

import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import paho.mqtt.client as paho
import structlog
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions
from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from kiosk.door.event import LEDGER_TOPIC, TOPIC_ROOT, LedgerPresence
from ledger.errors import SettingsError, SourceLost
from ledger.source import Batch, Limits, Message
from ledger.sources import answers, read_ahead
from ledger.sources.encryption import Encryption
from ledger.sources.inbox import Inbox

log = structlog.get_logger()

EVENTS = f"{TOPIC_ROOT}/+/+/event/+"
_EVENT = b"/event/"
STATUSES = f"{TOPIC_ROOT}/+/+/status"
SAID = f"{TOPIC_ROOT}/+/+/ack"
_CONNECT_TIMEOUT_S = 5.0
_LAST_WORDS_S = 1.0
_QUIET_S = 0.005
"""A broker that sends fewer than a batch at once waits for us: no use in waiting for it."""
_IDLE_S = 0.2
_STATUSES_KEPT = 20_000
_SAID_S = 10.0
"""What was retained comes at once; later ones are other workers' words, and many."""


class Settings(BaseModel):
    """Which broker, and who we are to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(min_length=1, description="The broker's name or address.")
    port: int = Field(default=8883, ge=1, le=65535, description="The broker's port.")
    tls: bool = Field(
        default=True, description="Encrypt; turn off only for a broker on this machine."
    )
    ca_file: Path | None = Field(
        default=None, description="Who signed the broker's certificate; absent: the system's list."
    )
    cert_file: Path | None = Field(default=None, description="This ledger's certificate.")
    key_file: Path | None = Field(default=None, description="The key of `cert_file`.")
    username: str | None = Field(default=None, description="Name, where certificates are not used.")
    password: SecretStr | None = Field(default=None, description="Password for `username`.")
    client_id: str = Field(
        default="kiosk-ledger",
        min_length=1,
        max_length=64,
        description="The name of the session in which the broker queues events. Each worker has "
        "its own, and keeps it.",
    )
    group: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_-]{1,32}$",
        description="Workers of one group share the events; absent: this one gets all.",
    )
    receive_maximum: int = Field(
        default=2000,
        ge=1,
        le=65535,
        description="Events under way before an answer. Two batches at least, here and in the "
        "broker's own limit (mosquitto: `max_inflight_messages`).",
    )
    session_expiry_s: int = Field(
        default=30 * 86400,
        ge=60,
        le=0xFFFFFFFE,
        description="The broker queues events for a ledger that is away for so long.",
    )
    keepalive_s: int = Field(
        default=20, ge=5, le=600, description="A dead connection is noticed within 1.5 times this."
    )
    will_delay_s: int = Field(
        default=5, ge=0, le=3600, description="So long may this ledger be away before kiosks hear."
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file belong together: give both or neither")
        if self.password is not None and self.username is None:
            raise ValueError("password without username: give both")
        return self


class MqttSource:
    """One durable MQTT v5 session, owned by the thread that opens it."""

    def __init__(self, settings: Settings, limits: Limits) -> None:
        self._settings = settings
        self._inbox = Inbox(limits, _QUIET_S, _IDLE_S)
        self._statuses: deque[Message] = deque(maxlen=_STATUSES_KEPT)
        self._said: deque[Message] = deque()
        self._connection = 0
        self._online = False
        self._closing = False
        self._unusable: str | None = None
        self._ask_until_s = 0.0
        self._client = self._new_client()

    def open(self) -> None:
        """Start to receive."""
        settings = self._settings
        properties = _properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = settings.session_expiry_s
        properties.ReceiveMaximum = settings.receive_maximum
        self._client.connect_async(
            settings.host,
            settings.port,
            keepalive=settings.keepalive_s,
            clean_start=False,
            properties=properties,
        )
        self._client.loop_start()

    def batch(self) -> Batch:
        """Wait for events, at most for a moment, and return what there is."""
        events = self._inbox.take()
        if self._unusable is not None:
            raise SettingsError(self._unusable)
        if self._ask_until_s and time.monotonic() > self._ask_until_s:
            self._ask_until_s = 0.0
            self._client.unsubscribe(SAID)
        return Batch(
            [message for connection, message in events if connection == self._connection],
            _drained(self._statuses),
            _drained(self._said),
            self._connection,
        )

    def commit(self, batch: Batch) -> None:
        """Answer the events of `batch`, on the connection that brought them and no other."""
        packets = answers.pubacks(each.receipt for each in batch.events if each.receipt)
        # A number of an old connection may stand for another event on this one.
        if packets and batch.connection == self._connection:
            answers.send(self._client, packets)

    def tell(self, topic: str, body: bytes) -> None:
        """Replace what is retained at `topic`."""
        if not self._client.is_connected():
            raise SourceLost("not connected to the broker")
        self._client.publish(topic, body, qos=1, retain=True)

    def be_present(self, *, online: bool) -> None:
        """Say whether events are stored here."""
        self._online = online
        if self._client.is_connected():
            self._say_presence()

    def close(self) -> None:
        """Say that nobody stores any more, and end the connection."""
        self._online, self._closing = False, True
        if self._client.is_connected():
            said = self._client.publish(LEDGER_TOPIC, _presence(online=False), qos=1, retain=True)
            try:
                said.wait_for_publish(_LAST_WORDS_S)
            except (RuntimeError, ValueError):
                log.debug("the last words were not sent: the broker says the same")
        self._client.disconnect()
        self._client.loop_stop()

    def _say_presence(self) -> None:
        self._client.publish(LEDGER_TOPIC, _presence(online=self._online), qos=1, retain=True)

    def _new_client(self) -> paho.Client:
        settings = self._settings
        client = read_ahead.Client(
            CallbackAPIVersion.VERSION2,
            client_id=settings.client_id,
            protocol=paho.MQTTv5,
            manual_ack=True,
        )
        client.connect_timeout = _CONNECT_TIMEOUT_S
        client.reconnect_delay_set(1, 30)
        if settings.tls:
            encryption = Encryption(settings.ca_file, settings.cert_file, settings.key_file)
            client.tls_set_context(encryption.context)
            client.on_pre_connect = lambda *_: encryption.renew()
        if settings.username is not None:
            password = settings.password.get_secret_value() if settings.password else None
            client.username_pw_set(settings.username, password)
        properties = _properties(PacketTypes.WILLMESSAGE)
        properties.WillDelayInterval = settings.will_delay_s
        client.will_set(
            LEDGER_TOPIC, _presence(online=False), 1, retain=True, properties=properties
        )
        client.on_connect = self._connected
        client.on_disconnect = self._disconnected
        client.on_subscribe = self._subscribed
        client.on_message = self._heard
        client.infix, client.on_run = _EVENT, self._heard_run
        return client

    def _connected(
        self, client: paho.Client, _userdata: Any, flags: Any, reason: ReasonCode, properties: Any
    ) -> None:
        if reason.is_failure:
            log.warning("the broker refused the connection", why=str(reason))
            return
        group = self._settings.group
        if group and getattr(properties, "SharedSubscriptionAvailable", 1) == 0:
            # Some grant it all the same and then never deliver.
            self._unusable = (
                "source.group: this broker has no shared subscriptions; remove it, run one worker"
            )
            return
        self._connection += 1
        self._ask_until_s = time.monotonic() + _SAID_S
        log.info("connected", session="kept" if flags.session_present else "new")
        share = f"$share/{group}/" if group else ""
        if group:
            client.unsubscribe([EVENTS, STATUSES])
        client.subscribe(
            [
                (share + EVENTS, SubscribeOptions(qos=1)),
                (share + STATUSES, SubscribeOptions(qos=0)),
                (SAID, SubscribeOptions(qos=0, noLocal=True)),
                (LEDGER_TOPIC, SubscribeOptions(qos=1)),
            ]
        )

    def _subscribed(
        self, _client: paho.Client, _userdata: Any, _mid: int, reasons: Any, _properties: Any
    ) -> None:
        refused = [str(reason) for reason in reasons if reason.is_failure]
        if refused:
            log.error("the broker refuses a subscription", why=refused[0])
            return
        self._say_presence()

    def _disconnected(
        self, _client: paho.Client, _userdata: Any, _flags: Any, reason: Any, _properties: Any
    ) -> None:
        self._connection += 1
        if self._closing:
            return
        log.warning("disconnected", why=str(reason))

    def _heard_run(self, run: Sequence[read_ahead.Publish]) -> None:
        messages = [Message(each.topic, each.payload, each.mid) for each in run]
        self._inbox.put(self._connection, messages)

    def _heard(self, client: paho.Client, _userdata: Any, message: paho.MQTTMessage) -> None:
        topic, body = message.topic, bytes(message.payload)
        if message.qos and topic != LEDGER_TOPIC:
            self._inbox.put(self._connection, [Message(topic, body, message.mid)])
            return
        if topic == LEDGER_TOPIC:
            client.ack(message.mid, message.qos)
            if self._online and b"true" not in body:
                # Another worker's end, or the last life of this one. Nobody is to think that no
                # ledger is left.
                self._say_presence()
        elif topic.endswith("/status"):
            self._statuses.append(Message(topic, body))
        elif topic.endswith("/ack"):
            if message.retain:
                self._said.append(Message(topic, body))
        else:
            self._inbox.put(self._connection, [Message(topic, body)])


def build(settings: Settings, limits: Limits) -> MqttSource:
    """Return the source that `settings` describe."""
    if settings.receive_maximum < 2 * limits.events:
        raise SettingsError(
            f"source.receive_maximum = {settings.receive_maximum}: is too small for batches of "
            f"{limits.events}; at least {2 * limits.events}, or a smaller ingest.batch"
        )
    return MqttSource(settings, limits)


def _presence(*, online: bool) -> bytes:
    return LedgerPresence(online=online).model_dump_json().encode()


def _drained(waiting: deque[Message]) -> list[Message]:
    return [waiting.popleft() for _ in range(len(waiting))]


def _properties(packet_type: int) -> Properties:
    return Properties(packet_type)  # type: ignore[no-untyped-call]  # paho leaves it untyped
