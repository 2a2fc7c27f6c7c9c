"""What arrived and is not in a batch yet: filled on a library's thread, emptied on the owner's.

The owner is woken for the first event of a batch and for the last, not for each: waking it for each
costs more than everything else that is done with an event.
"""

import threading
import time
from collections import deque
from collections.abc import Iterable

from ledger.source import Limits, Message


class Inbox:
    """A queue of messages, each with the connection that brought it.

    It is as long as the broker lets it get: a receive maximum bounds what is not answered yet.
    """

    def __init__(self, limits: Limits, quiet_s: float, idle_s: float) -> None:
        self._limits = limits
        self._quiet_s = quiet_s
        self._idle_s = idle_s
        self._waiting: deque[tuple[int, Message]] = deque()
        self._some = threading.Event()
        self._enough = threading.Event()

    def put(self, connection: int, messages: Iterable[Message]) -> None:
        """Add messages, in their order; from any thread."""
        self._waiting.extend([(connection, message) for message in messages])
        if not self._some.is_set():
            self._some.set()
        if len(self._waiting) >= self._limits.events:
            self._enough.set()

    def take(self) -> list[tuple[int, Message]]:
        """Return a batch: as soon as it is full, or nothing more comes; none after `idle_s`."""
        if not self._waiting and not self._some.wait(self._idle_s):
            return []
        until_s = time.monotonic() + self._limits.wait_s
        count = len(self._waiting)
        while count < self._limits.events and time.monotonic() < until_s:
            if self._enough.wait(self._quiet_s):
                break
            before, count = count, len(self._waiting)
            if before == count:
                break
        size = min(len(self._waiting), self._limits.events)
        taken = [self._waiting.popleft() for _ in range(size)]
        # What arrives between these lines sets them again, or is seen here.
        self._some.clear()
        self._enough.clear()
        if self._waiting:
            self._some.set()
        if len(self._waiting) >= self._limits.events:
            self._enough.set()
        return taken
