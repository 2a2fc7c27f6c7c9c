"""From a card to its mark, for the command that lets a door forget somebody.

No handle leads to a mark: the door's memory could otherwise be joined with what the ledger holds,
over all key periods. So whoever asks to be forgotten has to be named where the device's key is.
Nothing of the card is printed or kept.
"""

from kiosk.app.lists_thread import keeper_of
from kiosk.app.settings import Settings
from kiosk.door.credential import Credential
from kiosk.errors import OutboxError, SettingsError
from kiosk.identity import mark_of
from kiosk.payloads import formats, read


def mark_in(raw: bytes, settings: Settings) -> str:
    """Return this kiosk's mark of the person on a card, or of `KIND ID`, such as `cccd 099...`.

    Raises:
        OutboxError: It is neither. Nothing of it is quoted.
        SettingsError: The device's key cannot be read; none is made.
    """
    credential = _credential(raw, settings)
    path = settings.identity.device_key_file
    try:
        return mark_of(credential, raw, path.read_bytes())
    except OSError as error:
        raise SettingsError(
            f"identity.device_key_file = {str(path)!r}: {error.strerror}; without it no mark can "
            "be computed; run this as the kiosk's user"
        ) from error


def _credential(raw: bytes, settings: Settings) -> Credential:
    kind, _, subject = raw.decode("ascii", "replace").partition(" ")
    if kind in formats() and subject and subject.isascii() and subject.isprintable():
        return Credential(kind, subject)
    lists = keeper_of(settings)
    lists.load(mend=False)
    content = read(raw, formats(), lists.book().context)
    if isinstance(content, Credential):
        return content
    raise OutboxError(
        "standard input holds no card that can be read here; or write KIND ID, where KIND is one "
        f"of {', '.join(formats())} (a signed card's number stands in the ward's register)"
    )
