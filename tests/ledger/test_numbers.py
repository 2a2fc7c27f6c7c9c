"""The numbers' arithmetic, held against a plain set of numbers."""

from hypothesis import given
from hypothesis import strategies as st

from ledger.numbers import Gap, Taken, take

BATCHES = st.lists(st.lists(st.integers(1, 60), max_size=12), max_size=12)


def after(gaps: list[Gap], taken: Taken) -> list[Gap]:
    touched = dict(taken.left)
    kept = [gap for gap in gaps if gap not in touched]
    return sorted([*kept, *(part for left in touched.values() for part in left), *taken.opened])


@given(BATCHES)
def test_high_and_gaps_say_exactly_what_was_stored(batches: list[list[int]]) -> None:
    stored: set[int] = set()
    high, gaps = 0, list[Gap]()
    for batch in batches:
        taken = take(high, gaps, batch)
        assert taken.fresh == set(batch) - stored
        stored |= set(batch)
        high, gaps = taken.high, after(gaps, taken)

        missing = {n for gap in gaps for n in range(gap.first, gap.last + 1)}
        assert high == max(stored, default=0)
        assert missing == set(range(1, high + 1)) - stored
        assert all(gap.first <= gap.last for gap in gaps)


@given(st.integers(0, 2**63 - 1), st.integers(1, 2**63 - 1))
def test_any_number_costs_the_same(high: int, number: int) -> None:
    taken = take(high, [], [number])
    assert taken.fresh == ({number} if number > high else set())
    assert len(taken.opened) <= 1
