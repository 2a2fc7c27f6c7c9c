"""Where events lie: the port, what goes through it, and which storage an address names.

An address is that of a database: `sqlite:////var/lib/...` or `postgresql://...`. Both keep the same
contract and the same tables (`tables`, made by `migrations`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ledger.numbers import Gap
from ledger.reading import Received, Unread
from ledger.source import Message

CONFLICT = "its number is stored with other bytes"
"""Why a message is raw whose number is stored."""


@dataclass(frozen=True, slots=True)
class NewEpoch:
    """A kiosk began a new series: its card was replaced. `gaps_left`: numbers missing before."""

    source: str
    epoch: str
    before: str
    before_upto: int
    gaps_left: int


@dataclass(frozen=True, slots=True)
class EpochsAlternate:
    """A kiosk's numbers grow in two series by turns: two devices may use one name."""

    source: str
    switches: int


@dataclass(frozen=True, slots=True)
class Conflict:
    """A number that is stored came again with other bytes; those were stored raw."""

    source: str
    epoch: str
    seq: int


News = NewEpoch | EpochsAlternate | Conflict


@dataclass(frozen=True, slots=True)
class Stored:
    """What one batch changed. `touched` are the kiosks that must be told."""

    fresh: int = 0
    repeated: int = 0
    unread: int = 0
    touched: frozenset[str] = frozenset()
    news: tuple[News, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenGap:
    """Numbers that are missing, and since when (Unix microseconds)."""

    source: str
    epoch: str
    gap: Gap
    noticed_us: int


@dataclass(frozen=True, slots=True)
class Told:
    """What one kiosk is to be told: for each of its newest epochs what is stored without a gap."""

    source: str
    epochs: dict[str, int] = field(default_factory=dict)


class Storage(Protocol):
    """Events, each exactly once. One object belongs to one thread; several processes may work.

    Contract, held by `tests/contract/test_ledger_storages.py` for each: what `store` returned
    survives a power cut, whole; what raised has changed nothing; a number is stored once, whoever
    brings it how often, and bytes that were stored never change, but for `expire`, which blanks the
    person in them; `acknowledgements` never names a number below which one is missing.

    Every method raises `StorageError` when the storage cannot be used.
    """

    def store(self, received: Sequence[Received | Unread], now_us: int) -> Stored:
        """Store what is new of `received`, in one transaction.

        Raises:
            RowRefused: Something in it can never be stored.
        """

    def acknowledgements(self, sources: Sequence[str]) -> list[Told]:
        """Return what these kiosks are to be told, and remember that they were told so."""

    def keep_statuses(self, statuses: Sequence[Message], now_us: int) -> frozenset[str]:
        """Keep the last status of each kiosk; return the kiosks that were born since the last."""

    def gaps_to_tell(self, noticed_before_us: int) -> list[OpenGap]:
        """Return gaps that are older than that and were not returned before, a bounded number."""

    def correct(self, limit: int) -> bool:
        """Give times to events of boots whose clock is known by now; True: more is left to do."""

    def expire(self, before_us: int, limit: int) -> bool:
        """Blank the person in events that came in before, a bounded number; True: more is left.

        Their numbers stay, so that nothing is missing.
        """

    def expect(self, said: Mapping[str, Mapping[str, int]], now_us: int) -> list[OpenGap]:
        """Count as missing what was acknowledged once, by source and epoch, and is not stored.

        Returns the gaps that this opened, and those that were open below such a number.
        """

    def owed(self) -> list[str]:
        """Return kiosks that were told more than is stored, or that somebody wants told again."""

    def close(self) -> None:
        """Release connections. Never raises."""
