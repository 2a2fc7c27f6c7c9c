"""Clocks: what time it is, and whether that may be believed. The file name is `[clock] kind`."""

from typing import Protocol

from kiosk.door.event import ClockReading


class Clock(Protocol):
    """Time for the kiosk process; any thread."""

    def monotonic_s(self) -> float:
        """Return CLOCK_MONOTONIC in seconds: what the door's cues are stamped with."""

    def unix_s(self) -> float:
        """Return the wall clock in Unix seconds, believed or not."""

    def read(self) -> ClockReading:
        """Return the reading that goes into an event."""
