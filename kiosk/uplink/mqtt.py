"""MQTT v5 through paho: the connection, and nothing that queues.

Every connection is a new paho client with a clean session, because paho would otherwise resend
what it remembers on its own account; the outbox is the only queue. Callbacks run on paho's thread
and only post reports: an exception there would kill the thread and leave a client that looks alive.

v5 is required: only there does a broker say no (0x87) or "nobody subscribed" (0x10).
"""

import contextlib
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from kiosk.door.event import QueuedEvent
from kiosk.errors import BrokerUnreachable
from kiosk.uplink import Acknowledged, Connected, Disconnected, Post

_QOS = 1
_CONNECT_TIMEOUT_S = 5.0
_LAST_WORDS_S = 0.5
_STATUS = 0
"""Stands for the status where events have their number, which begins at 1."""


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
    cert_file: Path | None = Field(default=None, description="This kiosk's certificate.")
    key_file: Path | None = Field(default=None, description="The key of `cert_file`.")
    username: str | None = Field(default=None, description="Name, where certificates are not used.")
    password: SecretStr | None = Field(default=None, description="Password for `username`.")
    keepalive_s: int = Field(
        default=20, ge=5, le=600, description="A dead connection is noticed within 1.5 times this."
    )
    will_delay_s: int = Field(
        default=30,
        ge=0,
        le=3600,
        description="The broker waits so long before it says that this kiosk is offline.",
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file belong together: give both or neither")
        if self.password is not None and self.username is None:
            raise ValueError("password without username: give both")
        return self


class MqttUplink:
    """One MQTT v5 connection at a time; driven by the courier thread."""

    def __init__(self, settings: Settings, source: str, will: bytes) -> None:
        self._settings = settings
        self._source = source
        self._will = will
        self._client: paho.Client | None = None
        self._post: Post | None = None
        self._reports: _Reports | None = None
        # A broker may answer before publish() has told us the message id, and a lock here would
        # meet paho's own in the wrong order. So each side leaves its half, then looks for both;
        # one atomic pop decides who posts.
        self._seqs: dict[int, int] = {}
        self._codes: dict[int, int] = {}

    def connect(self, post: Post) -> None:
        """Start one attempt; its outcome and what follows come through `post`."""
        self.disconnect()
        self._seqs, self._codes = {}, {}
        settings = self._settings
        properties = _properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = 0
        try:
            client = self._new_client()
            self._reports = _Reports(post)
            _wire(client, self._reports, self._answered)
            self._client, self._post = client, post
            client.connect(
                settings.host,
                settings.port,
                keepalive=settings.keepalive_s,
                clean_start=True,
                properties=properties,
            )
            client.loop_start()
        except (OSError, ValueError) as error:
            self._client = None
            raise BrokerUnreachable(
                f"no connection to {settings.host}:{settings.port}: {error}"
            ) from error

    def send(self, event: QueuedEvent) -> None:
        """Send one check-in on the open connection."""
        properties = _properties(PacketTypes.PUBLISH)
        properties.ContentType = "application/cloudevents+json; charset=utf-8"
        properties.PayloadFormatIndicator = 1
        info = self._open_client().publish(
            f"{self._source}/event/checkin", event.body, qos=_QOS, properties=properties
        )
        self._check(info)
        self._seqs[info.mid] = event.seq
        self._settle(info.mid)

    def send_status(self, body: bytes) -> None:
        """Replace the retained status."""
        info = self._open_client().publish(f"{self._source}/status", body, qos=_QOS, retain=True)
        self._check(info)
        self._seqs[info.mid] = _STATUS
        self._settle(info.mid)

    def disconnect(self, status: bytes | None = None) -> None:
        """End the connection, first leaving `status` behind."""
        client, self._client = self._client, None
        if client is None:
            return
        if status is not None and client.is_connected():
            info = client.publish(f"{self._source}/status", status, qos=_QOS, retain=True)
            # Where the connection goes first, the broker's will says the same.
            with contextlib.suppress(RuntimeError, ValueError):
                info.wait_for_publish(_LAST_WORDS_S)
        if self._reports is not None:
            # The end that we make ourselves is no news, and would be taken for the next one's.
            self._reports.hush()
        client.disconnect()
        client.loop_stop()

    def _open_client(self) -> paho.Client:
        if self._client is None or not self._client.is_connected():
            raise BrokerUnreachable("not connected to the broker")
        return self._client

    @staticmethod
    def _check(info: paho.MQTTMessageInfo) -> None:
        if info.rc != paho.MQTT_ERR_SUCCESS:
            raise BrokerUnreachable(f"the event was not sent: {paho.error_string(info.rc)}")

    def _answered(self, mid: int, code: int) -> None:
        self._codes[mid] = code
        self._settle(mid)

    def _settle(self, mid: int) -> None:
        if mid not in self._codes:
            return
        seq = self._seqs.pop(mid, None)
        if seq is None:
            return
        code = self._codes.pop(mid)
        if seq != _STATUS and self._post is not None:
            self._post(Acknowledged(seq, code))

    def _new_client(self) -> paho.Client:
        settings = self._settings
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            # A level may hold hyphens; joined by one, two kiosks could get the same name and take
            # the connection from each other for ever.
            client_id=self._source.replace("/", "_"),
            protocol=paho.MQTTv5,
            reconnect_on_failure=False,
        )
        client.connect_timeout = _CONNECT_TIMEOUT_S
        # The courier keeps the window; paho must not hold events back behind one of its own.
        client.max_inflight_messages_set(0)
        if settings.tls:
            _encrypt(client, settings)
        if settings.username is not None:
            password = settings.password.get_secret_value() if settings.password else None
            client.username_pw_set(settings.username, password)
        properties = _properties(PacketTypes.WILLMESSAGE)
        properties.WillDelayInterval = settings.will_delay_s
        client.will_set(
            f"{self._source}/status", self._will, qos=_QOS, retain=True, properties=properties
        )
        return client


