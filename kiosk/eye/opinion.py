"""The second opinion on a short leash, and the CPU that further looks may cost."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from kiosk.eye.decoders import Decoder, Symbol
from kiosk.eye.frame import Frame

OVERRUNS = 2
GROSS = 2
"""So many times too slow counts as twice too slow: it is not met a second time."""


@dataclass(frozen=True, slots=True)
class Slow:
    """What is too slow, and the clocks that tell.

    `slow_s` is in CPU seconds of this thread, so that a busy machine is not taken for a hostile
    picture; what was slow is left out for `pause_s`.
    """

    slow_s: float
    pause_s: float
    monotonic_s: Callable[[], float]
    cpu_s: Callable[[], float]


class Leash:
    """Leaves out what was slow twice, or once by a wide margin: a heartbeat waits for it."""

    def __init__(self, slow: Slow) -> None:
        self._slow = slow
        self._overruns = 0
        self._back_at_s = float("-inf")

    @property
    def is_out(self) -> bool:
        """Tell whether it is left out now."""
        return self._slow.monotonic_s() < self._back_at_s

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Note what the body costs."""
        begun_s = self._slow.cpu_s()
        yield
        took_s = self._slow.cpu_s() - begun_s
        if took_s > self._slow.slow_s:
            self._overruns += OVERRUNS if took_s > GROSS * self._slow.slow_s else 1
        if self._overruns >= OVERRUNS:
            self._overruns = 0
            self._back_at_s = self._slow.monotonic_s() + self._slow.pause_s


class SecondOpinion:
    """A decoder that may be slow: what makes it slow costs its own turn, not the door."""

    def __init__(self, decoder: Decoder, slow: Slow) -> None:
        self.name = decoder.name
        self._decoder = decoder
        self._leash = Leash(slow)

    @property
    def is_out(self) -> bool:
        """Tell whether it is left out now."""
        return self._leash.is_out

    def decode(self, frame: Frame) -> list[Symbol]:
        """Return what it reads; nothing while it is left out."""
        if self.is_out:
            return []
        with self._leash.timed():
            return self._decoder.decode(frame)


class Budget:
    """CPU that further looks may cost while nobody is known to be there.

    On average at most `share` times what reading plainly costs: a strategy may go into debt once,
    and the next waits until plain reading has earned it back.
    """

    def __init__(self, share: float) -> None:
        self._share = share
        self._credit_s = 0.0

    def earn(self, plain_s: float) -> None:
        """Note the CPU seconds of one plain look."""
        # Not more than a second's worth is saved up, or a quiet night would buy a busy morning.
        self._credit_s = min(self._credit_s + self._share * plain_s, 30 * self._share * plain_s)

    def spend(self, extra_s: float) -> None:
        """Note the CPU seconds of a further look."""
        self._credit_s -= extra_s

    @property
    def allows(self) -> bool:
        """Tell whether another further look is paid for."""
        return self._credit_s >= 0
