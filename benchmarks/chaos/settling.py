"""When a row is left alone no longer: it has everything, nothing more comes, or time is up. Pure.

What is late must not be taken for lost, nor what is lost waited for for ever.
"""

from dataclasses import dataclass

from benchmarks.chaos.plan import Share

_RESTART_AFTER = 0.6


@dataclass(frozen=True, slots=True)
class Settled:
    """How a row settled: `after_s` s, None where the ledger never had everything.

    `restarted`: only after a restart. `still_came`: time was up while events of a control came.
    """

    after_s: float | None
    restarted: bool = False
    still_came: bool = False


class Settling:
    """Looks at what came since `begun_s` (monotonic s) and says when to look no more."""

    def __init__(self, share: Share, begun_s: float, *, must_lose: bool) -> None:
        self._share = share
        self._begun_s = begun_s
        self._must_lose = must_lose
        self._restarted = False
        self._whole_at = 0
        self._came, self._came_s = -1, begun_s

    def look(self, now_s: float, shown: int, came: int, *, whole: bool) -> Settled | None:
        """Return how it settled, when it has; `came` grows with each event on its way or stored.

        `whole`: the ledger has all `shown` events. It must say so twice, of the same number.
        """
        after_s = now_s - self._begun_s
        if whole:
            if self._whole_at == shown:
                return Settled(after_s, self._restarted)
            self._whole_at = shown
        if came != self._came:
            self._came, self._came_s = came, now_s
        if self._must_lose and now_s - self._came_s > self._share.quiet_s:
            return Settled(None)
        if after_s > self._share.settle_s:
            return Settled(None, self._restarted, self._must_lose)
        return None

    def asks_for_a_restart(self, now_s: float) -> bool:
        """Tell, once and of ours, that half of the patience is over.

        A restart tries what was set apart. That is told: no promise asks for one.
        """
        over = now_s - self._begun_s > self._share.settle_s * _RESTART_AFTER
        if self._must_lose or self._restarted or not over:
            return False
        self._restarted = True
        return True
