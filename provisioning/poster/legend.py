"""The legend of lights and sounds, drawn from the table on which the door itself runs.

Time goes from left to right. A bar is a light, a thin line is dark; a dim light is a low bar.
Dashes above are tones, a higher one higher. Three dots: it goes on like this.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from kiosk.door.signal import Fault, Pattern, Signal, Step, pattern_of
from kiosk.door.signal_names import ACTIONS, FAULTS, SIGNALS
from provisioning.paper.page import BLACK, FAINT, GREEN, GREY, RED, Colour, Page, Style, Text

STRIP_MM = 30.0
_SHORTEST_MS = 1500
"""Patterns up to this length are drawn on one scale, so that they can be compared."""
_THINNEST_MM = 0.7
_LOWEST_HZ, _OCTAVES = 300, 3
_DIM = 0.5
_NAME = Style(9, "bold", leading=1.15)
_ACTION = Style(8.5, leading=1.15)
_ENGLISH = Style(7, colour=GREY, leading=1.15)


@dataclass(frozen=True, slots=True)
class Row:
    """One meaning: what it looks and sounds like, its name and what to do."""

    pattern: Pattern
    name: tuple[str, str]
    action: tuple[str, str]


def rows() -> Iterator[Row]:
    """Yield every signal that somebody can meet, in the order of the table."""
    for signal in Signal:
        if signal is not Signal.OUT_OF_ORDER:
            yield Row(pattern_of(signal), SIGNALS[signal], ACTIONS[signal])
    for fault in Fault:
        pattern = pattern_of(Signal.OUT_OF_ORDER, fault)
        yield Row(pattern, FAULTS[fault], ACTIONS[Signal.OUT_OF_ORDER])


def draw(page: Page, box: tuple[float, float, float, float]) -> None:
    """Draw the legend into a box (left, top, width, height)."""
    left, top, width, height = box
    every = list(rows())
    row_mm = height / len(every)
    name_mm = left + STRIP_MM + 4
    half_mm = (width - STRIP_MM - 4) / 2
    for number, row in enumerate(every):
        y = top + number * row_mm
        page.stroke([(left, y), (left + width, y)], 0.1, FAINT)
        _strip(page, row.pattern, (left, y + 0.8, STRIP_MM, row_mm - 1.6))
        for x, (vietnamese, english), style in (
            (name_mm, row.name, _NAME),
            (name_mm + half_mm, row.action, _ACTION),
        ):
            texts = [Text(vietnamese, style), Text(english, _ENGLISH)]
            page.stack(texts, (x, y + 0.4, half_mm - 2, row_mm - 0.6))


def _strip(page: Page, pattern: Pattern, box: tuple[float, float, float, float]) -> None:
    left, top, width, height = box
    scale = width / max(_SHORTEST_MS, pattern.length_ms)
    bar, foot = height * 0.55, top + height
    page.stroke([(left, foot), (left + pattern.length_ms * scale, foot)], 0.2, GREY)
    at_ms = 0
    for step in pattern.steps:
        x, length = left + at_ms * scale, max(step.for_ms * scale, _THINNEST_MM)
        brightness = max(step.green, step.red)
        if brightness:
            tall = bar if brightness >= _DIM else bar * 0.45
            page.rectangle((x, foot - tall, length, tall), _colour(step))
        if step.tone_hz:
            y = top + height * 0.4 * (1 - math.log2(step.tone_hz / _LOWEST_HZ) / _OCTAVES)
            page.stroke([(x, y), (x + length, y)], 0.6, BLACK)
        at_ms += step.for_ms
    for number in range(3 if pattern.repeats else 0):
        page.disc(left + width + 0.2 - 1.1 * number, foot - 1.2, 0.3, GREY)


def _colour(step: Step) -> Colour:
    return GREEN if step.green >= step.red else RED
