"""Plays signals with the kiosk's own player on the kernel's pins: `play.py SIGNAL[:FAULT]...`.

Each is played out of the dark, so that its first edge is its beginning, and a repeating one for a
little more than one round.
"""

import sys
import threading
from pathlib import Path

from kiosk.app.player import Player
from kiosk.app.wiring import build_indicators, pin_factory
from kiosk.clock.system import Settings as ClockSettings
from kiosk.clock.system import SystemClock
from kiosk.door.cues import Show
from kiosk.door.signal import Fault, Signal, pattern_of
from tests.device.pi.guest import scope, settings

DARK_S = 0.7
"""After a change of state: both states that we change to are dark by then, and for a while."""
MORE_S = 0.3


def main(names: list[str]) -> None:
    """Play them, one after the other."""
    known = settings.write()
    indicators = build_indicators(known, pin_factory(known.gpio.pins))
    player = Player(
        indicators, SystemClock(ClockSettings()).monotonic_s, unlock_s=known.door.unlock_s
    )
    wait = threading.Event().wait
    player.start()
    scope.start()
    for name in names:
        word, _, fault = name.partition(":")
        shown = Show(Signal(word), Fault(fault) if fault else None)
        between = Signal.STARTING if shown.signal is Signal.READY else Signal.READY
        player.play(Show(between))
        wait(DARK_S)
        scope.mark(name)
        player.play(shown)
        pattern = pattern_of(shown.signal, shown.fault)
        wait(pattern.length_ms * pattern.rounds / 1000 + MORE_S)
        scope.mark("end")
    player.close()
    scope.keep(Path("/mnt"))


main(sys.argv[1:])
