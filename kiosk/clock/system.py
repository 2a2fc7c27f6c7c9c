"""The machine's clock, believed only once something synchronised it.

A Pi without a battery starts in the past. systemd-timesyncd touches a file after the first
synchronisation since boot; where another daemon keeps time, `trust_file` names its sign.
Source: systemd-timesyncd.service(8), `/run/systemd/timesync/synchronized`.
"""

import time
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from kiosk.door.event import BootClock, ClockReading, utc_of

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_OFFSET_READINGS = 5


class Settings(BaseModel):
    """What tells that the clock is right."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trust_file: Path = Field(
        default=Path("/run/systemd/timesync/synchronized"),
        description="The clock is believed once this file exists.",
    )


class SystemClock:
    """CLOCK_REALTIME and CLOCK_MONOTONIC of this boot; any thread."""

    def __init__(self, settings: Settings) -> None:
        self._trust_file = settings.trust_file
        self._boot = _BOOT_ID.read_text("ascii").strip()

    def monotonic_s(self) -> float:
        """Return CLOCK_MONOTONIC in seconds."""
        return time.monotonic()

    def unix_s(self) -> float:
        """Return the wall clock in Unix seconds, believed or not."""
        return time.time()

    def trusted(self) -> bool:
        """Tell whether the sign of a synchronisation is there."""
        return self._trust_file.exists()

    def read(self) -> ClockReading:
        """Return the reading that goes into an event."""
        # Asked first: a time that was set between the two must not be called right.
        trusted = self.trusted()
        return ClockReading(
            utc=utc_of(self.unix_s()),
            trusted=trusted,
            boot=self._boot,
            mono_ns=time.monotonic_ns(),
        )

    def boot_clock(self) -> BootClock:
        """Return what this boot's monotonic clock means by the wall clock, to about 1 µs.

        The wall clock is read between two readings of the monotonic clock, and the narrowest of a
        few such pairs counts: another process may run in between.
        """
        _, offset_ns = min(_offset_ns() for _ in range(_OFFSET_READINGS))
        return BootClock(boot=self._boot, offset_ns=offset_ns)


def _offset_ns() -> tuple[int, int]:
    """Return how far apart the readings were, and wall clock less monotonic clock."""
    before_ns = time.monotonic_ns()
    unix_ns = time.time_ns()
    after_ns = time.monotonic_ns()
    return after_ns - before_ns, unix_ns - (before_ns + after_ns) // 2


def build(settings: Settings) -> SystemClock:
    """Return the machine's clock."""
    return SystemClock(settings)
