"""Which wire goes where: the pins that the settings use, as rows for a table and a drawing.

Wrong wiring drawings are what hardware projects are reproached with, so nothing here is drawn by
hand: the rows come from the very settings that the kiosk drives its pins by.

Source: the 40-pin header is the same on every Raspberry Pi since the B+.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from kiosk.app.settings import Settings
from kiosk.app.settings_checks import pins_of

HEADER_OF_BCM = {
    2: 3, 3: 5, 4: 7, 14: 8, 15: 10, 17: 11, 18: 12, 27: 13, 22: 15, 23: 16, 24: 18, 10: 19, 9: 21,
    25: 22, 11: 23, 8: 24, 7: 26, 5: 29, 6: 31, 12: 32, 13: 33, 19: 35, 16: 36, 26: 37, 20: 38,
    21: 40,
}  # fmt: skip
"""Header pin of each GPIO that is free for us."""
GROUND_PINS = (6, 9, 14, 20, 25, 30, 34, 39)
POWER_PINS = {1: "3V3", 2: "5V", 4: "5V", 17: "3V3"}
EEPROM_PINS = {27: "ID_SD", 28: "ID_SC"}
"""Reserved for the EEPROM of a HAT; nothing else may be wired to them."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How a sort of part is called in Vietnamese, wired and drawn."""

    word: str
    vietnamese: str
    note: str
    colour: str


PIN_MA = 5
"""What to plan for at one pin. A Pi Zero 2 W and a Pi 3 stand 16, a Pi 4 keeps its voltage up to 8,
and for a Pi 5 no figure is published; all pins together give 50."""
LED_OHM = 330
_RESISTOR = f"{LED_OHM} ohm resistor in series, then the LED, then ground"
_KINDS = (
    Kind("green led", "Đèn xanh", _RESISTOR, "#15803d"),
    Kind("red led", "Đèn đỏ", _RESISTOR, "#b91c1c"),
    Kind("led", "Đèn", _RESISTOR, "#a16207"),
    Kind(
        "buzzer",
        "Còi",
        "passive buzzer, switched by an NPN transistor (1 kohm to its base), fed from 5V",
        "#1d4ed8",
    ),
    Kind(
        "relay",
        "Rơ-le cửa",
        "relay module with opto-isolation, fed from 5V; never a bare relay, never mains here",
        "#7e22ce",
    ),
    Kind(
        "button",
        "Nút thử đèn",
        "push button to ground, nothing else: the Pi pulls it up",
        "#0f766e",
    ),
)
_OTHER = Kind("", "Chân", f"at most {PIN_MA} mA; use a transistor for more", "#334155")


@dataclass(frozen=True, slots=True)
class Row:
    """One wire: `role` as the adapter names it, `header_pin` from 1 to 40, `key` that sets it."""

    role: str
    vietnamese: str
    bcm: int
    header_pin: int
    ground_pin: int
    note: str
    colour: str
    key: str


def rows_of(settings: Settings) -> tuple[Row, ...]:
    """Return the pins in use, in the order of the header."""
    rows = []
    parts = [(("indicators", each.kind), each.settings) for each in settings.indicators]
    for section, used in (*parts, (("gpio",), settings.gpio)):
        for pin in pins_of(section, used):
            kind = _kind_of(pin.role)
            header_pin = HEADER_OF_BCM[pin.bcm]
            rows.append(
                Row(
                    role=pin.role,
                    vietnamese=kind.vietnamese,
                    bcm=pin.bcm,
                    header_pin=header_pin,
                    ground_pin=nearest_ground(header_pin),
                    note=kind.note,
                    colour=kind.colour,
                    key=".".join(pin.key),
                )
            )
    return tuple(sorted(rows, key=lambda row: row.header_pin))


def nearest_ground(header_pin: int) -> int:
    """Return the ground pin nearest to a pin of the header, which has two columns.

    >>> nearest_ground(11), nearest_ground(40)
    (9, 39)
    """

    def distance(ground: int) -> tuple[int, int]:
        rows = abs((ground + 1) // 2 - (header_pin + 1) // 2)
        return rows + (ground % 2 != header_pin % 2), ground

    return min(GROUND_PINS, key=distance)


def as_table(rows: Iterable[Row]) -> str:
    """Return the rows as a table of plain text."""
    lines = [("BCM", "Pin", "Ground", "Role", "Vai trò", "Key", "Wiring")]
    lines += [
        (
            f"GPIO{row.bcm}",
            str(row.header_pin),
            str(row.ground_pin),
            row.role,
            row.vietnamese,
            row.key,
            row.note,
        )
        for row in rows
    ]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    padded = (
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    )
    return "".join(f"{line.rstrip()}\n" for line in padded)


def _kind_of(role: str) -> Kind:
    return next((kind for kind in _KINDS if kind.word in role.lower()), _OTHER)
