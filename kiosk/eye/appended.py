"""Parts of a structured append: a text over several symbols, each of which reads as if whole.

zxing-cpp's Python binding does not tell. What it does hand out are the symbol's modules as they
were sampled, and the mask over them: the first four modules of the data say what follows, and 0011
says that this is a part.

Source: ISO/IEC 18004: data placement from the lower right corner upwards, the eight masks, mode
indicators, and the format information in row 8.
"""

from collections.abc import Callable

STRUCTURED_APPEND = 0b0011
_FORMAT_MASK = 0b101

_MASKS: tuple[Callable[[int, int], bool], ...] = (
    lambda row, column: (row + column) % 2 == 0,
    lambda row, _: row % 2 == 0,
    lambda _, column: column % 3 == 0,
    lambda row, column: (row + column) % 3 == 0,
    lambda row, column: (row // 2 + column // 3) % 2 == 0,
    lambda row, column: row * column % 2 + row * column % 3 == 0,
    lambda row, column: (row * column % 2 + row * column % 3) % 2 == 0,
    lambda row, column: ((row + column) % 2 + row * column % 3) % 2 == 0,
)


def is_part(luma: memoryview, side: int, mask: int) -> bool:
    """Tell whether a symbol says that it is a part of a larger text.

    `luma`: uint8, `side` rows of `side` modules, no quiet zone, 0 is dark. `mask`: 0 to 7.

    One wrongly sampled module among the four can make a part of a whole symbol. Another decoder,
    which corrects errors before it looks, may still read that one.
    """
    last = side - 1

    def at(row: int, column: int) -> bool:
        return luma[row, column] == 0

    def mirrored(row: int, column: int) -> bool:
        return luma[column, row] == 0

    # A mirrored symbol's modules come as they are seen. Where the format reads alike both ways, a
    # mirrored part may be taken for a whole symbol; nobody prints them.
    module = at if _mask_of(at) == mask else mirrored
    mode = 0
    for row, column in ((last, last), (last, last - 1), (last - 1, last), (last - 1, last - 1)):
        mode = 2 * mode + (module(row, column) != _MASKS[mask](row, column))
    return mode == STRUCTURED_APPEND


def _mask_of(module: Callable[[int, int], bool]) -> int:
    """Return the mask that the format information names."""
    bits = 4 * module(8, 2) + 2 * module(8, 3) + module(8, 4)
    return bits ^ _FORMAT_MASK
