"""A thread of its own for looking, so that a heartbeat does not wait for a look.

One frame at a time: whoever handed one over waits for the answer before it asks the camera again,
so a frame is never overwritten while it is read, and answers come in the order of the frames.
What is gained is that the waiting can be interrupted.
"""

import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kiosk.eye.decoders import Symbol
from kiosk.eye.frame import Frame

THREAD = "looker"
_END_S = 1.0


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look gave; `reads` is how many frames each way of looking has read so far."""

    symbols: list[Symbol]
    reads: Mapping[str, int]


class Looker:
    """Calls `look` in the thread `looker`; its own methods are for one other thread."""

    def __init__(self, look: Callable[[Frame], Looked]) -> None:
        self._look = look
        self._frames: queue.Queue[Frame | None] = queue.Queue(1)
        self._answers: queue.Queue[Looked | BaseException] = queue.Queue(1)
        self._thread = threading.Thread(target=self._work, name=THREAD, daemon=True)
        self._thread.start()

    def begin(self, frame: Frame) -> None:
        """Look at `frame`; the answer to the one before must have been taken."""
        self._frames.put_nowait(frame)

    def answer(self, timeout_s: float) -> Looked | None:
        """Return what the look gave; None where it is not over within `timeout_s`.

        Raises:
            BaseException: Whatever the look raised.
        """
        try:
            answer = self._answers.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def close(self) -> None:
        """End the thread; one that hangs in a decoder ends with the process."""
        try:
            self._frames.put(None, timeout=_END_S)
        except queue.Full:
            return
        self._thread.join(_END_S)

    def _work(self) -> None:
        while (answer := self._next()) is not None:
            self._answers.put(answer)

    def _next(self) -> Looked | BaseException | None:
        # In a function of its own: a frame that is over must not be held while waiting.
        frame = self._frames.get()
        if frame is None:
            return None
        try:
            return self._look(frame)
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            return error
