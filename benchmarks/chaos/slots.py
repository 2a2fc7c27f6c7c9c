"""Places for rows under fault: so many at once, in the order in which they were lined up."""

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from benchmarks.chaos.plan import Row

_LOOK_S = 0.5


class Slots:
    """Lets rows in one after the other; any thread."""

    def __init__(self, at_once: int, rows: Iterable[Row], off: threading.Event) -> None:
        """Line `rows` up; when `off` is set nobody is let in any more."""
        self._free = at_once
        self._waiting = deque(rows)
        self._changed = threading.Condition()
        self._off = off

    @contextmanager
    def one(self, row: Row) -> Iterator[bool]:
        """Hold a place, when it is this row's turn; False: nobody's turn comes any more."""
        with self._changed:
            # A signal's handler sets `off` and must not wait for a lock to tell it.
            while not self._changed.wait_for(lambda: self._turn_of(row), _LOOK_S):
                continue
            if self._off.is_set():
                yield False
                return
            self._waiting.popleft()
            self._free -= 1
            # The next may have a place too.
            self._changed.notify_all()
        try:
            yield True
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()

    def _turn_of(self, row: Row) -> bool:
        return self._off.is_set() or (self._free > 0 and self._waiting[0] == row)
