"""What the garbage collector need not look at again.

A full collection walks through every module that was ever loaded: 15 ms and more, at a moment of
its own choosing, and that may be while somebody waits for the green light.
"""

import gc


def leave_what_stays() -> None:
    """Keep what is there now out of all later collections; once, when a process has started."""
    gc.collect()
    gc.freeze()
