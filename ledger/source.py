"""Where messages come from: the port, and what goes through it.

The file name in `ledger/sources` is `[source] kind`. A source is one module with a frozen
`Settings` model, a class that keeps this contract, and `build(settings, limits) -> Source`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """One message as the broker delivered it.

    `receipt` is the source's own mark for it; 0 where the broker waits for no answer.
    """

    topic: str
    body: bytes = field(repr=False)
    receipt: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """What came in during one turn.

    `events` wait for `commit`; `statuses` and `said` do not. `said` are the acknowledgements that
    the broker retained from an earlier life of this ledger. `connection` tells the source whether
    the broker that delivered these still knows them.
    """

    events: Sequence[Message] = ()
    statuses: Sequence[Message] = ()
    said: Sequence[Message] = ()
    connection: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a batch may grow: so many events, or so many seconds since the first of them."""

    events: int = 500
    wait_s: float = 0.05


class Source(Protocol):
    """Events from a broker that keeps them until they are committed. One thread owns it.

    Contract, held by `tests/contract/test_ledger_sources.py` for every adapter: an event that was
    not committed comes again, on this connection's end or in the next life; one that was committed
    does not, unless the connection broke before the broker knew; more events may be under way than
    one batch holds, so that the next batch fills while this one is stored; what was told last is
    what somebody who asks later hears.
    """

    def open(self) -> None:
        """Start to receive; connections that are lost are made again without a word.

        Raises:
            SettingsError: The broker can never be used like this.
        """

    def batch(self) -> Batch:
        """Wait for events, at most for a moment, and return what there is.

        Raises:
            SettingsError: The broker can never be used like this.
        """

    def commit(self, batch: Batch) -> None:
        """Let the broker forget the events of `batch`: they are stored."""

    def tell(self, topic: str, body: bytes) -> None:
        """Replace what is retained at `topic`.

        Raises:
            SourceLost: There is no connection; tell it again later.
        """

    def be_present(self, *, online: bool) -> None:
        """Say whether events are stored here; also said whenever a connection is made."""

    def close(self) -> None:
        """Say that nobody stores any more, and end the connection. Never raises."""
