"""One file per QR format, and the documented order in which they are asked.

A format is a file here with `parse(raw, context) -> Credential | None`: None means "not mine",
`PayloadError` means "mine, but bad". Parsers are total: any bytes give one of the three, in time
linear in their length, and no clock is read: a credential says when it is valid, and the rules
judge that. Formats share separators, so the first that recognises its own wins, in the order of the
file names; `foreign` is asked last and recognises what no person's card can be. What formats are
made of is in the folder `parts`.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from functools import cache

from kiosk.door.credential import Credential, Damaged
from kiosk.door.sighting import Content
from kiosk.errors import PayloadError
from kiosk.payloads import foreign
from kiosk.payloads.parts.trust import NOBODY, Context, NotGenuine

MAX_PAYLOAD_BYTES = 7089
"""The most that any QR code holds (version 40-L, digits)."""

Parser = Callable[[bytes, Context], Credential | None]


@cache
def formats() -> tuple[str, ...]:
    """Return the formats that exist here, in the order in which they are asked.

    >>> "cccd" in formats(), "foreign" in formats(), "parts" in formats()
    (True, False, False)
    """
    files = (module.name for module in pkgutil.iter_modules(__path__) if not module.ispkg)
    return tuple(sorted(name for name in files if name != "foreign"))


@cache
def parser(name: str) -> Parser:
    """Return what reads the format `name`; its libraries are imported now and not before."""
    found: Parser = importlib.import_module(f"{__name__}.{name}").parse
    return found


def read(raw: bytes, enabled: Iterable[str], context: Context = NOBODY) -> Content:
    """Return what `raw` is: a credential of an enabled format, one that is damaged, or foreign.

    >>> read(b"https://example.vn/menu", formats())
    Foreign(kind=<ForeignKind.URL: 'url'>)
    """
    for name in formats():
        if name not in enabled:
            continue
        try:
            credential = parser(name)(raw, context)
        except NotGenuine as error:
            return Damaged(name, str(error), error.defect)
        except PayloadError as error:
            return Damaged(name, str(error))
        if credential is not None:
            return credential
    return foreign.recognise(raw)
