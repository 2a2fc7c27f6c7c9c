"""Who is hurt in a test of faults, and dice that never let anybody wait."""

import random
import signal
import threading
from pathlib import Path

from benchmarks.chaos.processes import Victim


class Quick(random.Random):
    """Dice that never let anybody wait."""

    def random(self) -> float:
        return 0.0

    def uniform(self, a: float, b: float) -> float:
        del a, b
        return 0.0

    def expovariate(self, lambd: float = 1.0) -> float:
        del lambd
        return 0.0


class Puppet(Victim):
    """A program that is none, and notes what is done to it."""

    def __init__(self, log: Path | None = None) -> None:
        super().__init__("puppet", log)
        self.lives = True
        self.told: list[signal.Signals] = []
        self.changed = threading.Condition()

    def _start(self) -> None:
        self.lives = True

    def _signal(self, number: signal.Signals) -> None:
        with self.changed:
            self.told.append(number)
            self.lives = self.lives and number is not signal.SIGKILL
            self.changed.notify_all()

    def _alive(self) -> bool:
        return self.lives

    def _stop(self) -> None:
        self.lives = False

    def _bury(self) -> None:
        pass
