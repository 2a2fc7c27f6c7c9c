"""MQTT v5 through paho: the connection, and nothing that queues.

Every connection is a new paho client with a clean session and a network thread of its own, because
paho would otherwise resend what it remembers on its own account; the outbox is the only queue.

v5 is required: only there does a broker say no (0x87) or "nobody subscribed" (0x10).
"""

import socket
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from kiosk.door.event import QueuedEvent
from kiosk.errors import BrokerUnreachable
from kiosk.uplink import Post, Wanted
from kiosk.uplink.delivery.ear import QOS
from kiosk.uplink.delivery.network import Network

MAX_MESSAGE_BYTES = 128 * 1024
"""The largest that anybody says to a kiosk: a shard of a list."""
MOST_HUNG = 4
"""Network threads that were told to end and hang: with so many, only a new process helps."""

_CONNECT_TIMEOUT_S = 5.0
_CLOSE_S = 0.8
_MAX_PACKET_BYTES = MAX_MESSAGE_BYTES + 1024


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
    """One MQTT v5 connection at a time; driven by the courier thread, which it never holds up."""

    def __init__(self, settings: Settings, source: str, will: bytes) -> None:
        self._settings = settings
        self._source = source
        self._will = will
        self._network: Network | None = None
        self._hung: list[Network] = []

    def connect(self, post: Post) -> None:
        """Start one attempt; its outcome and what follows come through `post`.

        Raises:
            RuntimeError: One network thread after the other hangs: a bug, or paho's.
        """
        self.disconnect()
        self._hung = [network for network in self._hung if network.running]
        if len(self._hung) >= MOST_HUNG:
            raise RuntimeError(f"{len(self._hung)} network threads hang")
        self._network = Network(self._dial, self._source, post)
        self._network.start()

    def send(self, event: QueuedEvent) -> None:
        """Send one event on the open connection."""
        self._open().send(event)

    def send_status(self, body: bytes) -> None:
        """Replace the retained status."""
        self._open().say(body)

    def listen(self, wanted: Sequence[Wanted]) -> None:
        """Hear these topics besides, until the connection ends."""
        self._open().listen(wanted)

    def answer(self, name: str, body: bytes) -> None:
        """Answer a command, once."""
        self._open().answer(name, body)

    def disconnect(self, status: bytes | None = None) -> None:
        """End the connection, first leaving `status` behind."""
        network, self._network = self._network, None
        if network is not None and not network.close(status, _CLOSE_S):
            self._hung.append(network)

    def _open(self) -> Network:
        if self._network is None or not self._network.connected:
            raise BrokerUnreachable("not connected to the broker")
        return self._network

    def _dial(self) -> paho.Client:
        settings = self._settings
        properties = _properties(PacketTypes.CONNECT)
        # By the standard a will is told when its session ends, however long its delay. What is kept
        # for so long is never asked for: the next connection begins clean.
        properties.SessionExpiryInterval = settings.will_delay_s
        properties.MaximumPacketSize = _MAX_PACKET_BYTES
        client = self._new_client()
        try:
            client.connect(
                settings.host,
                settings.port,
                keepalive=settings.keepalive_s,
                clean_start=True,
                properties=properties,
            )
        except (OSError, ValueError) as error:
            raise BrokerUnreachable(
                f"no connection to {settings.host}:{settings.port}: {error}"
            ) from error
        return client

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
        client.on_socket_open = send_at_once
        # The courier keeps the window; paho must not hold events back behind one of its own.
        client.max_inflight_messages_set(0)
        if settings.tls:
            encrypt(client, settings)
        if settings.username is not None:
            password = settings.password.get_secret_value() if settings.password else None
            client.username_pw_set(settings.username, password)
        properties = _properties(PacketTypes.WILLMESSAGE)
        properties.WillDelayInterval = settings.will_delay_s
        client.will_set(
            f"{self._source}/status", self._will, qos=QOS, retain=True, properties=properties
        )
        return client


def _properties(packet_type: int) -> Properties:
    return Properties(packet_type)  # type: ignore[no-untyped-call]  # paho leaves it untyped


def encrypt(client: paho.Client, settings: Settings) -> None:
    """Have a client encrypt its connection, as the settings say.

    Raises:
        BrokerUnreachable: A file that they name cannot be used.
    """
    client.tls_set_context(context_of(settings))


def context_of(settings: Settings) -> ssl.SSLContext:
    """Return how a connection is encrypted: whom we believe, and how we prove who we are.

    Raises:
        BrokerUnreachable: A file that the settings name cannot be used.
    """
    try:
        what = f"ca_file = {str(settings.ca_file)!r}"
        context = ssl.create_default_context(cafile=settings.ca_file)
        if settings.cert_file is not None and settings.key_file is not None:
            what = f"cert_file = {str(settings.cert_file)!r} with key_file"
            context.load_cert_chain(settings.cert_file, settings.key_file)
    except OSError as error:
        # Python's own text names no file.
        raise BrokerUnreachable(f"{what} cannot be used: {error.strerror or error}") from error
    return context


def send_at_once(_client: paho.Client, _userdata: Any, wire: Any) -> None:
    """Let a window of small events leave without waiting for the answer to the first."""
    if isinstance(wire, socket.socket):
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def build(settings: Settings, source: str, will: bytes) -> MqttUplink:
    """Return the uplink; nothing is connected yet. `will` is the status left when we die."""
    return MqttUplink(settings, source, will)
