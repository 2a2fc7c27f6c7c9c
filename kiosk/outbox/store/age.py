"""An outbox's age: seconds that it has lived, told without a clock that can be believed.

A Pi has no clock of its own, so rows do not expire by the date. Within a boot the age follows the
monotonic clock and nothing else; what passed while the kiosk was off is added once UTC is trusted.
"""

from dataclasses import dataclass, replace

from kiosk.door.event import ClockReading

LEAP_MAX_S = 7 * 86400.0
"""The most that one boot adds for the time before it. A trusted clock can be wrong by years (a
spoofed time server); half of the shortest useful retention keeps such a year from ending that of
everything at once. A kiosk that was off for longer keeps handles so much longer instead."""


@dataclass(frozen=True, slots=True)
class Age:
    """How old, at which reading, and the last trusted time with the age and the boot of that time.

    `known_utc_s` is Unix time; None while no clock was ever trusted.
    """

    age_s: float = 0.0
    boot: str = ""
    mono_ns: int = 0
    known_utc_s: float | None = None
    known_age_s: float = 0.0
    known_boot: str = ""


def advanced(age: Age, now: ClockReading) -> Age:
    """Return the age at `now`; it never gets less, and an older reading changes nothing.

    >>> from datetime import UTC, datetime
    >>> def at(boot, mono_s, day=None):
    ...     utc = datetime(2024, 1, day or 1, tzinfo=UTC)
    ...     return ClockReading(utc=utc, trusted=day is not None, boot=boot, mono_ns=mono_s * 10**9)
    >>> age = advanced(advanced(Age(), at("a", 5)), at("a", 65, day=1))
    >>> age.age_s
    60.0
    >>> advanced(age, at("b", 3)).age_s, advanced(age, at("b", 3, day=2)).age_s
    (60.0, 86460.0)
    >>> advanced(age, at("b", 3, day=30)).age_s == 60.0 + LEAP_MAX_S
    True
    """
    age_s = age.age_s
    if now.boot == age.boot:
        if now.mono_ns < age.mono_ns:
            return age
        age_s += (now.mono_ns - age.mono_ns) / 1e9
    moved = replace(age, age_s=age_s, boot=now.boot, mono_ns=now.mono_ns)
    if not now.trusted:
        return moved
    utc_s = now.utc.timestamp()
    if age.known_utc_s is not None and age.known_boot != now.boot:
        # What UTC says less what monotonic clocks have counted since: the time switched off.
        missed_s = (utc_s - age.known_utc_s) - (age_s - age.known_age_s)
        age_s += min(max(0.0, missed_s), LEAP_MAX_S)
    return replace(moved, age_s=age_s, known_utc_s=utc_s, known_age_s=age_s, known_boot=now.boot)
