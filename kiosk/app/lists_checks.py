"""What stands behind `[lists]`: the operator's public keys, read from their files."""

from kiosk.app.config_problems import shown
from kiosk.app.reading import Reading
from kiosk.app.sections import Lists
from kiosk.errors import SettingsError

_SECTION = ("lists",)


def check_signers(reading: Reading) -> None:
    """Find files that hold no key of an operator."""
    section = reading.checked.get(_SECTION)
    if not isinstance(section, Lists) or not section.signers:
        return
    # Loaded here and not above: the eye reads its settings by the same modules.
    from kiosk.lists.signers import public_in  # noqa: PLC0415 - see above

    for path in section.signers:
        try:
            public_in(path)
        except SettingsError as error:
            reading.complain((*_SECTION, "signers"), str(error), shown(str(path)))
