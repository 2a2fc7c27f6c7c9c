"""When to ask for the next certificate, when to connect with it, and when to go back. Pure.

Time comes in, one step comes out; who takes the step says how it went. So weeks of a certificate's
life are a table of a test.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

DUE, SPREAD = 2 / 3, 0.1
"""Of a certificate's life: fifty that began in one minute do not all ask in one."""
PROVE_S = 900.0
"""A new certificate that has not connected after so long gives way to the one before."""
ALONE_S = 3600.0
"""Without a broker for so long, the enrolment server may know why: it is asked before it is due."""
RETRY_S = 60.0, 6 * 3600.0
ANSWERED_S = 86_400.0
"""A server that has said no will hardly say anything else soon."""
SWAP_AGAIN_S = 3600.0, 86_400.0


class Step(StrEnum):
    """What to do now."""

    WAIT = "wait"
    ASK = "ask"
    """Ask the server for the next certificate."""
    SWAP = "swap"
    """Connect with the next one, and keep the one before."""
    PROVE = "prove"
    """The new one has connected, or the one before is of no use: forget that one."""
    ROLL_BACK = "roll-back"
    """Connect with the one before again."""


@dataclass(frozen=True, slots=True)
class Files:
    """What is on the disk; times are UTC in Unix seconds, None where there is no such file."""

    from_s: float
    until_s: float
    next_until_s: float | None = None
    before_until_s: float | None = None


class Renewal:
    """The present state of one kiosk's renewal; monotonic times are `now_s`."""

    def __init__(self, now_s: float, chance: Callable[[], float] = random.random) -> None:
        self._chance = chance
        self._due = DUE + SPREAD * chance()
        self._ask_at_s = now_s
        self._failures = 0
        self._swap_at_s = now_s
        self._swaps_failed = 0
        self._swapped_at_s = now_s
        self._redialled = True
        self._proven = False
        self._connected_s = now_s

    def step(self, files: Files, now_s: float, unix_s: float) -> Step:
        """Return what is to be done."""
        if files.before_until_s is not None:
            if self._proven or files.before_until_s <= unix_s:
                return Step.PROVE
            if now_s - self._swapped_at_s >= PROVE_S:
                return Step.ROLL_BACK
            return Step.WAIT
        if files.next_until_s is not None and files.next_until_s > unix_s:
            return Step.SWAP if now_s >= self._swap_at_s else Step.WAIT
        alone = now_s - self._connected_s >= ALONE_S
        if now_s >= self._ask_at_s and (alone or unix_s >= self.due_s(files)):
            return Step.ASK
        return Step.WAIT

    def due_s(self, files: Files) -> float:
        """Return when to ask for the next one, UTC in Unix seconds."""
        return files.from_s + (files.until_s - files.from_s) * self._due

    def got(self) -> None:
        """Note that the next certificate came."""
        self._failures = 0

    def failed(self, now_s: float) -> None:
        """Note that the server was not reached: later, at a random moment."""
        shortest_s, longest_s = RETRY_S
        bound_s = min(longest_s, shortest_s * 2.0 ** min(self._failures, 32))
        self._ask_at_s = now_s + max(1.0, bound_s * self._chance())
        self._failures += 1

    def refused(self, now_s: float) -> None:
        """Note that the server gives none: tomorrow, at a random moment."""
        self._ask_at_s = now_s + ANSWERED_S * (0.5 + 0.5 * self._chance())

    def swapped(self, now_s: float) -> None:
        """Note that the kiosk is to connect with the new one; an old connection proves nothing."""
        self._swapped_at_s = now_s
        self._proven = self._redialled = False

    def redialled(self) -> None:
        """Note that the old connection has ended."""
        self._redialled = True

    def connected(self, now_s: float) -> None:
        """Note that a connection was made."""
        self._connected_s = now_s
        if self._redialled:
            self._proven = True

    def still_connected(self, now_s: float) -> None:
        """Note that the connection holds."""
        self._connected_s = now_s

    def proven(self) -> None:
        """Note that the one before was forgotten."""
        self._swaps_failed = 0

    def rolled_back(self, now_s: float) -> None:
        """Note that the one before is in use again; the new one gets another chance."""
        shortest_s, longest_s = SWAP_AGAIN_S
        self._swap_at_s = now_s + min(longest_s, shortest_s * 2.0 ** min(self._swaps_failed, 32))
        self._swaps_failed += 1
