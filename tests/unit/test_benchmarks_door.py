"""The door's stop watches: what counts as our own time, and an outage in small."""

from pathlib import Path

from benchmarks.door import Times, figures, stages
from benchmarks.outage import run

MS = 1_000_000


def watched(cards: int, *, own_ms: int = 4) -> Times:
    """Return the times of cards that were each read at the second look."""
    times = Times()
    for number in range(cards):
        shown = 10_000 * MS * (number + 1)
        times.shown[number] = shown
        # A miss on this frame, then a read on the next one.
        times.decodes += [(shown, shown + 1 * MS, shown + 3 * MS)]
        times.decodes += [(shown + 33 * MS, shown + 34 * MS, shown + 39 * MS)]
        times.heard.append((shown + 33 * MS, shown + 40 * MS))
        times.commits.append((shown + 40 * MS, shown + 42 * MS))
        times.greens.append(shown + 39 * MS + own_ms * MS)
        # The card is still there after green: looked at, and no part of the answer.
        times.decodes.append((shown + 66 * MS, shown + 67 * MS, shown + 70 * MS))
        times.bare_decodes.append(5 * MS)
        times.bare_commits.append(25 * MS)
    return times


def test_all_but_decoding_is_our_own() -> None:
    told = stages(watched(2), 0)
    assert told is not None
    assert (told["whole"], told["decoding"], told["own"]) == (43, 7, 36)
    parts = ("looking without decoding", "to the kiosk", "deciding", "committing", "lighting")
    assert sum(told[name] for name in parts) == told["own"]


def test_a_card_that_was_never_green_is_no_figure_and_a_failure() -> None:
    times = watched(3)
    del times.greens[1]
    assert stages(times, 1) is None
    told = figures(times, 3)
    assert (told["green"], told["held"]["every_card_green"]) == (2, False)


def test_the_limits_are_held_against_the_bare_work() -> None:
    assert figures(watched(4), 4)["held"] == {
        "own_p99": False,
        "whole_median": True,
        "every_card_green": True,
    }
    slow = figures(watched(4, own_ms=10), 4)
    assert slow["whole_to_bare"] > 1.5
    assert slow["held"]["whole_median"] is False


def test_an_outage_of_three_days_keeps_every_scan(tmp_path: Path) -> None:
    told = run(tmp_path, days=3, scans=40, sample=10)
    assert told["rows"] == 3 * 40 + 10
    assert told["held"]["every_scan_committed"] is True
    assert told["held"]["every_event_in_the_ledger"] is True
    assert told["stored"] == told["rows"]
    assert told["oldest_unsent_days"] > 3
