"""Which faults there are, which row of the matrix holds which, and how the time is shared out.

Pure: seeds and minutes go in, a plan comes out. A control is the kiosk without one of its promises;
the fault that must break it stands in its row, and under other faults a control is not run.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import ceil

KIOSKS = 3
"""Doors in one row."""
ACTIVE_AT_ONCE = 3
"""Rows under fault at the same time; rows that only settle cost next to nothing."""
START_S = 6.0
"""What a row needs before its faults begin: a broker, a ledger and kiosks."""
SHORTEST_ACTIVE_S = 6.0
"""Below this no fault has time to strike."""
CONTROL_ACTIVE_S = 30.0
"""A control is under fault for so long at least; then until its fault had its chances."""
CONTROL_LONGEST_S = 300.0
"""Where a fault has not had its chances by then, the machine is too slow to tell."""
PATIENCE = 5.0
"""So many times longer than its share of the time may it take until ours has shown its events."""
CONTROL_QUIET_S = 75.0
"""A control that nothing came from for so long will bring nothing more. What is sent again goes out
after 30 s, and 60 s after that: a control that loses nothing must not be taken for one that does.
"""
LONGEST_SETTLE_S = 300.0
CONTROL_HZ = 600.0
"""Events a second before a control: it loses what is under way when a fault strikes, so that there
must be something under way."""


class Variant(StrEnum):
    """What delivers the check-ins."""

    OURS = "ours"
    PUBACK_DELETES = "puback-deletes"
    PAHO_QUEUE = "paho-queue"


class Fault(StrEnum):
    """One thing that goes wrong, at random moments."""

    KIOSK_KILLED = "kiosk killed"
    BROKER_KILLED = "broker killed"
    LEDGER_KILLED = "ledger killed"
    KIOSK_PAUSED = "kiosk paused"
    BROKER_PAUSED = "broker paused"
    LEDGER_PAUSED = "ledger paused"
    LEDGER_SLOW = "ledger slow"
    CUT = "connection cut"
    RECEIVE_MAXIMUM = "Receive Maximum enforced"
    WITHHELD = "PUBACK withheld"
    DELAYED = "PUBACK delayed"
    DOUBLED = "PUBACK doubled"
    NO_SUBSCRIBERS = "PUBACK 0x10"
    UNSPECIFIED = "PUBACK 0x80"
    NOT_AUTHORIZED = "PUBACK 0x87"
    QUOTA = "PUBACK 0x97"
    SWALLOWED = "PUBACK, then dropped"
    DISK_FULL = "disk full"
    CLOCK_JUMPS = "clock jumps"


REFUSALS = {
    Fault.NO_SUBSCRIBERS: 0x10,
    Fault.UNSPECIFIED: 0x80,
    Fault.NOT_AUTHORIZED: 0x87,
    Fault.QUOTA: 0x97,
}

EVERYTHING = "everything together"

_KILLS = 4.0
_ALL = 7.0
_WEIGHTS = {Fault.KIOSK_KILLED: _KILLS, Fault.BROKER_KILLED: _KILLS, Fault.LEDGER_KILLED: _KILLS}

BREAKS: dict[tuple[Variant, frozenset[Fault]], int] = {
    # A PUBACK that is late keeps paho's window full and its queue growing, on any machine.
    (Variant.PAHO_QUEUE, frozenset({Fault.KIOSK_KILLED, Fault.DELAYED})): 12,
    (Variant.PUBACK_DELETES, frozenset({Fault.BROKER_KILLED})): 8,
    (Variant.PUBACK_DELETES, frozenset({Fault.LEDGER_KILLED})): 1,
    (Variant.PUBACK_DELETES, frozenset({Fault.LEDGER_PAUSED})): 1,
    (Variant.PUBACK_DELETES, frozenset({Fault.LEDGER_SLOW})): 5,
    (Variant.PUBACK_DELETES, frozenset({Fault.SWALLOWED})): 20,
}
"""Which faults must break which control, and how many chances they need for it.

