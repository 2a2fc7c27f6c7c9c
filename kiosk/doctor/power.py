"""Power and heat: too little of the one and too much of the other look like any other fault.

Source: `vcgencmd get_throttled` (bits 0 to 3: now; 16 to 19: since boot) and the kernel's
`rpi_volt` sensor, whose `in0_lcrit_alarm` is 1 after an under-voltage.
"""

import re
from collections.abc import Iterable

from kiosk.doctor import Diagnosis, Mark, Observation, fine, skipped
from kiosk.doctor.machine import Machine

HOT_C, TOO_HOT_C = 75.0, 82.0
"""A Pi slows down at 80 to 85."""
_LOW_NOW, _LOW_EARLIER = 1 << 0, 1 << 16
_SLOWED_NOW, _SLOWED_EARLIER = 0b1110, 0b1110 << 16
_BITS = re.compile(r"throttled=(0x[0-9a-fA-F]+)")

_SUPPLY = "use the Pi's own power supply and a short thick cable; then restart and look again"
LOW = Diagnosis("power.low", Mark.FAULT, "the voltage is too low now", _SUPPLY)
WAS_LOW = Diagnosis(
    "power.was-low", Mark.WARNING, "the voltage was too low at times since boot", _SUPPLY
)
SLOWED = Diagnosis(
    "power.slowed",
    Mark.WARNING,
    "the board has slowed itself down since boot, for heat or power",
    "look at the line heat; give the board air or a heat sink, and shade from the sun",
)
HOT = Diagnosis(
    "heat.hot",
    Mark.WARNING,
    "the board is hotter than 75 °C",
    "give the board air or a heat sink, and shade from the sun",
)
TOO_HOT = Diagnosis(
    "heat.too-hot",
    Mark.FAULT,
    "the board is hotter than 82 °C and slows down",
    "switch it off, let it cool; then give it air, a heat sink and shade from the sun",
)


class PowerCheck:
    """What the board knows of its voltage."""

    name = "power"
    after: tuple[str, ...] = ()

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def __call__(self) -> Iterable[Observation]:
        """Ask the firmware, else the kernel."""
        bits, low = self._bits(), self._alarm()
        if bits is None and low is None:
            yield skipped(self.name, "this board does not tell its voltage")
        elif bits is not None and bits & _LOW_NOW:
            yield LOW.found(f"too low now (get_throttled 0x{bits:x})")
        elif bits is not None and bits & _LOW_EARLIER:
            yield WAS_LOW.found(f"was too low since boot (get_throttled 0x{bits:x})")
        elif low:
            yield WAS_LOW.found("was too low (in0_lcrit_alarm)")
        elif bits is not None and bits & (_SLOWED_NOW | _SLOWED_EARLIER):
            yield SLOWED.found(f"slowed down (get_throttled 0x{bits:x})")
        else:
            yield fine(self.name, "never too low since boot")

    def _bits(self) -> int | None:
        ran = self._machine.run(["vcgencmd", "get_throttled"])
        found = None if ran is None else _BITS.search(ran.text)
        return None if found is None else int(found[1], 16)

    def _alarm(self) -> bool | None:
        alarms = [
            self._machine.number(path)
            for path in self._machine.paths("sys/class/hwmon/*/in0_lcrit_alarm")
        ]
        known = [alarm for alarm in alarms if alarm is not None]
        return any(known) if known else None


class HeatCheck:
    """How hot the board is, by its hottest zone."""

    name = "heat"
    after: tuple[str, ...] = ()

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def __call__(self) -> Iterable[Observation]:
        """Read every thermometer."""
        zones = self._machine.paths("sys/class/thermal/thermal_zone*/temp")
        degrees = [n / 1000 for path in zones if (n := self._machine.number(path)) is not None]
        if not degrees:
            yield skipped(self.name, "this board has no thermometer")
            return
        hottest_c = max(degrees)
        what = f"{hottest_c:.0f} °C"
        if hottest_c > TOO_HOT_C:
            yield TOO_HOT.found(what)
        else:
            yield HOT.found(what) if hottest_c > HOT_C else fine(self.name, what)
