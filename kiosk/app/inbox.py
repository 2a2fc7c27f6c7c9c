"""Everything that other threads tell the main thread."""

import contextlib
import queue
from collections import deque
from dataclasses import dataclass

from kiosk.app.status import CertificateStatus
from kiosk.door.signal import Failure, Fault
from kiosk.eye.link import Report as EyeReport
from kiosk.lists import Lists
from kiosk.uplink import Commanded
from kiosk.uplink.courier import CourierState


@dataclass(frozen=True, slots=True)
class ListsChanged:
    """From now on these lists count, as a whole."""

    lists: Lists


@dataclass(frozen=True, slots=True)
class ButtonPressed:
    """Somebody pressed the button inside the box."""


@dataclass(frozen=True, slots=True)
class WorkEnded:
    """A stage's work that began as this attempt is over.

    `trouble`: what became of it, None: done. `final`: it would always fail.
    """

    attempt: int
    trouble: Failure | Fault | None = None
    final: bool = False


@dataclass(frozen=True, slots=True)
class EnrolmentChanged:
    """How it stands with the certificate for the broker."""

    certificate: CertificateStatus


Item = (
    EyeReport
    | CourierState
    | ListsChanged
    | Commanded
    | EnrolmentChanged
    | ButtonPressed
    | WorkEnded
)


class Inbox:
    """Bounded, and never blocks who leaves something."""

    def __init__(self) -> None:
        self._queue: queue.Queue[Item] = queue.Queue(maxsize=256)
        self._lists: deque[ListsChanged] = deque(maxlen=1)
        self.exit_code: int | None = None

    def post(self, item: Item) -> None:
        """Leave `item`; any thread. What does not fit is dropped: the next frame says it again.

        Nobody says lists again, so the newest ones always fit.
        """
        if isinstance(item, ListsChanged):
            self._lists.append(item)
            return
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
        with contextlib.suppress(IndexError):
            return self._lists.popleft()
        try:
            return self._queue.get(timeout=timeout_s)
        except queue.Empty:
            return None