A chance is counted in events and never in seconds, so that it is the same on each machine: a kill
in the middle of traffic, a broker's queue that has overflown, a rest of a slow ledger in which more
came than it can work off, an event that was dropped.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One variant under some faults; `weight` is its share of the time and of the events.

    `chances`: so many must its faults have had before a control is judged by them.
    """

    variant: Variant
    name: str
    faults: frozenset[Fault]
    weight: float = 1.0
    chances: int = 0

    @property
    def kills_kiosks(self) -> bool:
        """Whether it is ours, and its kiosks are killed."""
        return not self.must_lose and Fault.KIOSK_KILLED in self.faults

    @property
    def must_lose(self) -> bool:
        """Whether this is a control."""
        return self.variant is not Variant.OURS

    @property
    def place(self) -> str:
        """A name for folders and topics: lower-case letters, digits and hyphens."""
        letters = "".join(c if c.isalnum() else "-" for c in f"{self.variant} {self.name}".lower())
        return "-".join(filter(None, letters.split("-")))


@dataclass(frozen=True, slots=True)
class Share:
    """How long a row is under fault, how long it may settle, and how many events it shows.

    On a slow machine it is under fault for longer, up to `longest_s`: ours until it has shown its
    events and had its kills, a control until its faults had their chances. A control that nothing
    came from for `quiet_s` will bring nothing more.
    """

    active_s: float
    settle_s: float
    events: int
    kills: int = 0
    quiet_s: float = CONTROL_QUIET_S
    longest_s: float = CONTROL_LONGEST_S

    def lasts_s(self, *, enough: bool) -> float:
        """Return how long the faults strike, as far as is known: was there enough of them?"""
        return self.active_s if enough else max(self.active_s, self.longest_s)


def matrix() -> tuple[Row, ...]:
    """Return all rows: ours under each fault and under all, and the controls.

    The longest come first, and controls before what is as long: they wait for longer afterwards.
    What breaks a control is played to ours too.
    """
    ours = [
        Row(Variant.OURS, fault.value, frozenset({fault}), _WEIGHTS.get(fault, 1.0))
        for fault in Fault
    ]
    ours += [Row(Variant.OURS, _name(each), each) for _, each in BREAKS if len(each) > 1]
    ours.append(Row(Variant.OURS, EVERYTHING, frozenset(Fault), _ALL))
    controls = [
        Row(variant, _name(faults), faults, chances=chances)
        for (variant, faults), chances in BREAKS.items()
    ]
    return tuple(sorted([*ours, *controls], key=lambda row: (-row.weight, not row.must_lose)))


def _name(faults: frozenset[Fault]) -> str:
    return ", ".join(fault.value for fault in Fault if fault in faults)


def shares(rows: tuple[Row, ...], minutes: float, events: int, kills: int = 0) -> dict[Row, Share]:
    """Share out the time, the events and the kills; each row gets its part by its weight.

    Of kills only rows in which kiosks are killed get a part: theirs are the frequent ones.

    >>> rows = matrix()
    >>> parts = shares(rows, 5, 20_000, 1000)
    >>> ours = [parts[row] for row in rows if not row.must_lose]
    >>> sum(part.events for part in ours) >= 20_000, sum(part.kills for part in ours) >= 1000
    (True, True)
    """
    whole_s = minutes * 60
    settle_s = min(LONGEST_SETTLE_S, max(110.0, whole_s * 0.25))
    # Long rows come first and settle while others are under fault.
    reserve_s = min(settle_s, 120.0)
    weights = [row.weight for row in rows if not row.must_lose]
    turns = max([sum(weights) / ACTIVE_AT_ONCE, *weights, 1.0])
    controls = len(rows) - len(weights)
    starts_s = (START_S * len(rows) + CONTROL_ACTIVE_S * controls) / ACTIVE_AT_ONCE
    a_turn_s = max(0.0, whole_s - reserve_s - starts_s) / turns
    ours = sum(weights)
    deadly = sum(row.weight for row in rows if row.kills_kiosks)
    parts = {}
    for row in rows:
        if row.must_lose:
            wanted = int(CONTROL_HZ * CONTROL_ACTIVE_S) + 1
            parts[row] = Share(CONTROL_ACTIVE_S, LONGEST_SETTLE_S, wanted)
        else:
            active_s = max(SHORTEST_ACTIVE_S, row.weight * a_turn_s)
            wanted = int(events * row.weight / ours) + 1
            dead = ceil(kills * row.weight / deadly) if row.kills_kiosks else 0
            parts[row] = Share(active_s, settle_s, wanted, dead, longest_s=PATIENCE * active_s)
    return parts
