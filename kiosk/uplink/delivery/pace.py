"""How many events may leave a second: a fleet that drains after an outage must not flood anybody.

Pure: time comes in. What was not used is saved up to a small burst, so that a check-in at a door
where nothing waits leaves at once.
"""

from dataclasses import dataclass, field

DRAIN_HZ = 10.0
"""What holds where neither the settings nor the operator say anything else."""
BURST = 5.0
"""Events that may leave at once after a pause."""

_BURST_S = 0.1
"""A fast drain may send so much of a second at once: no thread turns for every event."""


@dataclass(slots=True)
class Pace:
    """Saves up `drain_hz` events a second; `told_hz`, where there is one, overrules it."""

    drain_hz: float = DRAIN_HZ
    told_hz: float | None = None
    at_s: float = 0.0
    saved: float = field(init=False)

    def __post_init__(self) -> None:
        self.saved = self.burst

    @property
    def hz(self) -> float:
        """The rate that holds."""
        return self.drain_hz if self.told_hz is None else self.told_hz

    @property
    def burst(self) -> float:
        """The most that is saved up."""
        return max(BURST, self.hz * _BURST_S)

    def room(self, now_s: float) -> int:
        """Return how many events may leave now.

        >>> pace = Pace(drain_hz=10)
        >>> pace.room(0), pace.spend(5), pace.room(0), pace.room(0.25)
        (5, None, 0, 2)
        """
        passed_s = max(0.0, now_s - self.at_s)
        self.at_s = now_s
        self.saved = min(self.burst, self.saved + passed_s * self.hz)
        return int(self.saved + 1e-9)

    def spend(self, count: int) -> None:
        """Note that so many have left."""
        self.saved -= count

    def wait_s(self) -> float:
        """Return how long it takes, from the last look at the room, until one may leave."""
        return max(0.0, (1.0 - self.saved) / self.hz)