def _properties(packet_type: int) -> Properties:
    return Properties(packet_type)  # type: ignore[no-untyped-call]  # paho leaves it untyped


def _encrypt(client: paho.Client, settings: Settings) -> None:
    try:
        what = f"ca_file = {str(settings.ca_file)!r}"
        context = ssl.create_default_context(cafile=settings.ca_file)
        if settings.cert_file is not None and settings.key_file is not None:
            what = f"cert_file = {str(settings.cert_file)!r} with key_file"
            context.load_cert_chain(settings.cert_file, settings.key_file)
    except OSError as error:
        # Python's own text names no file.
        raise BrokerUnreachable(f"{what} cannot be used: {error.strerror or error}") from error
    client.tls_set_context(context)


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

    def ended(self, why: str) -> None:
        if not self._hushed:
            self._hushed = True
            self._post(Disconnected(why))

    def hush(self) -> None:
        self._hushed = True


def _wire(client: paho.Client, reports: _Reports, answered: Callable[[int, int], None]) -> None:
    """Give the client callbacks that only post."""

    def on_connect(
        _client: paho.Client, _userdata: Any, _flags: Any, reason: Any, properties: Any
    ) -> None:
        if reason.is_failure:
            reports.ended(f"the broker refused the connection: {reason}")
        else:
            reports.opened(getattr(properties, "ReceiveMaximum", 65535))

    def on_disconnect(
        _client: paho.Client, _userdata: Any, _flags: Any, reason: Any, _properties: Any
    ) -> None:
        reports.ended(f"the connection ended: {reason}")

    def on_publish(
        _client: paho.Client, _userdata: Any, mid: int, reason: Any, _properties: Any
    ) -> None:
        answered(mid, reason.value)

    client.on_connect = on_connect
    client.on_disconnect = on_disconnect
    client.on_publish = on_publish


def build(settings: Settings, source: str, will: bytes) -> MqttUplink:
    """Return the uplink; nothing is connected yet. `will` is the status left when we die."""
    return MqttUplink(settings, source, will)
