"""The machine's clock, believed only once something synchronised it.

A Pi without a battery starts in the past. systemd-timesyncd touches a file after the first
synchronisation since boot; where another daemon keeps time, `trust_file` names its sign.
Source: systemd-timesyncd.service(8), `/run/systemd/timesync/synchronized`.
"""

import time
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from kiosk.door.event import ClockReading, utc_of

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


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

    def read(self) -> ClockReading:
        """Return the reading that goes into an event."""
        return ClockReading(
            utc=utc_of(self.unix_s()),
            trusted=self._trust_file.exists(),
            boot=self._boot,
            mono_ns=time.monotonic_ns(),
        )


def build(settings: Settings) -> SystemClock:
    """Return the machine's clock."""
    return SystemClock(settings)
