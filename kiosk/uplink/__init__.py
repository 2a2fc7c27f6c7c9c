"""Uplinks: how events leave. The file name is `[uplink] kind`.

An uplink is one module with a frozen `Settings` model, a class that keeps this contract, and
`build(settings, source, will) -> Uplink`. An uplink keeps no queue: the outbox is the only one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from kiosk.door.event import QueuedEvent


@dataclass(frozen=True, slots=True)
class Connected:
    """The broker accepted us; it takes at most `receive_maximum` events unacknowledged."""

    receive_maximum: int


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The connection ended or was refused; `why` is for a person."""

    why: str


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The broker's answer to the event `seq`: an MQTT v5 reason code (0 is success)."""

    seq: int
    code: int


Report = Connected | Disconnected | Acknowledged
Post = Callable[[Report], None]


class Uplink(Protocol):
    """One connection at a time, driven by the courier thread; reports come from any thread.

    Contract, held by `tests/contract/test_uplinks.py` for every adapter: `connect` reports exactly
    one `Connected` or `Disconnected`; every event sent while connected is `Acknowledged` or the
    connection reports `Disconnected`; nothing is kept from one connection to the next.
    """

    def connect(self, post: Post) -> None:
        """Start one attempt; its outcome and what follows come through `post`.

        Raises:
            DeliveryError: The attempt failed at once.
        """

    def send(self, event: QueuedEvent) -> None:
        """Send one event on the open connection.

        Raises:
            DeliveryError: There is none.
        """

    def send_status(self, body: bytes) -> None:
        """Replace the retained status.

        Raises:
            DeliveryError: There is no connection.
        """

    def disconnect(self, status: bytes | None = None) -> None:
        """End the connection, first leaving `status` behind. Never raises."""
