"""The tables of the guide to wiring: pins from the settings, boards, and what an LED draws."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from docs.delivery_page import markers
from kiosk.app.wiring_boards import BOARDS
from kiosk.app.wiring_plan import LED_OHM, Row

PAGE = "docs/howto/wire-a-kiosk.md"
PINS = "pins"
MODELS = "models"
LEDS = "leds"
_PIN_V = 3.3
_RAIL_V = 5.0
_SATURATED_V = 0.2
_BRIGHT_MA = 10
_E12 = (100, 120, 150, 180, 220, 270, 330, 390, 470, 560, 680, 820)


@dataclass(frozen=True, slots=True)
class Led:
    """A sort of LED and the voltage that it takes, from and to.

    Source: typical forward voltages by colour, as charts of them agree; a data sheet says better.
    """

    name: str
    least_v: float
    most_v: float


SORTS = (
    Led("red", 1.8, 2.2),
    Led("yellow", 2.0, 2.2),
    Led("yellow-green, the old green", 2.0, 2.4),
    Led("pure green, blue, white", 2.8, 3.5),
)


def text(page: str, rows: Iterable[Row]) -> str:
    """Return the page with the blocks between its markers written anew."""
    for name, table in ((PINS, pins(rows)), (MODELS, models()), (LEDS, leds())):
        begin, end = markers(name)
        before, found_begin, rest = page.partition(begin)
        _, found_end, after = rest.partition(end)
        if not found_begin or not found_end:
            raise SystemExit(f"{PAGE}: put the two lines there: {begin} and {end}")
        page = f"{before}{begin}\n{table}\n{end}{after}"
    return page


def pins(rows: Iterable[Row]) -> str:
    """Return which wire goes where, as the program drives it."""
    lines = ["| Part | GPIO (BCM) | Header pin | Ground pin | Through |", "|---|---|---|---|---|"]
    lines += [
        f"| {row.role} | {row.bcm} | {row.header_pin} | {row.ground_pin} | {row.note} |"
        for row in rows
    ]
    return "\n".join(lines)


def models() -> str:
    """Return what differs from board to board."""
    lines = [
        "| Board | `--model` | Header | Camera | Supply, 5 V | Low voltage | Clock | PoE |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for model, board in BOARDS.items():
        count = "" if board.cameras == 1 else f"{board.cameras} x "
        header = "40 pins" if board.soldered else "40 holes: solder pins, or buy a WH"
        low = "told" if board.tells_low_voltage else "**not noticed**"
        clock = "with a battery at J5" if board.keeps_time else "none"
        lines.append(
            f"| {board.title} | `{model}` | {header} | {count}{board.camera_pins} pins "
            f"| {board.supply_a:g} A, {board.plug} | {low} | {clock} | {board.poe} |"
        )
    return "\n".join(lines)


def leds() -> str:
    """Return what each sort of LED draws from a pin, and what it needs to be bright from 5 V."""
    from_5_v = f"from 5 V by a transistor, for {_BRIGHT_MA} mA"
    lines = [
        f"| LED | takes | from a pin, through {LED_OHM} ohm | {from_5_v} |",
        "|---|---|---|---|",
    ]
    for led in SORTS:
        most, least = (pin_ma(volts) for volts in (led.least_v, led.most_v))
        lines.append(
            f"| {led.name} | {led.least_v} to {led.most_v} V | {least:.1f} to {most:.1f} mA "
            f"| {bright_ohm(led)} ohm |"
        )
    return "\n".join(lines)


def pin_ma(forward_v: float) -> float:
    """Return the current through an LED at a pin; none where it takes more than the pin gives."""
    return max(0.0, 1000 * (_PIN_V - forward_v) / LED_OHM)


def bright_ohm(led: Led) -> int:
    """Return the resistor of the E12 series with which an LED draws at most `_BRIGHT_MA`."""
    least = 1000 * (_RAIL_V - _SATURATED_V - led.least_v) / _BRIGHT_MA
    return next(ohm for ohm in _E12 if ohm >= math.ceil(least))
