"""Readings of a kiosk's clock, days ahead: time that passes for an outbox without passing here."""

from datetime import timedelta

from kiosk.door.event import CheckIn, ClockReading
from tests.parts.check_ins import check_in

DAY_S = 86400.0
_FIRST = check_in(0).clock


def reading(
    after_s: float, *, boot: str = _FIRST.boot, trusted: bool = True, skewed_s: float = 0.0
) -> ClockReading:
    """Return a reading so long after the first check-in's; UTC is wrong by `skewed_s`.

    `boot` counts its own monotonic time from there too.
    """
    return ClockReading(
        utc=_FIRST.utc + timedelta(seconds=after_s + skewed_s),
        trusted=trusted,
        boot=boot,
        mono_ns=int(after_s * 1e9),
    )


def check_in_at(number: int, now: ClockReading) -> CheckIn:
    """Return the check-in of the person `number`, read from the clock at `now`."""
    return check_in(number).model_copy(update={"clock": now, "sealed": f"sealed-{number}"})
