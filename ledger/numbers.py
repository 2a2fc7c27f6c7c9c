"""Which numbers of an epoch are stored: everything up to the highest, but for the gaps.

Pure. Two things are kept for each series of numbers, however long it is: the highest number and
the gaps below it. What is new, what was there before and up to where nothing is missing all follow
from them, so nothing has to look through the stored rows.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True, order=True)
class Gap:
    """Missing numbers, both ends included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What changed: numbers that are `fresh`, the new `high`, and what became of the gaps.

    `left` holds for each gap that was touched what is left of it.
    """

    fresh: frozenset[int]
    high: int
    opened: tuple[Gap, ...]
    left: tuple[tuple[Gap, tuple[Gap, ...]], ...]


def take(high: int, gaps: Sequence[Gap], numbers: Iterable[int]) -> Taken:
    """Return what storing `numbers` changes; `gaps` are at least those that they fall into.

    >>> take(3, [], [4, 7, 2])
    Taken(fresh=frozenset({4, 7}), high=7, opened=(Gap(first=5, last=6),), left=())
    >>> take(7, [Gap(2, 5)], [4, 7]).left
    ((Gap(first=2, last=5), (Gap(first=2, last=3), Gap(first=5, last=5))),)
    """
    wanted = sorted(set(numbers))
    above = wanted[bisect_right(wanted, high) :]
    fresh = set(above)
    opened = tuple(
        Gap(before + 1, number - 1)
        for before, number in pairwise((high, *above))
        if number > before + 1
    )
    left = []
    for gap in gaps:
        inside = wanted[bisect_left(wanted, gap.first) : bisect_right(wanted, gap.last)]
        if inside:
            fresh.update(inside)
            left.append((gap, without(gap, inside)))
    return Taken(frozenset(fresh), above[-1] if above else high, opened, tuple(left))


def without(gap: Gap, found: Sequence[int]) -> tuple[Gap, ...]:
    """Return what is left of a gap when numbers in it were found; `found` is in order.

    >>> without(Gap(2, 9), [2, 5])
    (Gap(first=3, last=4), Gap(first=6, last=9))
    """
    edges = (gap.first - 1, *found, gap.last + 1)
    return tuple(Gap(a + 1, b - 1) for a, b in pairwise(edges) if b > a + 1)
