"""Everything that other threads tell the main thread."""

import contextlib
import queue

from kiosk.eye.link import Report as EyeReport
from kiosk.uplink.courier import CourierState

Item = EyeReport | CourierState


class Inbox:
    """Bounded, and never blocks who leaves something."""

    def __init__(self) -> None:
        self._queue: queue.Queue[Item] = queue.Queue(maxsize=256)
        self.exit_code: int | None = None

    def post(self, item: Item) -> None:
        """Leave `item`; any thread. What does not fit is dropped: the next frame says it again."""
        with contextlib.suppress(queue.Full):
            self._queue.put_nowait(item)

    def stop(self, code: int) -> None:
        """End the daemon with this exit code; any thread, and a signal handler.

        A handler may interrupt the main thread while it holds the queue's lock, so this takes none.
        """
        if self.exit_code is None:
            self.exit_code = code

    def take(self, timeout_s: float) -> Item | None:
        """Return the next item, or None after `timeout_s`."""
        try:
            return self._queue.get(timeout=timeout_s)
        except queue.Empty:
            return None
