"""A green lamp that looks into the outbox each time it is lit.

It is the pin itself that looks, on the player's own thread and before anybody could see the light,
with a connection of its own: what it finds is what the disk holds at that moment.
"""

import itertools
import json
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from gpiozero.pins.mock import MockFactory, MockPWMPin

from kiosk.app.player import Player
from kiosk.indicators.led import LedIndicator, Settings

GREEN_PIN, RED_PIN = 17, 27
PATIENCE_S = 20.0


class Witness:
    """Counts, at each rise of green, the accepted check-ins that the file holds."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._changed = threading.Condition()
        self.green = 0.0
        self.red = 0.0
        self.red_rises = 0
        self.rows_at_rises: list[int] = []

    @property
    def rises(self) -> int:
        return len(self.rows_at_rises)

    def lamp_is(self, pin: int, value: float) -> None:
        """Note that a lamp is about to be lit so; called on the player's thread."""
        rows = accepted_rows(self._path) if pin == GREEN_PIN and value and not self.green else None
        with self._changed:
            if pin == GREEN_PIN:
                self.green = value
            elif pin == RED_PIN:
                self.red_rises += value > self.red
                self.red = value
            if rows is not None:
                self.rows_at_rises.append(rows)
            self._changed.notify_all()

    def wait_for(self, *, rises: int) -> None:
        """Wait until green has risen so often."""
        self._wait(lambda: self.rises >= rises, f"{rises} rises of green")

    def wait_for_red(self, *, rises: int) -> None:
        """Wait until red has risen so often."""
        self._wait(lambda: self.red_rises >= rises, f"{rises} rises of red")

    def wait_until_dark(self) -> None:
        """Wait until green is off, so that the next green is a rise."""
        self._wait(lambda: not self.green, "green to go off")

    def _wait(self, condition: Any, what: str) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE_S), f"waited in vain for {what}"


class WatchedDoor:
    """The real player on the real lights, which are on mock pins that a witness watches."""

    def __init__(self, witness: Witness) -> None:
        class WitnessPin(MockPWMPin):  # type: ignore[misc] # gpiozero has no types
            def _change_state(self, value: float) -> bool:
                if value != self._state:
                    witness.lamp_is(int(self.info.name.removeprefix("GPIO")), value)
                changed: bool = super()._change_state(value)
                return changed

        self.factory = MockFactory(pin_class=WitnessPin)
        lights = LedIndicator(Settings(green_pin=GREEN_PIN, red_pin=RED_PIN), self.factory)
        self.pins = {number: self.factory.pin(number) for number in (GREEN_PIN, RED_PIN)}
        self.player = Player([lights], time.monotonic, unlock_s=1.0)

    def __enter__(self) -> Player:
        self.player.start()
        return self.player

    def __exit__(self, *_: object) -> None:
        self.player.close()

    def green_rises_recorded(self) -> int:
        """Return how often the mock pin itself says that green rose."""
        states = [state.state for state in self.pins[GREEN_PIN].states]
        return sum(bool(b) and not a for a, b in itertools.pairwise(states))


def accepted_rows(path: Path) -> int:
    """Return how many accepted check-ins the file holds, read past everybody else."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        bodies = [row[0] for row in db.execute("SELECT body FROM event WHERE seq > 0")]
    return sum(json.loads(body)["data"].get("verdict") == "accepted" for body in bodies)
