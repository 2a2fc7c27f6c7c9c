"""zbarlight: the second opinion, kept on a short leash.

It guesses the charset of byte segments without ECI (Big5, Shift-JIS, Latin-1, UTF-8 last) and hands
out the guess re-encoded as UTF-8, so its text is not what the symbol holds. Text is therefore
accepted only where it is byte-safe (ASCII), or where exactly one history of guessing explains it.
It also holds the GIL while it scans, cuts at NUL, reports an empty payload for an empty segment and
gives no position.

Source: libzbar's order of charsets and the measured failures are in the design's reference on
decoding, section 4 (mchehab/zbar #212).
"""

import zbarlight
from pydantic import BaseModel, ConfigDict

from kiosk.eye.decoders import Symbol, whole_rows
from kiosk.eye.frame import Frame
from kiosk.eye.luma import as_image

_GUESSES = ("big5", "cp932", "shift_jis", "latin-1")
_UTF8_ONLY = frozenset(map(chr, range(0x1EA0, 0x1EFA))) - {"Ỳ", "ỳ"} | set("ƠơƯư")
"""Vietnamese letters that no charset holds which zbar knows (no ISO 8859 part does either): a text
with one of them can only have been UTF-8. CJK, Greek and private-use characters prove nothing."""
_TWO_CODES = frozenset("¯～／＼￥￠￡十卅碁銹裏墻恒粧嫺╞╪╡═╭╮╰╯")  # noqa: RUF001 - these are meant
"""What iconv's Big5 reads from a code that Python's codec does not write: no way back is sure."""


class Settings(BaseModel):
    """zbarlight has nothing to set."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ZbarlightDecoder:
    """Reads QR symbols through zbarlight, and reports only what it can prove exact."""

    name = "zbarlight"

    def decode(self, frame: Frame) -> list[Symbol]:
        """Return the symbols read in `frame`; never one that was only located."""
        texts = zbarlight.scan_codes(["qrcode"], as_image(whole_rows(frame))) or []
        exact = (exact_bytes(text) for text in texts)
        return [Symbol(payload, None, self.name) for payload in exact if payload]


def exact_bytes(text: bytes) -> bytes | None:
    """Return the bytes that a symbol holds, given what zbar made of them; None if unprovable.

    >>> exact_bytes("Bﾃｹi".encode()).decode()
    'Bùi'
    >>> exact_bytes("Trần Thị Bình".encode()).decode()
    'Trần Thị Bình'
    """
    if text.isascii():
        return text
    try:
        guessed = text.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if not _UTF8_ONLY.isdisjoint(guessed):
        return text
    if not _TWO_CODES.isdisjoint(guessed):
        return None
    origins = {raw for charset in _GUESSES if (raw := _origin(guessed, charset)) is not None}
    utf8_origins = {raw for raw in origins if _is_utf8(raw)}
    # Without an origin nothing is known: Python's charsets are narrower than those of iconv, which
    # turns "Dương" into private-use characters.
    return utf8_origins.pop() if len(utf8_origins) == 1 else None


def _origin(text: str, charset: str) -> bytes | None:
    """Return the bytes that zbar would have turned into `text` had it guessed `charset`."""
    try:
        raw = text.encode(charset)
        return raw if raw.decode(charset) == text else None
    except UnicodeError:
        return None


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def build(settings: Settings) -> ZbarlightDecoder:  # noqa: ARG001 - every adapter is built alike
    """Return the decoder."""
    return ZbarlightDecoder()
