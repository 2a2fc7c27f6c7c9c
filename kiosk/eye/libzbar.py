"""libzbar by ctypes: the exact bytes of a symbol that zbarlight has found.

zbarlight offers no way to turn libzbar's charset guessing off, cuts at NUL and hands out a part of
a structured append as if it were whole. The library that it is linked to does none of that when
asked in the right way, so what zbarlight found is read once more here, in the same picture. It
costs nothing on the frames in which zbarlight finds nothing, which are nearly all.

Source: `zbar.h` of libzbar 0.23 (`zbar_image_scanner_*`, `zbar_symbol_*`; ZBAR_CFG_BINARY since
0.23.1).
"""

import ctypes
import ctypes.util
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from PIL import Image

_QRCODE, _ANY = 64, 0
_CFG_ENABLE, _CFG_BINARY = 0, 4
_Y800 = int.from_bytes(b"Y800", "little")

_Pointer, _Int, _Unsigned = ctypes.c_void_p, ctypes.c_int, ctypes.c_uint
_SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "zbar_image_scanner_create": (_Pointer, ()),
    "zbar_image_scanner_destroy": (None, (_Pointer,)),
    "zbar_image_scanner_set_config": (_Int, (_Pointer, _Int, _Int, _Int)),
    "zbar_image_create": (_Pointer, ()),
    "zbar_image_destroy": (None, (_Pointer,)),
    "zbar_image_set_format": (None, (_Pointer, ctypes.c_ulong)),
    "zbar_image_set_size": (None, (_Pointer, _Unsigned, _Unsigned)),
    "zbar_image_set_data": (None, (_Pointer, ctypes.c_char_p, ctypes.c_ulong, _Pointer)),
    "zbar_scan_image": (_Int, (_Pointer, _Pointer)),
    "zbar_image_first_symbol": (_Pointer, (_Pointer,)),
    "zbar_symbol_next": (_Pointer, (_Pointer,)),
    "zbar_symbol_get_type": (_Int, (_Pointer,)),
    "zbar_symbol_get_data": (_Pointer, (_Pointer,)),
    "zbar_symbol_get_data_length": (_Unsigned, (_Pointer,)),
    "zbar_symbol_get_loc_size": (_Unsigned, (_Pointer,)),
    "zbar_symbol_get_loc_x": (_Int, (_Pointer, _Unsigned)),
    "zbar_symbol_get_loc_y": (_Int, (_Pointer, _Unsigned)),
}


@dataclass(frozen=True, slots=True)
class ZbarSymbol:
    """A whole QR symbol: its bytes, and the outline that libzbar gives, in pixels."""

    payload: bytes = field(repr=False)
    outline: tuple[tuple[int, int], ...]


@cache
def library() -> ctypes.CDLL | None:
    """Return libzbar, or None where it cannot be called in this way."""
    name = ctypes.util.find_library("zbar") or "libzbar.so.0"
    try:
        zbar = ctypes.CDLL(name)
        for function, (result, arguments) in _SIGNATURES.items():
            entry = getattr(zbar, function)
            entry.restype, entry.argtypes = result, list(arguments)
    except (OSError, AttributeError):
        return None
    return zbar


def read(zbar: ctypes.CDLL, picture: Image.Image) -> list[ZbarSymbol]:
    """Return the whole QR symbols in `picture` (mode "L"), byte for byte."""
    luma = picture.tobytes()
    # A reader of one's own for each picture: the pool of a reused one grows with every read.
    reader, image = zbar.zbar_image_scanner_create(), zbar.zbar_image_create()
    try:
        zbar.zbar_image_scanner_set_config(reader, _ANY, _CFG_ENABLE, 0)
        zbar.zbar_image_scanner_set_config(reader, _QRCODE, _CFG_ENABLE, 1)
        zbar.zbar_image_scanner_set_config(reader, _QRCODE, _CFG_BINARY, 1)
        zbar.zbar_image_set_format(image, _Y800)
        zbar.zbar_image_set_size(image, picture.width, picture.height)
        # No cleanup function: `luma` is ours and outlives the image.
        zbar.zbar_image_set_data(image, luma, len(luma), None)
        zbar.zbar_scan_image(reader, image)
        return _symbols(zbar, image)
    finally:
        zbar.zbar_image_destroy(image)
        zbar.zbar_image_scanner_destroy(reader)


def _symbols(zbar: ctypes.CDLL, image: int) -> list[ZbarSymbol]:
    found = []
    symbol = zbar.zbar_image_first_symbol(image)
    while symbol:
        # A part of a structured append has another type, and is no symbol of ours.
        if zbar.zbar_symbol_get_type(symbol) == _QRCODE:
            length = zbar.zbar_symbol_get_data_length(symbol)
            payload = ctypes.string_at(zbar.zbar_symbol_get_data(symbol), length)
            corners = range(zbar.zbar_symbol_get_loc_size(symbol))
            outline = tuple(
                (zbar.zbar_symbol_get_loc_x(symbol, n), zbar.zbar_symbol_get_loc_y(symbol, n))
                for n in corners
            )
            found.append(ZbarSymbol(payload, outline))
        symbol = zbar.zbar_symbol_next(symbol)
    return found
