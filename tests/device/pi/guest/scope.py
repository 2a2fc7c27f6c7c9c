"""An oscilloscope on the guest's pins: the kernel's own record of every change, with its time.

Reading a pin again and again would miss edges, and take the only processor from who makes them.
"""

import shutil
from pathlib import Path

_TRACING = Path("/sys/kernel/tracing")


def start() -> None:
    """Record from now on; times are CLOCK_MONOTONIC's."""
    # The default clock ticks with the timer here, 100 times a second.
    _write("trace_clock", "mono")
    _write("buffer_size_kb", "8192")
    _write("events/gpio/gpio_value/enable", "1")
    _write("tracing_on", "1")


def mark(text: str) -> None:
    """Put a mark into the record."""
    _write("trace_marker", f"mark {text}")


def keep(folder: Path) -> None:
    """Stop, and write the record and the names of the pins into a folder."""
    _write("tracing_on", "0")
    shutil.copyfile(_TRACING / "trace", folder / "trace")
    shutil.copyfile("/sys/kernel/debug/gpio", folder / "pins")


def _write(name: str, text: str) -> None:
    (_TRACING / name).write_text(text, "ascii")
