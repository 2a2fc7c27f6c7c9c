"""Looking in a thread of its own: heartbeats are on time, and none is sent for a hang."""

import threading
from collections import Counter
from collections.abc import Callable

import pytest

from kiosk.errors import CameraLost
from kiosk.eye.decoders import Symbol
from kiosk.eye.frame import Frame
from kiosk.eye.looker import THREAD
from kiosk.eye.messages import Heartbeat, Message
from kiosk.eye.watch import HEARTBEAT_S, LOOK_PATIENCE_S, Watch

FRAME = Frame(b"\x80" * 16 * 8, 16, 8, 16, 1, 1)


class OneFrame:
    """A camera that is lost after its first frame."""

    has_sensor = False
    remark = None
    skipped = 0

    def __init__(self) -> None:
        self._left = [FRAME]

    def capture(self, timeout_s: float) -> Frame:
        assert timeout_s > 0
        if not self._left:
            raise CameraLost("unplugged")
        return self._left.pop()

    def close(self) -> None:
        """Release nothing."""


class Hanging:
    """A look that does not come back before it is released, or raises what it is given."""

    names = ("scripted",)

    def __init__(self, error: Exception | None = None) -> None:
        self.reads: Counter[str] = Counter()
        self.released = threading.Event()
        self._error = error

    def read(self, frame: Frame) -> list[Symbol]:
        assert frame.width_px
        if self._error is not None:
            raise self._error
        assert self.released.wait(60)
        return []


class Ticking:
    """A clock that goes on by half a second whenever it is asked, and acts at a time."""

    def __init__(self, at_s: float, act: Callable[[], None]) -> None:
        self.now_s = 0.0
        self._at_s, self._act = at_s, act

    def __call__(self) -> float:
        self.now_s += 0.5
        if self.now_s >= self._at_s:
            self._act()
        return self.now_s


def loopers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == THREAD]


def test_a_heartbeat_does_not_wait_for_a_slow_look_but_a_hang_gets_none() -> None:
    look = Hanging()
    clock = Ticking(8.0, look.released.set)
    beats: list[tuple[float, Heartbeat]] = []

    def send(message: Message) -> None:
        if isinstance(message, Heartbeat):
            beats.append((clock.now_s, message))

    watch = Watch(OneFrame(), look, send, camera_kind="replay", monotonic_s=clock)
    with pytest.raises(CameraLost):
        watch.run(lambda: False)
    during = [at_s for at_s, beat in beats if beat.camera_ok and not beat.frames]
    # The clock is asked once before the look begins.
    assert during[-1] <= 1.0 + LOOK_PATIENCE_S
    assert len(during) >= LOOK_PATIENCE_S / HEARTBEAT_S
    after = [at_s for at_s, beat in beats if beat.frames]
    assert after
    assert min(after) >= 8.0
    assert loopers() == []


def test_it_stops_while_a_look_hangs() -> None:
    look, stopping = Hanging(), threading.Event()
    clock = Ticking(3.0, stopping.set)
    watch = Watch(OneFrame(), look, lambda _: None, camera_kind="replay", monotonic_s=clock)
    assert not watch.run(stopping.is_set)
    [left] = loopers()
    assert left.daemon
    look.released.set()
    left.join(60)
    assert not left.is_alive()


def test_what_a_look_raises_ends_the_eye() -> None:
    watch = Watch(OneFrame(), Hanging(ZeroDivisionError()), lambda _: None, camera_kind="replay")
    with pytest.raises(ZeroDivisionError):
        watch.run(lambda: False)
    assert loopers() == []
