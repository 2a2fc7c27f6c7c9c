"""Fields between bars, as Vietnam's unsigned cards have them.

Empty fields are never dropped: dropping one shifts every field behind it.
"""

from kiosk.errors import PayloadError


def split(raw: bytes) -> list[bytes]:
    r"""Return the fields of `raw`, empty ones too.

    Some printers of copies end the text with a line; a card's own fields hold none.

    >>> split(b"1||An\r\n")
    [b'1', b'', b'An']
    """
    return raw.rstrip(b"\r\n").split(b"|")


def check_text(raw: bytes) -> None:
    """Return when `raw` is UTF-8.

    Raises:
        PayloadError: It is not; charset guessing is left to nobody.
    """
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        raise PayloadError("text: not UTF-8") from None


def check_name(name: bytes) -> None:
    """Return when something stands where the name should; what, is nobody's business here.

    Raises:
        PayloadError: The field is empty or blank.
    """
    if not name.strip():
        raise PayloadError("name: empty")
