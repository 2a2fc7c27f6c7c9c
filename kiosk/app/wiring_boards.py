"""What differs from one Raspberry Pi to the next when a kiosk is wired; the header does not.

None of it has been tried with a real board.

Source: Raspberry Pi documentation, "Raspberry Pi hardware" (header, ports, power over Ethernet),
"Power supplies" (currents, low-voltage detection), "Camera" (15 and 22 pins), "Real time clock".
"""

from dataclasses import dataclass
from enum import StrEnum


class Model(StrEnum):
    """A Raspberry Pi with a 64-bit system and a camera connector, as a technician names it."""

    ZERO_2_W = "zero-2-w"
    PI_3 = "3"
    PI_4 = "4"
    PI_5 = "5"


@dataclass(frozen=True, slots=True)
class Board:
    """One model: pins of its camera connector, the supply it wants, and what it has or lacks.

    `soldered` says that the 40 pins are there when it is bought; `tells_low_voltage` that it
    notices a weak supply; `keeps_time` that it has a clock which a battery can keep going.
    """

    title: str
    camera_pins: int
    cameras: int
    supply_a: float
    plug: str
    soldered: bool
    tells_low_voltage: bool
    keeps_time: bool
    poe: str


BOARDS = {
    Model.ZERO_2_W: Board(
        "Raspberry Pi Zero 2 W", 22, 1, 2.5, "micro USB",
        soldered=False, tells_low_voltage=False, keeps_time=False,
        poe="no: it has no Ethernet",
    ),
    Model.PI_3: Board(
        "Raspberry Pi 3", 15, 1, 2.5, "micro USB",
        soldered=True, tells_low_voltage=True, keeps_time=False,
        poe="3 Model B+ only, with a PoE HAT",
    ),
    Model.PI_4: Board(
        "Raspberry Pi 4", 15, 1, 3, "USB-C",
        soldered=True, tells_low_voltage=True, keeps_time=False,
        poe="with a PoE HAT",
    ),
    Model.PI_5: Board(
        "Raspberry Pi 5", 22, 2, 5, "USB-C",
        soldered=True, tells_low_voltage=True, keeps_time=True,
        poe="with a PoE+ HAT made for the Pi 5",
    ),
}  # fmt: skip


def as_notes(board: Board) -> str:
    """Return what to look at on one board, as lines of plain text."""
    cable = "plain" if board.camera_pins == 15 else "from the camera's 15 pins to the board's 22"
    power = "is told in the kernel's log" if board.tells_low_voltage else "is NOT noticed"
    notes = {
        "header": "the pins above" + ("" if board.soldered else "; to be soldered, or buy a WH"),
        "camera": f"{board.camera_pins} pins; the cable: {cable}",
        "supply": f"5 V, {board.supply_a:g} A, {board.plug}; too little {power}",
        "clock": "a battery at BAT (J5) keeps it" if board.keeps_time else "none without a network",
        "PoE": board.poe,
    }
    lines = [f"{name:8}{note}\n" for name, note in notes.items()]
    return "".join([f"{board.title}\n", *lines])


def as_caption(board: Board) -> str:
    """Return the line below the drawing's title, Vietnamese first."""
    pins, supply = board.camera_pins, f"5 V {board.supply_a:g} A {board.plug}"
    return f"{board.title} · cáp camera {pins} chân · {pins}-pin camera · nguồn · supply {supply}"
