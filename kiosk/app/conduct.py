"""From the settings to how the door behaves."""

from kiosk.app.rules_section import rules_of
from kiosk.app.settings import Settings
from kiosk.door.machine import Conduct
from kiosk.door.presence import Patience


def conduct_of(settings: Settings) -> Conduct:
    """Return how this door behaves."""
    door = settings.door
    return Conduct(
        rules_of(settings.rules, settings.payloads.accept),
        settings.kiosk.direction,
        Patience(door.hold_off_s, door.repeat_s, door.background_s),
        stay_max_s=door.stay_max_s,
    )
