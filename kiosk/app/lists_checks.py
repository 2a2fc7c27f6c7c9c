"""What stands behind `signers` in three sections: operators' public keys, read from their files."""

from kiosk.app.config_problems import shown
from kiosk.app.onboarding_section import Onboarding
from kiosk.app.reading import Reading
from kiosk.app.sections import Commands, Lists
from kiosk.errors import SettingsError

_SECTIONS = ("lists", "commands", "onboarding")


def check_signers(reading: Reading) -> None:
    """Find files that hold no key of an operator."""
    for name in _SECTIONS:
        section = reading.checked.get((name,))
        if isinstance(section, Lists | Commands | Onboarding) and section.signers:
            _check(reading, name, section)


def _check(reading: Reading, name: str, section: Lists | Commands | Onboarding) -> None:
    # Loaded here and not above: the eye reads its settings by the same modules.
    from kiosk.lists.signers import public_in  # noqa: PLC0415 - see above

    for path in section.signers:
        try:
            public_in(path)
        except SettingsError as error:
            reading.complain((name, "signers"), str(error), shown(str(path)))
