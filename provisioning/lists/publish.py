"""Lists onto a broker, where it retains them: changed shards first, the manifest last.

A kiosk asks for a shard only after it has seen a manifest that names it, so whoever is cut off here
leaves the doors with the list before. What no manifest names any more is cleared at the end.
"""

import threading
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from pydantic import ValidationError

from kiosk.errors import DeliveryError, ListError
from kiosk.lists.form import manifest_topic, shard_topic
from kiosk.lists.manifest import Manifest, said
from kiosk.uplink.mqtt import Settings, encrypt
from provisioning.errors import ProvisioningError
from provisioning.lists.making import Made

PATIENCE_S = 30.0
"""For each answer of the broker."""
QUIET_S = 2.0
"""A broker that retains no manifest says nothing; after so long it is believed to have none."""
_QOS = 1
_KEEPALIVE_S = 30


def broker_in(path: Path) -> Settings:
    """Return which broker a TOML file names, and how it is reached.

    It holds what a kiosk's `[uplink]` holds, in that section or at the top.

    Raises:
        ProvisioningError: It cannot be read, or names none.
    """
    try:
        found = tomllib.loads(path.read_text("utf-8"))
        values = found.get("uplink", found)
        return Settings.model_validate({k: v for k, v in values.items() if k != "kind"})
    except OSError as error:
        raise ProvisioningError(f"{path}: cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_context=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise ProvisioningError(f"{path}: {where}: {first['msg']}") from None
    except (ValueError, AttributeError):
        raise ProvisioningError(f"{path}: no TOML of a broker") from None


class Post:
    """A connection to a broker, used as `with Post(settings) as post`."""

    def __init__(self, settings: Settings, quiet_s: float = QUIET_S) -> None:
        self._settings = settings
        self._quiet_s = quiet_s
        self._changed = threading.Condition()
        self._connected: str | None = None
        self._subscribed = False
        self._retained: dict[str, bytes] = {}
        self._answered: set[int] = set()
        self._refused: str | None = None
        self._ended = False
        self._client = client = paho.Client(
            CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5, reconnect_on_failure=False
        )
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_disconnect = self._on_disconnect

    def __enter__(self) -> Self:
        settings, client = self._settings, self._client
        if settings.username is not None:
            password = settings.password.get_secret_value() if settings.password else None
            client.username_pw_set(settings.username, password)
        try:
            if settings.tls:
                encrypt(client, settings)
            client.connect(settings.host, settings.port, _KEEPALIVE_S)
        except (OSError, ValueError, DeliveryError) as error:
            where = f"{settings.host}:{settings.port}"
            raise ProvisioningError(f"no connection to {where}: {error}") from None
        client.loop_start()
        self._wait(lambda: self._connected is not None, "does not answer")
        if self._connected:
            self.__exit__()
            raise ProvisioningError(f"the broker refused the connection: {self._connected}")
        return self

    def __exit__(self, *_: object) -> None:
        client = self._client
        client.disconnect()
        client.loop_stop()
        # Nothing may hold the client but we: in a circle, its sockets are collected before it is.
        client.on_connect = client.on_subscribe = client.on_message = None
        client.on_publish = client.on_disconnect = None

    def retained(self, topic: str) -> bytes | None:
        """Return what the broker retains at a topic; None: nothing that it says in time."""
        self._subscribed = False
        self._client.subscribe(topic, _QOS)
        self._wait(lambda: self._subscribed, "does not take a subscription")
        with self._changed:
            self._changed.wait_for(lambda: topic in self._retained, self._quiet_s)
            return self._retained.pop(topic, None)

    def put(self, messages: dict[str, bytes]) -> None:
        """Have all of these retained; an empty one clears its topic.

        Raises:
            ProvisioningError: The broker refused one, or did not answer.
        """
        sent = {
            self._client.publish(topic, body, _QOS, retain=True).mid
            for topic, body in messages.items()
        }
        while waiting := sent - self._answered:
            # Patience is for one answer and not for all of them: the line may be slow.
            self._wait(lambda: bool(self._answered & waiting) or self._ended, "does not answer")
            if self._refused is not None:
                raise ProvisioningError(f"the broker refuses lists: {self._refused}")
            if self._ended:
                # Its answer may be lost with the connection, where it closes while we still send.
                raise ProvisioningError(
                    "the broker ended the connection; it may refuse lists from this user"
                )

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        with self._changed:
            if self._changed.wait_for(condition, PATIENCE_S):
                return
        self.__exit__()
        raise ProvisioningError(f"the broker {what}")

    def _on_connect(self, _c: Any, _u: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        with self._changed:
            self._connected = str(reason) if reason.is_failure else ""
            self._changed.notify_all()

    def _on_subscribe(self, _c: Any, _u: Any, _mid: int, _reasons: Any, _properties: Any) -> None:
        with self._changed:
            self._subscribed = True
            self._changed.notify_all()

    def _on_message(self, _client: Any, _userdata: Any, message: paho.MQTTMessage) -> None:
        with self._changed:
            self._retained[message.topic] = bytes(message.payload)
            self._changed.notify_all()

    def _on_publish(self, _c: Any, _u: Any, mid: int, reason: Any, _properties: Any) -> None:
        with self._changed:
            self._answered.add(mid)
            if reason.is_failure:
                self._refused = str(reason)
            self._changed.notify_all()

    def _on_disconnect(self, *_: Any) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()


def publish(post: Post, made: Made, *, everything: bool = False) -> int | None:
    """Put a list on the broker; return how many shards went there, None where it has this list.

    Raises:
        ProvisioningError: The broker has a newer one, or did not take it.
    """
    name, site = made.manifest.name, made.manifest.site
    topic = manifest_topic(name, site)
    before = _before(post.retained(topic), made, everything=everything)
    if before is not None and before == made.manifest:
        return None
    known = before.shards if before is not None and not everything else {}
    changed = [f for f, digest in made.manifest.shards.items() if known.get(f) != digest]
    post.put({shard_topic(name, site, first): made.shards[first] for first in changed})
    post.put({topic: made.raw})
    gone = before.shards.keys() - made.manifest.shards.keys() if before is not None else set()
    post.put({shard_topic(name, site, first): b"" for first in sorted(gone)})
    return len(changed)


def _before(raw: bytes | None, made: Made, *, everything: bool) -> Manifest | None:
    """Return what the broker says that it has; whoever is told that is not deceived for long."""
    if not raw:
        return None
    try:
        before = said(raw)
    except ListError:
        # Somebody's mistake lies there: it is replaced, with all shards.
        return None
    if before.version > made.manifest.version:
        raise ProvisioningError(
            f"{made.manifest.name}: the broker has version {before.version}, above "
            f"{made.manifest.version}; make the list again"
        )
    if raw == made.raw:
        return None if everything else made.manifest
    return before
