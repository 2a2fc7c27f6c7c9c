"""Who is inside a toggling door, carried over restarts whatever the clock says.

The door counts in monotonic seconds, which a wall clock that is set cannot disturb; a monotonic
clock means nothing in the next boot, so the disk holds Unix seconds. Between the two stands a Pi
without a battery, which may boot in 1970 and learn the time an hour later or never. So:

- Unix seconds are written only by a trusted clock. What came in under another is written as
  `UNKNOWN_S`: no time is better than an invented one.
- A boot whose clock is not trusted yet believes that everybody on the disk came in just now. A
  short power cut then turns nobody's way around, and nobody is believed to stay for longer than
  `stay_max_s` after it. Once the clock is right, known times count again.
- A time in the future (the clock was wrong when it was written) counts as just now.
"""

from collections.abc import Mapping

from kiosk.clock import Clock

UNKNOWN_S = 0.0
"""Came in while no clock was right."""
_SAME_BASE_S = 1.0


class Inside:
    """Turns monotonic seconds into what the disk holds, and back; main thread only."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._base_s: float | None = None
        self._recalled: dict[str, float] = {}
        self._recalled_s = 0.0

    def recall(self, stored: Mapping[str, float]) -> dict[str, float]:
        """Return, in monotonic seconds, since when those on the disk are inside."""
        now_s = self._clock.monotonic_s()
        if not self._clock.trusted():
            self._recalled_s = now_s
            self._recalled = {m: since_s for m, since_s in stored.items() if since_s != UNKNOWN_S}
            return dict.fromkeys(stored, now_s)
        return {mark: self._since_s(since_s, now_s) for mark, since_s in stored.items()}

    def settle(self, inside: Mapping[str, float]) -> dict[str, float]:
        """Return the same people once the clock is right: known times count again."""
        now_s = self._clock.monotonic_s()
        return {
            mark: self._since_s(self._recalled[mark], now_s)
            if mark in self._recalled and since_s == self._recalled_s
            else since_s
            for mark, since_s in inside.items()
        }

    def stored(self, inside: Mapping[str, float]) -> dict[str, float]:
        """Return what the disk is to hold: mark to Unix seconds, or `UNKNOWN_S`."""
        if not self._clock.trusted():
            return {
                mark: self._recalled.get(mark, UNKNOWN_S)
                if since_s == self._recalled_s
                else UNKNOWN_S
                for mark, since_s in inside.items()
            }
        base_s = self._clock.unix_s() - self._clock.monotonic_s()
        # The same number for the same person each time: only who passed is written anew.
        if self._base_s is None or abs(base_s - self._base_s) > _SAME_BASE_S:
            self._base_s = base_s
        settled = self.settle(inside)
        return {mark: self._base_s + since_s for mark, since_s in settled.items()}

    def _since_s(self, since_unix_s: float, now_s: float) -> float:
        if since_unix_s == UNKNOWN_S:
            return now_s
        return now_s - max(0.0, self._clock.unix_s() - since_unix_s)
