"""What the C library's allocator keeps of memory that nobody uses any more.

Left alone it learns from the first picture that large pieces come and go, and keeps them: beside
what is in use, the eye then holds several pictures' worth of holes, and more for each thread that
ever asked. Told what to do, it takes large pieces from the system and gives them back at once.

Source: mallopt(3) and malloc_trim(3), which glibc alone has.
"""

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
LARGE_BYTES = 256 * 1024
"""A frame of 640 x 480 is larger, and nearly all that comes in great numbers is smaller."""


def keep_little() -> None:
    """Keep no large pieces and no stock for each thread; once, before there are other threads."""
    option = getattr(ctypes.CDLL(None), "mallopt", None)
    if option is not None:
        for name, value in (
            (_M_ARENA_MAX, 1),
            (_M_MMAP_THRESHOLD, LARGE_BYTES),
            (_M_TRIM_THRESHOLD, LARGE_BYTES),
        ):
            option(name, value)


def give_back() -> None:
    """Hand all memory that was freed back to the system."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
