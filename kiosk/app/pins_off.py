"""Turns the pins off at once after a crash, before anything that takes time.

A killed kiosk turns nothing off, and Raspberry Pi's own kernel leaves a pin as it was: a door stays
unlocked. systemd calls `kiosk off` then, and reading the settings alone takes seconds on a Pi. So
`kiosk run` leaves a note of its pins in the runtime folder, and `kiosk off` begins with that.

Imports no settings, no pydantic and no gpiozero. A line of the note is a pin and its level when
off; the first line is the number of the chip.
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

FOLDER = "RUNTIME_DIRECTORY"
"""systemd names the unit's own there, for everything that it starts for it."""
_NAME = "pins-off"


def leave_note(pins: Any, environ: Mapping[str, str]) -> None:
    """Note the levels of all outputs of a gpiozero factory, now that all of them are off.

    Notes nothing without a runtime folder, or for pins that are no chip's. Never raises.
    """
    chip, folder = getattr(pins, "chip", None), environ.get(FOLDER)
    if chip is None or not folder:
        return
    # A pin is called "GPIO17". The state of one with pulses is how much of the time it is high.
    lines = [
        f"{info.name.removeprefix('GPIO')} {round(pin.state)}\n"
        for info, pin in pins.pins.items()
        if pin.function == "output"
    ]
    # Where it cannot be written there are the settings still.
    with suppress(OSError):
        (Path(folder) / _NAME).write_text(f"{chip}\n{''.join(lines)}", "ascii")


def turn_off(environ: Mapping[str, str]) -> None:
    """Drive every noted pin to its level when off, and let go of it. Never raises.

    A pin that a running kiosk holds stays as it is.
    """
    # lgpio's own error class derives from Exception and nothing else. Whatever it is that fails,
    # the settings are read next.
    with suppress(Exception):
        chip, *lines = (Path(environ[FOLDER]) / _NAME).read_text("ascii").splitlines()

        import lgpio  # noqa: PLC0415 - absent where there are no pins

        handle = lgpio.gpiochip_open(int(chip))
        for line in lines:
            pin, level = map(int, line.split())
            with suppress(Exception):
                lgpio.gpio_claim_output(handle, pin, level)
        lgpio.gpiochip_close(handle)
