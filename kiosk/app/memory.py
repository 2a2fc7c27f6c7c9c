"""Who passed before, carried over restarts whatever the clock says.

The door counts in monotonic seconds, which a wall clock that is set cannot disturb; a monotonic
clock means nothing in the next boot, so the disk holds Unix seconds and local days. Between the two
stands a Pi without a battery, which may boot in 1970 and learn the time an hour later or never. So:

- Times are written only by a trusted clock. What happened under another is written as `UNKNOWN_S`
  and `UNKNOWN_DAY`: no time is better than an invented one.
- A boot whose clock is not trusted yet believes that everybody on the disk passed just now. A short
  power cut then turns nobody's way around, and nobody is believed to stay for longer than
  `stay_max_s` after it. Once the clock is right, known times count again.
- A time in the future (the clock was wrong when it was written) counts as just now.

With an event only what it changed is written. The rest that the disk does not hold as the door does
is `late`, and is written when nobody waits.
"""

from collections.abc import Iterable

from kiosk.clock import Clock
from kiosk.door.hours import DAY_S
from kiosk.door.passage import Memory, Passage, Visits
from kiosk.outbox import Memory as Stored
from kiosk.outbox import MemoryChange, StoredPassage, StoredVisits

UNKNOWN_S = 0.0
"""Passed while no clock was right."""
UNKNOWN_DAY = 0
LATE_AT_ONCE = 500
_SAME_BASE_S = 1.0


class Recollection:
    """Turns what the door remembers into what the disk holds, and back; main thread only."""

    def __init__(self, clock: Clock, utc_offset_s: float) -> None:
        self._clock = clock
        self._utc_offset_s = utc_offset_s
        self._base_s: float | None = None
        self._recalled = Stored()
        self._recalled_s: float | None = None
        self._late: set[str] = set()

    def recall(self, stored: Stored) -> Memory:
        """Return, in monotonic seconds, what is on the disk."""
        now_s = self._clock.monotonic_s()
        if self._clock.trusted():
            self._base_s = self._clock.unix_s() - now_s
            return Memory(
                {mark: self._passage(each, now_s) for mark, each in stored.passages.items()},
                {mark: self._visits(each, now_s) for mark, each in stored.visits.items()},
            )
        self._recalled, self._recalled_s = stored, now_s
        return Memory(
            {mark: Passage(p.direction, now_s) for mark, p in stored.passages.items()},
            {
                mark: Visits((now_s,) * sum(v.counts.values()), v.days)
                for mark, v in stored.visits.items()
            },
        )

    def settle(self, memory: Memory) -> Memory:
        """Return the same once the clock is right: known times count again."""
        now_s, since_s, recalled = self._clock.monotonic_s(), self._recalled_s, self._recalled
        self._base_s = self._clock.unix_s() - now_s
        # What this boot wrote while it knew no time can be written with it now.
        self._late |= memory.passages.keys() | memory.visits.keys()
        if since_s is None:
            return memory
        self._recalled, self._recalled_s = Stored(), None
        return Memory(
            {
                mark: self._passage(recalled.passages[mark], now_s, before=each)
                if each.at_s == since_s and mark in recalled.passages
                else each
                for mark, each in memory.passages.items()
            },
            {
                mark: self._settled(each, recalled.visits[mark], since_s, now_s)
                if mark in recalled.visits
                else each
                for mark, each in memory.visits.items()
            },
        )

    def change(self, memory: Memory, marks: Iterable[str]) -> MemoryChange:
        """Return what the disk is to hold of these marks."""
        base_s = self._told_base_s(memory)
        passages: dict[str, StoredPassage | None] = {}
        visits: dict[str, StoredVisits | None] = {}
        for mark in marks:
            passage, visited = memory.passages.get(mark), memory.visits.get(mark)
            passages[mark] = self._stored(mark, passage, base_s) if passage else None
            visits[mark] = self._stored_visits(mark, visited, base_s) if visited else None
        return MemoryChange(passages, visits)

    def be_late(self, marks: Iterable[str]) -> None:
        """Note that the disk does not hold these as the door does."""
        self._late |= set(marks)

    def late(self, memory: Memory) -> MemoryChange | None:
        """Return the next part of what is to be written when nobody waits; None: nothing."""
        self._told_base_s(memory)
        if not self._late:
            return None
        return self.change(memory, sorted(self._late)[:LATE_AT_ONCE])

    def written(self, change: MemoryChange) -> None:
        """Note that the disk holds this now."""
        self._late -= change.passages.keys()

    def _told_base_s(self, memory: Memory) -> float | None:
        """Return what turns monotonic into Unix seconds; None while no clock is trusted.

        The same number while the clock only drifts. One that was set makes every time on the disk
        another one.
        """
        if not self._clock.trusted():
            return None
        base_s = self._clock.unix_s() - self._clock.monotonic_s()
        if self._base_s is None or abs(base_s - self._base_s) > _SAME_BASE_S:
            self._base_s = base_s
            self._late |= memory.passages.keys() | memory.visits.keys()
        return self._base_s

    def _stored(self, mark: str, passage: Passage, base_s: float | None) -> StoredPassage:
        if base_s is not None:
            return StoredPassage(passage.direction, base_s + passage.at_s)
        if passage.at_s == self._recalled_s and mark in self._recalled.passages:
            return self._recalled.passages[mark]
        return StoredPassage(passage.direction, UNKNOWN_S)

    def _stored_visits(self, mark: str, visits: Visits, base_s: float | None) -> StoredVisits:
        counts: dict[int, int] = {}
        recalled = self._recalled.visits.get(mark)
        if base_s is None and recalled is not None and self._recalled_s in visits.times_s:
            counts.update(recalled.counts)
        for time_s in visits.times_s:
            if base_s is not None:
                day = self._day(base_s + time_s)
            elif time_s == self._recalled_s:
                continue
            else:
                day = UNKNOWN_DAY
            counts[day] = counts.get(day, 0) + 1
        return StoredVisits(visits.days, counts)

    def _day(self, unix_s: float) -> int:
        return int((unix_s + self._utc_offset_s) // DAY_S)

    def _passage(
        self, stored: StoredPassage, now_s: float, before: Passage | None = None
    ) -> Passage:
        if stored.since_unix_s == UNKNOWN_S:
            return before or Passage(stored.direction, now_s)
        passed_s = max(0.0, self._clock.unix_s() - stored.since_unix_s)
        return Passage(stored.direction, now_s - passed_s)

    def _visits(self, stored: StoredVisits, now_s: float) -> Visits:
        """Return visits at the noons of their days: small corrections of a clock change no day."""
        ahead_s = self._clock.unix_s() + self._utc_offset_s - now_s
        times_s: list[float] = []
        for day, count in sorted(stored.counts.items()):
            noon_s = (day + 0.5) * DAY_S - ahead_s
            times_s += [now_s if day == UNKNOWN_DAY else min(now_s, noon_s)] * count
        return Visits(tuple(sorted(times_s)), stored.days)

    def _settled(
        self, visits: Visits, recalled: StoredVisits, since_s: float, now_s: float
    ) -> Visits:
        known = StoredVisits(
            recalled.days, {d: n for d, n in recalled.counts.items() if d != UNKNOWN_DAY}
        )
        unknown = recalled.counts.get(UNKNOWN_DAY, 0)
        since = [time_s for time_s in visits.times_s if time_s != since_s]
        times_s = [*self._visits(known, now_s).times_s, *(since_s,) * unknown, *since]
        return Visits(tuple(sorted(times_s)), visits.days)
