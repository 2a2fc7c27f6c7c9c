"""A control of the loss matrix is judged by counts of events, the same on each machine."""

import random
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.chaos.plan import BREAKS, Fault, Share, matrix
from benchmarks.chaos.relay import Relay
from benchmarks.chaos.settling import Settled, Settling
from benchmarks.chaos.torment import Scene, strike, torments
from tests.parts.puppets import Puppet, Quick

PAGE = Path(__file__).parents[2] / "docs/explanation/loss-matrix.md"
SHARE = Share(active_s=30.0, settle_s=100.0, events=1, quiet_s=20.0)


class Busy(Relay):
    """A network over which more events went each time that somebody looks.

    After `most` all is over. So a torment sees each count, however slow the machine is.
    """

    def __init__(self, most: int, over: threading.Event, step: int) -> None:
        self._most, self._over, self._step = most, over, step
        self._seen = -step
        super().__init__(1, random.Random(1))

    @property
    def passed(self) -> int:
        """How many events went over the wire; more at each look."""
        self._seen = min(self._seen + self._step, self._most)
        if self._seen == self._most:
            self._over.set()
        return self._seen

    @passed.setter
    def passed(self, count: int) -> None:
        del count


def before_a_control(most: int, step: int) -> tuple[Scene, Puppet]:
    puppet, over = Puppet(), threading.Event()
    relay = Busy(most, over, step)
    return Scene([puppet], puppet, puppet, relay, None, over, must_lose=True), puppet


@pytest.mark.parametrize(
    ("fault", "most", "step"),
    [
        (Fault.BROKER_KILLED, 40, 10),
        (Fault.KIOSK_KILLED, 40, 10),
        (Fault.LEDGER_PAUSED, 3600, 400),
        (Fault.LEDGER_SLOW, 1200, 400),
        # Traffic is waited for first, which two looks see.
        (Fault.LEDGER_KILLED, 800 + 3600, 400),
    ],
)
@pytest.mark.parametrize("missing", [0, 1])
def test_a_chance_is_so_many_events_and_not_one_less(
    fault: Fault, most: int, step: int, missing: int
) -> None:
    given, puppet = before_a_control(most - missing, step)
    for torment in torments(frozenset({fault}), given):
        torment(given, Quick())
    assert given.had == 1 - missing
    assert puppet.kills + puppet.pauses == 1
    assert puppet.lives


def test_the_page_says_how_many_chances_each_control_needs() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    controls = [row for row in matrix() if row.must_lose]
    assert len(controls) == len(BREAKS)
    for row in controls:
        begin, end = f"| {row.variant}, {row.name} | ", f" | {row.chances} |"
        assert [line for line in lines if line.startswith(begin) and line.endswith(end)], begin


def test_what_was_dropped_after_its_answer_is_a_chance_each() -> None:
    given, _ = before_a_control(1, 1)
    given.relay.swallowed = 3
    assert given.had == 3


def test_only_ours_is_not_waited_for_when_few_events_come() -> None:
    over = threading.Event()
    ours = replace(before_a_control(1, 1)[0], relay=Relay(1, random.Random(1)), over=over)
    assert not replace(ours, must_lose=False).passes(1, most_s=-1.0)
    assert not over.is_set()
    busy, _ = before_a_control(50, 1)
    assert busy.passes(50, most_s=-1.0)


def test_faults_strike_while_time_is_left() -> None:
    given, _ = before_a_control(1, 1)
    left_s, looks = iter([0.001, 0.001, 0.0]), list[str]()
    strike(
        frozenset({Fault.CUT}),
        given,
        random.Random(1),
        lambda: next(left_s),
        lambda: looks.append("once more"),
    )
    assert len(looks) == 2


# When it is known what a row came to.


def test_a_row_has_settled_when_it_is_whole_twice() -> None:
    settling = Settling(SHARE, 0.0, must_lose=False)
    assert settling.look(1.0, 5, 1, whole=True) is None
    # One more was shown meanwhile.
    assert settling.look(2.0, 6, 2, whole=True) is None
    assert settling.look(3.0, 6, 2, whole=True) == Settled(3.0)


def test_ours_has_all_its_patience_and_is_restarted_once() -> None:
    settling = Settling(SHARE, 0.0, must_lose=False)
    assert not settling.asks_for_a_restart(60.0)
    assert settling.asks_for_a_restart(61.0)
    assert not settling.asks_for_a_restart(62.0)
    assert settling.look(100.0, 5, 1, whole=False) is None
    assert settling.look(101.0, 5, 1, whole=False) == Settled(None, restarted=True)


def test_a_control_is_over_when_nothing_comes_any_more() -> None:
    settling = Settling(SHARE, 0.0, must_lose=True)
    assert settling.look(1.0, 5, 1, whole=False) is None
    assert settling.look(20.0, 5, 2, whole=False) is None
    assert settling.look(40.0, 5, 2, whole=False) is None
    assert settling.look(41.0, 5, 2, whole=False) == Settled(None)
    assert not settling.asks_for_a_restart(90.0)


def test_what_still_comes_when_time_is_up_is_not_called_lost() -> None:
    settling = Settling(SHARE, 0.0, must_lose=True)
    looks = [settling.look(at_s, 99, at_s, whole=False) for at_s in range(10, 101, 10)]
    assert looks == [None] * 10
    assert settling.look(101.0, 99, 101, whole=False) == Settled(None, still_came=True)
