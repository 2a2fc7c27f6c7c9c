"""Whether a start is a door's or an onboarding, and how the latter is put together.

It is an onboarding where nobody has said yet which door this is, where a power cut came between a
code and its end, and where the button inside the box is held from power-on. Only then is any of it
loaded.
"""

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kiosk.app.onboarding_section import Unprovisioned
from kiosk.app.settings import Settings
from kiosk.clock import Clock

if TYPE_CHECKING:
    from gpiozero.pins import Factory

HELD_S = 3.0
"""So long the button must stay down: a door that starts is not onboarded by a touch."""
_SETTLE_S = 0.2
"""Until then a pin may be what it was before it was pulled up."""
_LOOK_S = 0.05


def onboarded(
    found: Settings | Unprovisioned, config: Path, environ: Mapping[str, str]
) -> Settings | int:
    """Return the settings of a door that may start now, or the code with which this start ends.

    Raises:
        SettingsError: The settings name something that this machine does not have.
    """
    if isinstance(found, Settings) and not _is_wanted(found):
        return found
    from kiosk.app.onboarding_run import onboard  # noqa: PLC0415 - only where it is wanted

    return onboard(found, config, environ)


def held_at_start(pin: int, pins: "Factory", for_s: float = HELD_S) -> bool:
    """Tell whether the button is down, and stays so.

    Asks again and again, and listens to nothing: lgpio goes on telling of a pin that was listened
    to once, and the door listens to this one later.
    """
    from gpiozero import InputDevice  # noqa: PLC0415 - only where there is one

    from kiosk.indicators import pin_errors  # noqa: PLC0415 - as above

    pause, end_s = threading.Event(), time.monotonic() + for_s
    with pin_errors("the button"):
        button = InputDevice(pin, pull_up=True, pin_factory=pins)
    try:
        pause.wait(_SETTLE_S)
        while button.is_active:
            if time.monotonic() >= end_s:
                return True
            pause.wait(_LOOK_S)
    finally:
        button.close()
    return False


def _is_wanted(settings: Settings) -> bool:
    """Tell whether a kiosk that is a door already is to be onboarded anew."""
    section = settings.onboarding
    if not section.signers:
        return False
    if section.code_file.exists():
        from kiosk.onboarding.kept import KeptCode  # noqa: PLC0415 - only where there is one

        return KeptCode(section.code_file).read() is not None
    pin = settings.gpio.button_pin
    if pin is None or _has_passed(settings):
        return False
    from kiosk.app.wiring import pin_factory  # noqa: PLC0415 - see above

    pins = pin_factory(settings.gpio.pins)
    try:
        return held_at_start(pin, pins)
    finally:
        pins.close()


def _has_passed(settings: Settings) -> bool:
    """Tell whether this boot has waited for a code already; asked once."""
    path = settings.onboarding.passed_file
    try:
        boot = path.read_text("ascii")
        path.unlink()
    except (OSError, ValueError):
        return False
    clock: Clock = settings.clock.load().build(settings.clock.settings)
    return boot == clock.read().boot
