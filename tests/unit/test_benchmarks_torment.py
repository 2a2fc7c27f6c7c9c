"""What is done to programs in a chaos run: it strikes, and leaves everything as it should be."""

import random
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.chaos.plan import REFUSALS, Fault, Row, matrix
from benchmarks.chaos.relay import CALM, Relay
from benchmarks.chaos.slots import Slots
from benchmarks.chaos.torment import Scene, spell, temper, torments
from tests.parts.puppets import Puppet, Quick
from tests.parts.reports import join

PATIENCE_S = 20.0


def scene(small_disk: Path | None = None) -> tuple[Scene, Puppet]:
    """Return a scene in which one puppet is everybody, and a network without traffic."""
    puppet = Puppet()
    relay = Relay(1, random.Random(1))
    over = threading.Event()
    return Scene([puppet], puppet, puppet, relay, small_disk, over), puppet


def struck(faults: frozenset[Fault], given: Scene, met: Callable[[], bool], on: Puppet) -> None:
    """Let the faults strike until `met`, then call them off."""
    threads = [
        threading.Thread(target=what, args=(given, Quick())) for what in torments(faults, given)
    ]
    for thread in threads:
        thread.start()
    with on.changed:
        assert on.changed.wait_for(met, PATIENCE_S)
    given.over.set()
    for thread in threads:
        join(thread)


@pytest.mark.parametrize("fault", [Fault.KIOSK_KILLED, Fault.BROKER_KILLED])
def test_who_is_killed_lives_again_when_it_is_over(fault: Fault) -> None:
    given, puppet = scene()
    struck(frozenset({fault}), given, lambda: puppet.told.count(signal.SIGKILL) >= 3, puppet)
    assert puppet.lives
    assert puppet.kills == puppet.told.count(signal.SIGKILL)
    assert puppet.ends == []


@pytest.mark.parametrize(
    "fault", [Fault.KIOSK_PAUSED, Fault.BROKER_PAUSED, Fault.LEDGER_PAUSED, Fault.LEDGER_SLOW]
)
def test_who_is_paused_goes_on_when_it_is_over(fault: Fault) -> None:
    given, puppet = scene()
    struck(frozenset({fault}), given, lambda: signal.SIGSTOP in puppet.told, puppet)
    assert puppet.told[-1] is signal.SIGCONT
    assert puppet.told.count(signal.SIGSTOP) == puppet.told.count(signal.SIGCONT) == puppet.pauses


def test_a_disk_that_was_filled_is_free_when_it_is_over(tmp_path: Path) -> None:
    given, _ = scene(tmp_path)
    filling = torments(frozenset({Fault.DISK_FULL}), given)
    # It is over before it begins to write: a real disk is not to be filled.
    given.over.set()
    for what in filling:
        what(given, Quick())
    assert list(tmp_path.iterdir()) == []


def test_refusals_are_over_when_it_is_over() -> None:
    given, _ = scene()
    refusing = torments(frozenset(REFUSALS), given)
    assert len(refusing) == 1
    given.over.set()
    refusing[0](given, Quick())
    assert given.relay.temper == CALM


def test_each_fault_is_either_a_torment_or_a_temper_or_the_clock() -> None:
    for fault in Fault:
        given, _ = scene()
        temper(given.relay, frozenset({fault}), random.Random(1))
        tempered = given.relay.temper != CALM
        assert tempered != bool(torments(frozenset({fault}), given)) or fault is Fault.CLOCK_JUMPS


def test_in_a_spell_one_is_killed_and_over_many_spells_everything_happens() -> None:
    rng = random.Random(1)
    spells = [spell(frozenset(Fault), rng) for _ in range(200)]
    kills = {Fault.KIOSK_KILLED, Fault.BROKER_KILLED, Fault.LEDGER_KILLED}
    assert all(len(together & kills) == 1 for together in spells)
    assert all(len(together) == 4 for together in spells)
    assert frozenset[Fault]().union(*spells) == frozenset(Fault)


def test_rows_come_in_by_turns_in_their_order() -> None:
    rows, off = matrix()[:3], threading.Event()
    slots, entered = Slots(1, rows, off), list[str]()
    first, leave = threading.Event(), threading.Event()

    def enter(row: Row) -> None:
        with slots.one(row) as let_in:
            if let_in:
                entered.append(row.name)
                first.set()
                assert leave.wait(PATIENCE_S)

    threads = [threading.Thread(target=enter, args=(row,)) for row in reversed(rows)]
    for thread in threads:
        thread.start()
    assert first.wait(PATIENCE_S)
    assert entered == [rows[0].name]
    leave.set()
    for thread in threads:
        join(thread)
    assert entered == [row.name for row in rows]


def test_nobody_is_let_in_after_it_was_called_off() -> None:
    rows, off = matrix()[:1], threading.Event()
    off.set()
    with Slots(1, rows, off).one(rows[0]) as let_in:
        assert not let_in


def test_a_program_that_ends_by_itself_is_noted_with_what_it_said(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("its last words")
    puppet = Puppet(log)
    puppet.lives = False
    assert not puppet.kill()
    assert puppet.kills == 0
    assert "its last words" in puppet.ends[0]
    puppet.mend()
    assert puppet.lives
