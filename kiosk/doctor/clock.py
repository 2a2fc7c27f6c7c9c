"""The clock: is it synchronised, can it be right, and does it survive a power cut?

A wrong clock harms most where a key period or a card's validity is judged by it, so it is held
against everything here that carries a time of its own: it cannot be earlier than that.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from kiosk.clock import Clock
from kiosk.doctor import Diagnosis, Mark, Observation, fine
from kiosk.doctor.machine import Machine

SLACK_S = 300.0
RTC_WRONG_S = 120.0

NOT_TRUSTED = Diagnosis(
    "clock.not-synchronised",
    Mark.WARNING,
    "nothing has set the clock since boot: events carry trusted=false",
    "timedatectl; sudo timedatectl set-ntp true; with another daemon than timesyncd set "
    "clock.trust_file",
)
WRONG = Diagnosis(
    "clock.wrong",
    Mark.FAULT,
    "the clock is earlier than something that has happened already",
    "connect the network until timedatectl says synchronized, or: sudo timedatectl set-ntp false; "
    "sudo timedatectl set-time 'YYYY-MM-DD HH:MM:SS'",
)
RTC_WRONG = Diagnosis(
    "clock.battery",
    Mark.WARNING,
    "the clock with a battery tells another time than the synchronised one",
    "sudo hwclock --systohc; if it is wrong again after a power cut, replace its battery",
)


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that has happened: what, and when (Unix seconds)."""

    what: str
    unix_s: float


class ClockCheck:
    """The wall clock, held against what `happened`."""

    name = "clock"
    after: tuple[str, ...] = ()

    def __init__(self, clock: Clock, happened: Sequence[Happened], machine: Machine) -> None:
        self._clock = clock
        self._happened = happened
        self._machine = machine

    def __call__(self) -> Iterable[Observation]:
        """Judge the clock."""
        now_s, trusted = self._clock.unix_s(), self._clock.trusted()
        what = f"{_utc(now_s)}, {'synchronised' if trusted else 'not synchronised since boot'}"
        last = max(self._happened, key=lambda each: each.unix_s, default=None)
        rtc_s = self._machine.number("sys/class/rtc/rtc0/since_epoch")
        if last is not None and last.unix_s > now_s + SLACK_S:
            yield WRONG.found(f"{what}; {last.what} is of {_utc(last.unix_s)}")
        elif not trusted:
            yield NOT_TRUSTED.found(what)
        elif rtc_s is not None and abs(rtc_s - now_s) > RTC_WRONG_S:
            yield RTC_WRONG.found(f"{what}; the battery's clock says {_utc(rtc_s)}")
        else:
            battery = "no clock with a battery" if rtc_s is None else "the battery's clock agrees"
            yield fine(self.name, f"{what}; {battery}")


def _utc(unix_s: float) -> str:
    try:
        return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (OverflowError, ValueError, OSError):
        return "a time beyond every calendar"
