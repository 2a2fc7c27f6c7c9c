"""Checks that need more than one field: the formats, and pins used twice."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from kiosk import payloads
from kiosk.app.config_fields import marks_of
from kiosk.app.config_file import Key
from kiosk.app.config_problems import shown
from kiosk.app.nearest import did_you_mean
from kiosk.app.reading import DEFAULT, Reading
from kiosk.app.sections import Payloads
from kiosk.indicators import PinRole


@dataclass(frozen=True, slots=True)
class UsedPin:
    """A GPIO in use: the settings key that says so, and what it is for."""

    key: Key
    role: str
    bcm: int


def pins_of(section: Key, settings: BaseModel) -> Iterator[UsedPin]:
    """Yield the pins that an adapter's settings name."""
    for name, field in type(settings).model_fields.items():
        role = next((mark for mark in marks_of(field) if isinstance(mark, PinRole)), None)
        bcm = getattr(settings, name)
        if role is not None and bcm is not None:
            yield UsedPin((*section, name), role.label, bcm)


def check_pins(reading: Reading, sections: Sequence[Key]) -> None:
    """Find pins that two parts, or two roles of one, would both use."""
    first: dict[int, UsedPin] = {}
    for section in sections:
        if section not in reading.checked:
            continue
        for pin in pins_of(section, reading.checked[section]):
            other = first.setdefault(pin.bcm, pin)
            if other is pin:
                continue
            # The line to change is one that somebody wrote, not a default.
            here, there = (other, pin) if reading.origins[pin.key] is DEFAULT else (pin, other)
            reading.complain(
                here.key,
                f"GPIO {here.bcm} is taken by {'.'.join(there.key)}"
                f" ({reading.origins[there.key]}); give each its own pin",
                shown(here.bcm),
            )


def check_formats(reading: Reading) -> None:
    """Find payload formats that do not exist."""
    section = reading.checked.get(("payloads",))
    known = payloads.formats()
    for name in section.accept if isinstance(section, Payloads) else ():
        if name not in known:
            reading.complain(
                ("payloads", "accept"),
                f"no format {shown(name)}{did_you_mean(name, known)}; known: {', '.join(known)}",
                shown(list(section.accept)) if isinstance(section, Payloads) else None,
            )
