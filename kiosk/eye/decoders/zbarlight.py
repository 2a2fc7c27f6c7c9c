"""zbarlight: the second opinion, kept on a short leash.

It guesses the charset of byte segments without ECI (Big5, Shift-JIS, Latin-1, UTF-8 last) and hands
out the guess re-encoded as UTF-8, so its text is not what the symbol holds. Text is therefore
never reported: what zbarlight found is read once more through libzbar itself, which gives the exact
bytes, or, where libzbar cannot be called, accepted only if one history of guessing explains it. It
also holds the GIL while it scans, cuts at NUL, reports an empty payload for an empty segment, a
part of a structured append as if it were whole, and no position.

Source: libzbar's order of charsets and the measured failures are in the design's reference on
decoding, section 4 (mchehab/zbar #212).
"""

import zbarlight
from PIL import Image
from pydantic import BaseModel, ConfigDict

from kiosk.eye import libzbar
from kiosk.eye.decoders import Corners, Symbol, Threshold, whole_rows
from kiosk.eye.frame import Frame
from kiosk.eye.luma import as_image
from kiosk.eye.regions import cut

_QUIET = (0.1, 0.2)
"""Of a symbol's size, shown around it; zbar may miss in one cut what it reads in another."""
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
    reads_inverted = False

    def decode(
        self,
        frame: Frame,
        threshold: Threshold = Threshold.LOCAL,  # noqa: ARG002 - zbar has its own
        *,
        brief: bool = False,  # noqa: ARG002 - there is nothing to leave out
    ) -> list[Symbol]:
        """Return the symbols read in `frame`; never one that was only located."""
        picture = as_image(whole_rows(frame))
        zbar = libzbar.library()
        if zbar is None:
            exact = (exact_bytes(text) for text in _texts(picture))
            return [Symbol(payload, None, self.name) for payload in exact if payload]
        return [
            Symbol(symbol.payload, _corners(symbol.outline), self.name)
            for symbol in libzbar.read(zbar, picture)
            if symbol.payload and _is_confirmed(picture, symbol.outline)
        ]


def _texts(picture: Image.Image) -> list[bytes]:
    return [text for text in zbarlight.scan_codes(["qrcode"], picture) or [] if text]


def _is_confirmed(picture: Image.Image, outline: tuple[tuple[int, int], ...]) -> bool:
    """Tell whether zbarlight reads a symbol there too."""
    xs, ys = [x for x, _ in outline], [y for _, y in outline]
    if not xs:
        return bool(_texts(picture))
    box = (min(xs), min(ys), max(xs), max(ys))
    size_px = max(box[2] - box[0], box[3] - box[1])
    return any(_texts(cut(picture, box, round(part * size_px)).picture) for part in _QUIET)


def _corners(outline: tuple[tuple[int, int], ...]) -> Corners | None:
    """Return libzbar's outline (top left, bottom left, bottom right, top right) in our order."""
    if len(outline) != 4:
        return None
    top_left, bottom_left, bottom_right, top_right = outline
    return (top_left, top_right, bottom_right, bottom_left)


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
