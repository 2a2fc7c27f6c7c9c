"""When the green pin rises, as the kernel's own trace of the GPIO chip tells it.

The pin is a line of the kernel's simulated chip, driven by the shipped kiosk through lgpio: what
stands in the trace is what a lamp would have shown.
"""

import re
import threading
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

_TRACING = Path("/sys/kernel/tracing")
_CHIPS = Path("/sys/kernel/debug/gpio")
_LINE = re.compile(r"\s(\d+\.\d+): gpio_value: (\d+) set ([01])")
_FIRST_LINE = re.compile(r"gpiochip0: GPIOs (\d+)-")
LIT_S, DARK_S = 0.05, 0.1
"""Five pulses of lgpio's, and ten."""


class Change(StrEnum):
    """What a lamp did, as somebody before it would say."""

    LIT = "lit"
    DARK = "dark"


class Lamp:
    """Finds changes in what the trace says of one line of the chip.

    While gpiozero holds a lamp, lgpio sets its line in every pulse of 10 ms, also to what it is. On
    a busy machine a change flickers for some pulses: a lamp is lit when it was high for `LIT_S` and
    never low, and dark when it was low for `DARK_S`. `lit_s` is when it was lit last.

    >>> lamp = Lamp(529)
    >>> trace = "p-1 [000] ..... {}: gpio_value: {} set {}".format
    >>> lines = [("1.00", 529, 1), ("1.01", 529, 0), ("1.02", 529, 1), ("1.50", 530, 0)]
    >>> [lamp.take(trace(*line)) for line in lines]
    [None, None, None, None]
    >>> lines = [("1.08", 529, 1), ("1.10", 529, 0), ("1.11", 529, 1), ("1.15", 529, 0)]
    >>> lines += [("1.30", 529, 0), ("1.31", 529, 1), ("1.32", 529, 0), ("1.50", 529, 0)]
    >>> [str(lamp.take(trace(*line)) or "") for line in lines]
    ['lit', '', '', '', 'dark', '', '', '']
    """

    def __init__(self, line: int) -> None:
        self._line = line
        self._state = Change.DARK
        self._high_since_s: float | None = None
        self._last_high_s = float("-inf")
        self.lit_s = float("-inf")

    def take(self, text: str) -> Change | None:
        """Return what changed with this line of the trace."""
        found = _LINE.search(text)
        if found is None or int(found[2]) != self._line:
            return None
        at_s, was = float(found[1]), self._state
        if found[3] == "1":
            self._last_high_s = at_s
            if self._high_since_s is None:
                self._high_since_s = at_s
            if at_s - self._high_since_s > LIT_S:
                self.lit_s, self._state = self._high_since_s, Change.LIT
        else:
            self._high_since_s = None
            if at_s - self._last_high_s > DARK_S:
                self._state = Change.DARK
        return None if self._state is was else self._state


def watch(pin: int, changed: Callable[[Change, float], None]) -> threading.Thread:
    """Call `changed` with each change of a pin and when it was lit, on a thread of its own.

    Raises:
        RuntimeError: There is no such chip.
    """
    first = _FIRST_LINE.search(_CHIPS.read_text("ascii"))
    if first is None:
        raise RuntimeError("this kernel has no simulated GPIO chip")
    # The kernel's usual clock of a trace counts ticks of 10 ms.
    (_TRACING / "trace_clock").write_text("mono", "ascii")
    (_TRACING / "events/gpio/gpio_value/enable").write_text("1", "ascii")
    lamp = Lamp(int(first[1]) + pin)
    pipe = (_TRACING / "trace_pipe").open("r", encoding="ascii", errors="replace")

    def read() -> None:
        with pipe:
            for line in pipe:
                change = lamp.take(line)
                if change is not None:
                    changed(change, lamp.lit_s)

    thread = threading.Thread(target=read, name="lamp", daemon=True)
    thread.start()
    return thread
