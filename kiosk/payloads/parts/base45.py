"""Base45: bytes as the 45 characters that a QR code stores densest as text.

Two bytes are three characters, a last single byte is two. A space is one of the 45, so the text is
never stripped.

Source: RFC 9285.
"""

from kiosk.errors import PayloadError

ALPHABET = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUES = {character: value for value, character in enumerate(ALPHABET)}


def decode(text: bytes) -> bytes:
    """Return the bytes that `text` stands for.

    Raises:
        PayloadError: A character is none of the 45, or a group stands for no bytes.

    >>> decode(b"QED8WEX0")
    b'ietf!'
    """
    try:
        values = [_VALUES[character] for character in text]
    except KeyError:
        raise PayloadError("base45: a character that it does not have") from None
    if len(values) % 3 == 1:
        raise PayloadError("base45: cut off")
    whole = len(values) // 3 * 3
    decoded = bytearray()
    for first, second, third in zip(
        values[0:whole:3], values[1:whole:3], values[2:whole:3], strict=True
    ):
        pair = first + second * 45 + third * 2025
        if pair > 0xFFFF:
            raise PayloadError("base45: three characters that are no two bytes")
        decoded += pair.to_bytes(2, "big")
    if whole < len(values):
        single = values[-2] + values[-1] * 45
        if single > 0xFF:
            raise PayloadError("base45: two characters that are no byte")
        decoded.append(single)
    return bytes(decoded)


def encode(raw: bytes) -> bytes:
    """Return the text that stands for `raw`.

    >>> encode(b"Hello!!")
    b'%69 VD92EX0'
    """
    text = bytearray()
    for at in range(0, len(raw), 2):
        group = raw[at : at + 2]
        value = int.from_bytes(group, "big")
        for _ in range(len(group) + 1):
            value, digit = divmod(value, 45)
            text.append(ALPHABET[digit])
    return bytes(text)
