"""What a person sees and hears, from the edges on the pins: lights and tones with their times.

A light below full brightness is a pin that is switched `LIGHT_HZ` times a second, and a tone is one
that is switched as often as it says. So short runs of a level belong together, and long ones are
what they are.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

LIGHT_HZ = 100
"""gpiozero's PWM for a light, unless it is told another."""
_LONG_S = 1.5 / LIGHT_HZ
_FEW_SWINGS = 10
_EDGE = re.compile(r" (\d+\.\d+): gpio_value: (\d+) set (\d)$", re.MULTILINE)
_MARK = re.compile(r" (\d+\.\d+): tracing_mark_write: mark (.*)$", re.MULTILINE)
_CHIP = re.compile(r"^gpiochip0: \w+ (\d+)-", re.MULTILINE)

Run = tuple[float, float, int]
"""From when until when a pin had a level, s and s."""


@dataclass(frozen=True, slots=True)
class Lit:
    """A light at one brightness, 0 to 1; times in seconds."""

    begin_s: float
    end_s: float
    brightness: float


@dataclass(frozen=True, slots=True)
class Sound:
    """A buzzer that is not silent, and when each of its swings began; times in seconds."""

    begin_s: float
    end_s: float
    swings_s: tuple[float, ...]

    def tone_hz(self, begin_s: float, end_s: float) -> float:
        """Return the tone between two times; 0 where there are too few swings to tell."""
        within = [at_s for at_s in self.swings_s if begin_s <= at_s <= end_s]
        if len(within) < _FEW_SWINGS:
            return 0.0
        # Each with the one that is half of them later, and the middle of that: a swing that the
        # guest's only processor was late for is no other tone. One that is missing would be.
        half = len(within) // 2
        return 1 / median(
            (later - at) / half for at, later in zip(within, within[half:], strict=False)
        )


class Record:
    """What guest/scope.py kept: the kernel's own record of every pin."""

    def __init__(self, trace: str, pins: str) -> None:
        found = _CHIP.search(pins)
        assert found, f"no chip in:\n{pins}"
        first = int(found[1])
        self._edges: dict[int, list[tuple[float, int]]] = {}
        for at, pin, level in _EDGE.findall(trace):
            self._edges.setdefault(int(pin) - first, []).append((float(at), int(level)))
        self.marks = [(float(at), text) for at, text in _MARK.findall(trace)]

    def runs(self, pin: int, begin_s: float, end_s: float) -> list[Run]:
        """Return the pin's levels between two times, each until the next; it begins low."""
        runs: list[Run] = []
        since_s, level = begin_s, 0
        for at_s, new in self._edges.get(pin, []):
            if at_s >= end_s:
                break
            if at_s <= begin_s:
                level = new
            elif new != level:
                runs.append((since_s, at_s, level))
                since_s, level = at_s, new
        return [*runs, (since_s, end_s, level)]

    def lights(self, pin: int, begin_s: float, end_s: float) -> list[Lit]:
        """Return when a light was lit and how brightly."""
        found: list[Lit] = []
        for group in _groups(self.runs(pin, begin_s, end_s)):
            since_s, until_s = group[0][0], group[-1][1]
            if len(group) == 1:
                if group[0][2]:
                    found.append(Lit(since_s, until_s, 1.0))
                continue
            rises_s = [since for since, _, level in group if level]
            high_s = sum(until - since for since, until, level in group if level)
            # A last dark part is longer than it should be; or shorter, where full light follows.
            end_of_it_s = rises_s[-1] + 1 / LIGHT_HZ
            found.append(Lit(rises_s[0], end_of_it_s, high_s * LIGHT_HZ / len(rises_s)))
        return found

    def sounds(self, pin: int, begin_s: float, end_s: float) -> list[Sound]:
        """Return when a buzzer sounded."""
        found = []
        for group in _groups(self.runs(pin, begin_s, end_s)):
            swings_s = tuple(since for since, _, level in group if level)
            if len(swings_s) > 1:
                found.append(Sound(swings_s[0], group[-1][1], swings_s))
        return found


def _groups(runs: list[Run]) -> Iterator[list[Run]]:
    """Yield runs that are short together, and each long one alone."""
    group: list[Run] = []
    for run in runs:
        if run[1] - run[0] < _LONG_S:
            group.append(run)
            continue
        if group:
            yield group
        group = []
        yield [run]
    if group:
        yield group
