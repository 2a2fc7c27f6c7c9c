"""Checks that need more than one field: the venue's key, the formats, and pins used twice."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, SecretBytes

from kiosk import payloads
from kiosk.app.config_fields import marks_of
from kiosk.app.config_file import Key
from kiosk.app.config_problems import shown
from kiosk.app.nearest import did_you_mean
from kiosk.app.reading import DEFAULT, Reading
from kiosk.app.sections import Identity, Payloads, check_site_key
from kiosk.indicators import PinRole

_KEY_FILE_BYTES = 4096
_IDENTITY = ("identity",)


@dataclass(frozen=True, slots=True)
class UsedPin:
    """A GPIO that an indicator uses: the settings key that says so, and what it drives."""

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
    """Find pins that two indicators, or two roles of one, would both drive."""
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


def check_identity(reading: Reading) -> SecretBytes | None:
    """Check `[identity]` and return the venue's key, from the settings or from its file."""
    given = reading.raw(_IDENTITY) or {}
    pair = {("identity", "site_key"): "site_key_file", ("identity", "site_key_file"): "site_key"}
    for key, other in pair.items():
        # One of the two from the environment replaces the other in the file.
        if reading.is_overridden(key):
            given.pop(other, None)
    reading.check(_IDENTITY, Identity, values=given)
    identity = reading.checked.get(_IDENTITY)
    if not isinstance(identity, Identity):
        return None
    if identity.site_key is not None:
        return SecretBytes(bytes.fromhex(identity.site_key.get_secret_value()))
    return _from_file(reading, identity)


def _from_file(reading: Reading, identity: Identity) -> SecretBytes | None:
    path = identity.site_key_file
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            text = file.read(_KEY_FILE_BYTES).decode("ascii").strip()
        check_site_key(text)
    except FileNotFoundError:
        problem = "no such file"
    except OSError as error:
        problem = f"cannot be read: {error.strerror or 'unknown reason'}"
    except UnicodeDecodeError:
        problem = "the file holds other bytes than hex digits"
    except ValueError as error:
        problem = f"what the file holds {error}"
    else:
        return SecretBytes(bytes.fromhex(text))
    fix = "it must hold the venue's key, 64 hex digits, and nothing else"
    reading.complain(("identity", "site_key_file"), f"{problem}; {fix}", shown(str(path)))
    return None
