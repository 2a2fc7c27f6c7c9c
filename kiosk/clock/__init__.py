"""Clocks: what time it is, and whether that may be believed. The file name is `[clock] kind`."""

from typing import Protocol

from kiosk.door.event import BootClock, ClockReading


class Clock(Protocol):
    """Time for the kiosk process; any thread.

    Contract, held by `tests/contract/test_clocks.py` for every adapter: the monotonic clock never
    goes back and is never set, whatever happens to the wall clock; a time that nothing synchronised
    is told all the same and marked as not trusted; the boot id changes with each boot and only
    then.
    """

    def monotonic_s(self) -> float:
        """Return CLOCK_MONOTONIC in seconds: what the door's cues are stamped with."""

    def unix_s(self) -> float:
        """Return the wall clock in Unix seconds, believed or not."""

    def trusted(self) -> bool:
        """Tell whether something synchronised the wall clock since boot."""

    def read(self) -> ClockReading:
        """Return the reading that goes into an event."""

    def boot_clock(self) -> BootClock:
        """Return what this boot's monotonic clock means by the wall clock, the two read together.

        It means something only while the clock is trusted.
        """
