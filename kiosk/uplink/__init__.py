"""Uplinks: how events leave. The file name is `[uplink] kind`.

An uplink is one module with a frozen `Settings` model, a class that keeps this contract, and
`build(settings, source, will) -> Uplink`. An uplink keeps no queue: the outbox is the only one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from kiosk.door.event import Acknowledgement, LedgerPresence, QueuedEvent


@dataclass(frozen=True, slots=True)
class Connected:
    """The broker accepted us; it takes at most `receive_maximum` events unacknowledged."""

    receive_maximum: int


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The connection ended or was refused; `why` is for a person."""

    why: str


STATUS_ROW = 0
"""Stands for the status where events have their row, which begins at 1."""


@dataclass(frozen=True, slots=True)
class Puback:
    """The broker's answer to the event at `row`, or to the status at `STATUS_ROW`.

    `code` is an MQTT v5 reason code; 0 is success.
    """

    row: int
    code: int


@dataclass(frozen=True, slots=True)
class LedgerSaid:
    """The ledger's word: what it has stored of this kiosk, or whether it is there at all."""

    word: Acknowledgement | LedgerPresence


@dataclass(frozen=True, slots=True)
class Wanted:
    """A topic to hear besides; a longer message is dropped, and `once` one message is enough.

    `commands`: the topic ends in a level `+`, and what comes there is `Commanded`, one after the
    other and not too fast.
    """

    topic: str
    max_bytes: int
    once: bool = False
    commands: bool = False


@dataclass(frozen=True, slots=True)
class Retained:
    """What came at a topic that was wanted, as it came: nobody has verified it."""

    topic: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Commanded:
    """What came at a command's topic, as it came: nobody has verified it.

    `name` is the topic's last level, `size` the bytes of all of it, of which `body` holds one more
    than are read at most. `dropped` came too fast before it.
    """

    name: str
    body: bytes = field(repr=False)
    size: int
    retained: bool
    dropped: int = 0


class Word(StrEnum):
    """What is said to a kiosk, by whom a person would look for it."""

    ACKNOWLEDGEMENT = "the ledger's acknowledgement"
    PRESENCE = "the ledger's presence"
    LIST = "the lists"
    COMMAND = "the commands"


@dataclass(frozen=True, slots=True)
class WordRefused:
    """A word came and cannot be used, or cannot be heard; `why` holds nothing of its content."""

    word: Word
    why: str


Report = Connected | Disconnected | Puback | LedgerSaid | WordRefused | Retained | Commanded
Post = Callable[[Report], None]


class Uplink(Protocol):
    """One connection at a time, driven by the courier thread; reports come from any thread.

    Contract, held by `tests/contract/test_uplinks.py` for every adapter: `connect` reports exactly
    one `Connected` or `Disconnected`; every event and every status sent while connected gets its
    `Puback` or the connection reports `Disconnected`; nothing is kept from one connection to the
    next; no call waits for the network for longer than a second.
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

    def listen(self, wanted: Sequence[Wanted]) -> None:
        """Hear these topics besides, until the connection ends; what comes is `Retained`.

        Raises:
            DeliveryError: There is no connection.
        """

    def answer(self, name: str, body: bytes) -> None:
        """Answer a command, once and not again: whoever misses it asks the status.

        Raises:
            DeliveryError: There is no connection.
        """

    def disconnect(self, status: bytes | None = None) -> None:
        """End the connection, first leaving `status` behind. Never raises."""
