"""A clock that moves only when told to: tests of hours take no time."""

from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from kiosk.door.event import BootClock, ClockReading, utc_of


class Settings(BaseModel):
    """When the clock starts, and in which boot."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: AwareDatetime = Field(
        default=datetime.fromisoformat("2021-08-14T01:00:00+00:00"),
        description="The UTC time at the start.",
    )
    trusted: bool = Field(default=True, description="Whether readings say that they are right.")
    boot: str = Field(
        default="00000000-0000-4000-8000-000000000000", description="The boot id of its readings."
    )


class ManualClock:
    """Both clocks advance together, by `advance` only; `jump` sets the wall clock alone."""

    def __init__(self, settings: Settings) -> None:
        self._start_unix_s = settings.start.timestamp()
        self._now_s = 0.0
        self._trusted = settings.trusted
        self._boot = settings.boot

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self._now_s += seconds

    def jump(self, seconds: float) -> None:
        """Set the wall clock forward, or back where `seconds` is negative; no time passes."""
        self._start_unix_s += seconds

    def synchronise(self, utc: datetime) -> None:
        """Set the wall clock right and be trusted from now on; no time passes."""
        self._start_unix_s = utc.timestamp() - self._now_s
        self._trusted = True

    def monotonic_s(self) -> float:
        """Return seconds since the start."""
        return self._now_s

    def unix_s(self) -> float:
        """Return the wall clock in Unix seconds."""
        return self._start_unix_s + self._now_s

    def trusted(self) -> bool:
        """Tell whether it was synchronised, or was told to be right from the start."""
        return self._trusted

    def read(self) -> ClockReading:
        """Return the reading that goes into an event."""
        return ClockReading(
            utc=utc_of(self.unix_s()),
            trusted=self._trusted,
            boot=self._boot,
            mono_ns=round(self._now_s * 1e9),
        )

    def boot_clock(self) -> BootClock:
        """Return what this boot's monotonic clock means by the wall clock."""
        return BootClock(boot=self._boot, offset_ns=round(self._start_unix_s * 1e9))


def build(settings: Settings) -> ManualClock:
    """Return the clock, standing at its start."""
    return ManualClock(settings)
