"""Looking: every decoder in turn until one reads something.

The cheap reader comes first and the second opinion only on a miss, in the order of `eye.decoders`.
"""

from collections.abc import Sequence

from kiosk.eye.decoders import Decoder, Symbol
from kiosk.eye.frame import Frame


class Look:
    """Reads a frame with the first decoder that can; owned by the eye's one thread."""

    def __init__(self, decoders: Sequence[Decoder]) -> None:
        self.decoders = tuple(decoders)

    def read(self, frame: Frame) -> list[Symbol]:
        """Return the symbols in `frame`: each payload once, or else those located but not read."""
        located: list[Symbol] = []
        for decoder in self.decoders:
            symbols = decoder.decode(frame)
            read = {s.payload: s for s in symbols if s.payload is not None}
            located.extend(s for s in symbols if s.payload is None)
            if read:
                return list(read.values())
        return located
