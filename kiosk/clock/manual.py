"""A clock that moves only when told to: tests of hours take no time."""

from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from kiosk.door.event import ClockReading, utc_of


class Settings(BaseModel):
    """When the clock starts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: AwareDatetime = Field(
        default=datetime.fromisoformat("2021-08-14T01:00:00+00:00"),
        description="The UTC time at the start.",
    )
    trusted: bool = Field(default=True, description="Whether readings say that they are right.")


class ManualClock:
    """Both clocks advance together, by `advance` only."""

    def __init__(self, settings: Settings) -> None:
        self._start_unix_s = settings.start.timestamp()
        self._now_s = 0.0
        self.trusted = settings.trusted

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self._now_s += seconds

    def monotonic_s(self) -> float:
        """Return seconds since the start."""
        return self._now_s

    def unix_s(self) -> float:
        """Return the wall clock in Unix seconds."""
        return self._start_unix_s + self._now_s

    def read(self) -> ClockReading:
        """Return the reading that goes into an event."""
        return ClockReading(
            utc=utc_of(self.unix_s()),
            trusted=self.trusted,
            boot="00000000-0000-4000-8000-000000000000",
            mono_ns=round(self._now_s * 1e9),
        )


def build(settings: Settings) -> ManualClock:
    """Return the clock, standing at its start."""
    return ManualClock(settings)
