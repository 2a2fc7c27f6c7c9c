"""One file per QR format, and the documented order in which they are asked.

A format is a module here with `parse(raw) -> Credential | None`: None means "not mine",
`PayloadError` means "mine, but bad". Parsers are total: any bytes give one of the three, in time
linear in their length. Formats share separators, so the first that recognises its own wins, in the
order of the module names; `foreign` is asked last and recognises what no person's card can be.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from functools import cache

from kiosk.door.credential import Credential, Damaged
from kiosk.door.sighting import Content
from kiosk.errors import PayloadError
from kiosk.payloads import foreign

MAX_PAYLOAD_BYTES = 7089
"""The most that any QR code holds (version 40-L, digits)."""

Parser = Callable[[bytes], Credential | None]


def formats() -> tuple[str, ...]:
    """Return the formats that exist here, in the order in which they are asked.

    >>> "cccd" in formats(), "foreign" in formats()
    (True, False)
    """
    names = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in names if name != "foreign"))


@cache
def _parser(name: str) -> Parser:
    parser: Parser = importlib.import_module(f"{__name__}.{name}").parse
    return parser


def read(raw: bytes, enabled: Iterable[str]) -> Content:
    """Return what `raw` is: a credential of an enabled format, one that is damaged, or foreign.

    >>> read(b"https://example.vn/menu", formats())
    Foreign(kind=<ForeignKind.URL: 'url'>)
    """
    for name in formats():
        if name not in enabled:
            continue
        try:
            credential = _parser(name)(raw)
        except PayloadError as error:
            return Damaged(name, str(error))
        if credential is not None:
            return credential
    return foreign.recognise(raw)
