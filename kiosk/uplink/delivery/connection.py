"""When to connect, and when to give a connection up. Pure: time comes in, nothing is done here.

A connection changes its state by `TRANSITIONS` only; the documentation draws its diagram from it.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

BACKOFF_S = (1.0, 300.0)
"""Reconnect after a random part of a delay that doubles between these: a venue is back in seconds,
a fleet of doors not all at once."""
STEADY_S = 30.0
"""Only a connection that held for so long was a success: two kiosks with one name are each
accepted, and each throws the other off."""
CONNECT_PATIENCE_S = 30.0
"""An attempt without an end for so long is given up; the uplink itself gives up earlier, so that
only a network thread that hangs takes so long."""

_SHORTEST_S = 0.2


class Link(StrEnum):
    """What there is between the courier and the broker."""

    WAITING = "waiting"
    CONNECTING = "connecting"
    CONNECTED = "connected"


class Turn(StrEnum):
    """What changes it."""

    BEGUN = "pause is over"
    ACCEPTED = "broker accepts"
    ENDED = "refused, lost, or silent for 30 s"


TRANSITIONS: dict[tuple[Link, Turn], Link] = {
    (Link.WAITING, Turn.BEGUN): Link.CONNECTING,
    (Link.CONNECTING, Turn.ACCEPTED): Link.CONNECTED,
    (Link.CONNECTING, Turn.ENDED): Link.WAITING,
    (Link.CONNECTED, Turn.ENDED): Link.WAITING,
}
"""What is not here changes nothing: a late word of a connection that is over."""


def full_jitter_s(bounds_s: tuple[float, float], count: int, jitter: float) -> float:
    """Return a random part of a delay that doubles `count` times between its bounds.

    Full jitter spreads a fleet's return; the floor keeps one kiosk from spinning.

    >>> [full_jitter_s((1, 300), count, 1.0) for count in (0, 1, 5, 8, 9, 1000)]
    [1.0, 2.0, 32.0, 256.0, 300.0, 300.0]
    >>> full_jitter_s((1, 300), 9, 0.0)
    0.2
    """
    longest_s = min(bounds_s[1], bounds_s[0] * 2.0 ** min(count, 32))
    return max(_SHORTEST_S, longest_s * jitter)


@dataclass(slots=True)
class Connection:
    """One state, and when to try again; times in monotonic seconds, `jitter` returns 0 to 1."""

    jitter: Callable[[], float] = random.random
    link: Link = Link.WAITING
    since_s: float = 0.0
    connect_at_s: float = 0.0
    failures: int = 0

    def spread(self, now_s: float, over_s: float) -> None:
        """Wait a random part of `over_s` before the first attempt."""
        self.connect_at_s = now_s + over_s * self.jitter()

    def wants(self, now_s: float) -> bool:
        """Tell whether to try to connect now."""
        return self.link is Link.WAITING and now_s >= self.connect_at_s

    def overdue(self, now_s: float) -> bool:
        """Tell whether an attempt has no end for so long that none will come."""
        return self.link is Link.CONNECTING and now_s - self.since_s >= CONNECT_PATIENCE_S

    def turn(self, turn: Turn, now_s: float) -> bool:
        """Take a turn; tell whether it changed anything."""
        before = self.link
        after = TRANSITIONS.get((before, turn))
        if after is None:
            return False
        if after is Link.WAITING:
            if before is Link.CONNECTED and now_s - self.since_s >= STEADY_S:
                self.failures = 0
            self.connect_at_s = now_s + full_jitter_s(BACKOFF_S, self.failures, self.jitter())
            self.failures += 1
        self.link, self.since_s = after, now_s
        return True
