"""zxing-cpp: reads most, changes no bytes, costs a tenth of zbar, and releases the GIL.

It also tells where a symbol is that it located and could not read, which is how the door knows to
ask a person to hold still. A part of a structured append, which it reports as if it were whole, is
left out.
"""

from typing import Any

import zxingcpp
from pydantic import BaseModel, ConfigDict, Field

from kiosk.eye.appended import is_part
from kiosk.eye.decoders import Corners, Symbol, Threshold, whole_rows
from kiosk.eye.frame import Frame

_FARTHEST_PX = 65536
_BINARIZERS = {
    Threshold.LOCAL: zxingcpp.Binarizer.LocalAverage,
    Threshold.GLOBAL: zxingcpp.Binarizer.GlobalHistogram,
    Threshold.FIXED: zxingcpp.Binarizer.FixedThreshold,
}
_FORMATS = zxingcpp.BarcodeFormats(
    [zxingcpp.BarcodeFormat.QRCodeModel1, zxingcpp.BarcodeFormat.QRCodeModel2]
)


class Settings(BaseModel):
    """How zxing-cpp looks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    try_downscale: bool = Field(
        default=True, description="Look at smaller copies too: reads large and blurred symbols."
    )
    try_invert: bool = Field(
        default=True, description="Read light-on-dark symbols: phones in dark mode."
    )


class ZxingDecoder:
    """Reads QR Model 2 symbols only: Micro QR and rMQR are no card's format."""

    name = "zxing"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.reads_inverted = settings.try_invert

    def decode(
        self, frame: Frame, threshold: Threshold = Threshold.LOCAL, *, brief: bool = False
    ) -> list[Symbol]:
        """Return the symbols read in `frame`, and those located but not read."""
        # The view does not keep the buffer alive (a freed one is read and crashes the process), so
        # `frame` must stay referenced here until the read returns.
        frame = whole_rows(frame)
        view = zxingcpp.ImageView(
            frame.luma,
            frame.width_px,
            frame.height_px,
            zxingcpp.ImageFormat.Lum,
            frame.stride_px,
            1,
        )
        found = zxingcpp.read_barcodes(
            view,
            formats=_FORMATS,
            # Rotation is free for QR: the finder patterns tell it. This option only costs.
            try_rotate=False,
            try_downscale=self._settings.try_downscale and not brief,
            try_invert=self._settings.try_invert and not brief,
            return_errors=True,
            binarizer=_BINARIZERS[threshold],
        )
        return [symbol for barcode in found if (symbol := self._symbol(barcode)) is not None]

    def _symbol(self, barcode: zxingcpp.Barcode) -> Symbol | None:
        corners = _corners(barcode.position)
        if barcode.valid and barcode.bytes:
            whole = not _is_part(barcode)
            return Symbol(barcode.bytes, corners, self.name) if whole else None
        # An error without a position was located nowhere: nothing to hold still.
        return None if corners is None or barcode.valid else Symbol(None, corners, self.name)


def _is_part(barcode: zxingcpp.Barcode) -> bool:
    modules = memoryview(barcode.to_image(add_quiet_zones=False))  # type: ignore[arg-type] # a buffer
    extra: Any = barcode.extra
    return is_part(modules, len(modules), extra["DataMask"])


def _corners(position: zxingcpp.Position) -> Corners | None:
    points = (
        position.top_left,
        position.top_right,
        position.bottom_right,
        position.bottom_left,
    )
    top_left, top_right, bottom_right, bottom_left = (
        (_bounded(p.x), _bounded(p.y)) for p in points
    )
    if top_left == bottom_right:
        return None
    return (top_left, top_right, bottom_right, bottom_left)


def _bounded(px: int) -> int:
    """Keep what extrapolation of a failed symbol made of a position within what a line may hold."""
    return max(-_FARTHEST_PX, min(px, _FARTHEST_PX))


def build(settings: Settings) -> ZxingDecoder:
    """Return the decoder."""
    return ZxingDecoder(settings)
