"""One command and its reply, over a broker that is asked for the kiosk's status first.

The status holds what a command needs: the nonce of the kiosk's present start, how long that start
lasts, and the highest counter that it took of this operator.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as paho
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from kiosk.commands.form import (
    Command,
    CommandName,
    command_topic,
    digest_of,
    payload_of,
    reply_topic,
)
from kiosk.commands.wire import CommandStatus, Reply, reply_in, status_in
from kiosk.lists.signed import kid_of
from kiosk.uplink.mqtt import Settings, send_at_once
from provisioning.errors import ProvisioningError
from provisioning.lists.making import signed
from provisioning.lists.publish import QUIET_S, Post

COUNTS_FOR_S = 60
"""So long after the status a command is taken: the kiosk itself holds to it, by its own clock."""
EXPIRY_S = 30
"""A broker that has not delivered it by then throws it away."""
_QOS = 1
_NOBODY = 0x10


@dataclass(frozen=True, slots=True)
class Orders:
    """What an operator says to each kiosk."""

    name: CommandName
    arguments: Mapping[str, str]
    key: Ed25519PrivateKey


class Exchange(Post):
    """A connection that is also answered, used as `with Exchange(settings) as exchange`."""

    def __init__(self, settings: Settings, patience_s: float, quiet_s: float = QUIET_S) -> None:
        super().__init__(settings, quiet_s)
        self._patience_s = patience_s
        self._heard: list[tuple[str, bytes]] = []
        self._codes: dict[int, int] = {}
        self._client.on_socket_open = send_at_once

    def ask(self, source: str, orders: Orders) -> tuple[Reply, float]:
        """Command one kiosk; return what it answers, and after how many seconds.

        Raises:
            ProvisioningError: It is not there, takes no command, or does not answer.
        """
        said, up_s = self._said(source)
        body = body_of(source, orders, said, up_s, time.time_ns() // 1000)
        topic = reply_topic(source, orders.name)
        self._listen(topic)
        sent_s = time.monotonic()
        self.send(command_topic(source, orders.name), body)
        reply = self._reply(topic, digest_of(body))
        return reply, time.monotonic() - sent_s

    def _said(self, source: str) -> tuple[CommandStatus, int]:
        raw = self.retained(f"{source}/status")
        status = None if raw is None else status_in(raw)
        if status is None:
            raise ProvisioningError("has no status on this broker: no such kiosk, or no right")
        if not status.online:
            raise ProvisioningError("is offline; nothing was sent")
        if status.commands is None:
            raise ProvisioningError("takes no command: its commands.signers names no key")
        return status.commands, status.uptime_s

    def _listen(self, topic: str) -> None:
        self._subscribed = False
        self._client.subscribe(topic, _QOS)
        self._wait(lambda: self._subscribed, "does not take a subscription")

    def send(self, topic: str, body: bytes) -> None:
        """Publish a command; nobody is waited for but the broker.

        Raises:
            ProvisioningError: The broker refused it, or nobody hears it.
        """
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho's own
        properties.MessageExpiryInterval = EXPIRY_S
        mid = self._client.publish(topic, body, _QOS, retain=False, properties=properties).mid
        self._wait(lambda: mid in self._codes or self._ended, "does not answer")
        if mid not in self._codes:
            raise ProvisioningError("the broker ended the connection; it may refuse commands")
        if self._codes[mid] == _NOBODY:
            raise ProvisioningError("does not listen: it has just gone, or may not read commands")
        if self._refused is not None:
            raise ProvisioningError(f"the broker refuses commands from this user: {self._refused}")

    def _reply(self, topic: str, digest: str) -> Reply:
        found: list[Reply] = []

        def is_there() -> bool:
            replies = [reply_in(body) for where, body in self._heard if where == topic]
            found[:] = [reply for reply in replies if reply is not None and reply.to == digest]
            return bool(found)

        with self._changed:
            if not self._changed.wait_for(is_there, self._patience_s):
                raise ProvisioningError(
                    f"did not answer within {self._patience_s:g} s: look at commands in its status"
                )
        return found[0]

    def _on_message(self, client: Any, userdata: Any, message: paho.MQTTMessage) -> None:
        if message.topic.endswith("/reply"):
            with self._changed:
                self._heard.append((message.topic, bytes(message.payload)))
                self._changed.notify_all()
            return
        super()._on_message(client, userdata, message)

    def _on_publish(self, client: Any, userdata: Any, mid: int, reason: Any, more: Any) -> None:
        self._codes[mid] = reason.value
        super()._on_publish(client, userdata, mid, reason, more)


def body_of(source: str, orders: Orders, said: CommandStatus, up_s: int, now_us: int) -> bytes:
    """Return the signed command to a kiosk that said this, `up_s` seconds after its start.

    The counter is the time `now_us`, in Unix microseconds, so that nobody has to keep one; a clock
    that was set back is made good by what the kiosk says that it took.
    """
    public = orders.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    highest = said.highest.get(kid_of(public).hex(), 0)
    command = Command(
        orders.name,
        source,
        bytes.fromhex(said.nonce),
        max(now_us, highest + 1),
        up_s + COUNTS_FOR_S,
        orders.arguments,
    )
    return signed(payload_of(command), orders.key)
