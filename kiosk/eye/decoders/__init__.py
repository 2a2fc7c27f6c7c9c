"""Decoders: from one frame to the bytes of the QR symbols in it.

The file name is the entry in `eye.decoders`. A decoder is one module with a frozen `Settings`
model, a class that keeps this contract, and `build(settings) -> Decoder`. It is imported only when
chosen.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol

from kiosk.eye.frame import Frame

Corners = tuple[tuple[int, int], tuple[int, int], tuple[int, int], tuple[int, int]]
"""Pixel positions: top left, top right, bottom right, bottom left, as the symbol is oriented."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A QR symbol in a frame.

    `payload`: byte for byte what the symbol holds, or None where it was located and could not be
    read. `corners`: None where the reader gives no position.
    """

    payload: bytes | None = field(repr=False)
    corners: Corners | None
    decoder: str


def whole_rows(frame: Frame) -> Frame:
    """Return a frame whose last row is as long as the others; most are, and come back as they are.

    A frame may end with its last pixel, but libraries refuse a buffer that ends before its stride.
    """
    missing = frame.stride_px * frame.height_px - len(frame.luma)
    return frame if missing <= 0 else replace(frame, luma=bytes(frame.luma) + bytes(missing))


class Threshold(StrEnum):
    """How a decoder tells dark from light."""

    LOCAL = "local"
    """Against the neighbourhood: right almost always."""
    GLOBAL = "global"
    """One threshold from the picture's histogram."""
    FIXED = "fixed"
    """The middle of the scale."""


class Decoder(Protocol):
    """Reads QR symbols, in the eye's one thread that looks.

    Contract, held by `tests/contract/test_decoders.py` for every adapter: a payload is exact or is
    not reported; an empty payload is not reported; any frame gives a list and no exception; the
    frame is not kept.
    """

    name: str
    reads_inverted: bool
    """Whether light modules on dark are read without help."""

    def decode(
        self, frame: Frame, threshold: Threshold = Threshold.LOCAL, *, brief: bool = False
    ) -> list[Symbol]:
        """Return the symbols read in `frame`, and those located but not read.

        `brief`: dark on light and at full size only, which costs half. A decoder that knows one
        threshold, or has nothing to leave out, ignores what it is told.
        """
