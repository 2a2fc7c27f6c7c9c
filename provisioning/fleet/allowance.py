"""How many requests somebody may make: so many at once, then so many a second.

Nobody can guess a claim; this keeps one address, or all together, from wearing out the signer.
"""

from collections import OrderedDict
from collections.abc import Callable

_MOST_ADDRESSES = 10_000


class Allowance:
    """Counts by address; one thread at a time. `per_s` refills up to `most`."""

    def __init__(self, most: float, per_s: float, monotonic_s: Callable[[], float]) -> None:
        self._most = most
        self._per_s = per_s
        self._monotonic_s = monotonic_s
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, address: str) -> bool:
        """Take one request from what an address has left; False: it has none."""
        now_s = self._monotonic_s()
        left, at_s = self._left.pop(address, (self._most, now_s))
        left = min(self._most, left + (now_s - at_s) * self._per_s)
        taken = left >= 1
        self._left[address] = (left - 1 if taken else left, now_s)
        if len(self._left) > _MOST_ADDRESSES:
            # Whoever asked longest ago has the most left anyway.
            self._left.popitem(last=False)
        return taken
