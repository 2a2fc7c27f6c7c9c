"""Where an adapter's thread leaves what it has to say, and a test takes it, in order."""

import queue
import threading
import time
from typing import Any, TypeVar

_PATIENCE_S = 20.0
Kind = TypeVar("Kind")


class Reports:
    """Called as a `post`; any thread."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[Any] = queue.Queue()
        self.threads: set[str] = set()

    def __call__(self, report: object) -> None:
        """Keep `report`."""
        self.threads.add(threading.current_thread().name)
        self._waiting.put(report)

    def next(self, kind: type[Kind]) -> Kind:
        """Return the next report, which must be a `kind`; fails when none comes."""
        report = self._waiting.get(timeout=_PATIENCE_S)
        if not isinstance(report, kind):
            raise TypeError(f"expected {kind.__name__}, got {report}")
        return report

    def take(self, kind: type[Kind], count: int) -> list[Kind]:
        """Return the next `count` reports, all of which must be a `kind`."""
        return [self.next(kind) for _ in range(count)]

    def rest(self) -> list[Any]:
        """Return what has arrived and was not taken."""
        rest = []
        while not self._waiting.empty():
            rest.append(self._waiting.get_nowait())
        return rest


def join(thread: threading.Thread) -> None:
    """Wait for a thread's end; fails when it does not come."""
    thread.join(_PATIENCE_S)
    if thread.is_alive():
        raise TimeoutError(f"thread {thread.name} does not end")


def deadline_s() -> float:
    """Return the moment (monotonic s) at which a test gives up."""
    return time.monotonic() + _PATIENCE_S
