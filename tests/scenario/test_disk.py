"""The disk fills up, and has room again: what the door shows, and what it records."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from kiosk.door.cues import Show, Unlock
from kiosk.door.event import CheckInEvent
from kiosk.door.machine import Phase
from kiosk.door.rules import Reason, Verdict
from kiosk.door.signal import Fault, Signal, pattern_of
from kiosk.eye.people import person
from kiosk.outbox.memory import MemoryOutbox
from kiosk.outbox.memory import Settings as MemorySettings
from kiosk.outbox.sqlite import Settings as SqliteSettings
from kiosk.outbox.sqlite import SqliteOutbox
from tests.parts.check_ins import SOURCE
from tests.scenario.doorway import Committed, Doorway, Nudged

AN, BINH = (person(random.Random(seed)) for seed in (1, 2))
PAYMENT = (
    "00020101021138570010A00000072701270006999999011300990000000000208QRIBFTTA"
    "5303704540410005802VN63040FF8"
)


@pytest.fixture
def memory() -> MemoryOutbox:
    return MemoryOutbox(MemorySettings(), SOURCE)


def _sqlite(folder: Path) -> SqliteOutbox:
    return SqliteOutbox(SqliteSettings(path=folder / "outbox.db"), SOURCE)


def _memory(_folder: Path) -> MemoryOutbox:
    return MemoryOutbox(MemorySettings(), SOURCE)


@pytest.mark.parametrize("build", [_memory, _sqlite])
def test_green_comes_after_the_commit(
    build: Callable[[Path], MemoryOutbox | SqliteOutbox], tmp_path: Path
) -> None:
    doorway = Doorway(build(tmp_path)).open()
    doorway.hold(AN, for_s=1)
    assert [type(did) for did in doorway.trace] == [Committed, Nudged, Show, Unlock]
    (event,) = doorway.outbox.pending(0, 10)
    assert event == doorway.committed[0]
    assert CheckInEvent.model_validate_json(event.body).data.verdict is Verdict.ACCEPTED
    doorway.outbox.close()


def test_a_full_disk_is_shown_in_three_blinks_and_never_green(memory: MemoryOutbox) -> None:
    doorway = Doorway(memory).open()
    memory.fill()
    doorway.hold(AN, for_s=4)
    doorway.hold(BINH, for_s=4)
    assert doorway.greens == 0
    assert Unlock() not in doorway.trace
    assert set(doorway.signals) == {Signal.OUT_OF_ORDER}
    shown = doorway.shows[-1]
    assert shown.fault is Fault.DISK
    reds = [step for step in pattern_of(shown.signal, shown.fault).steps if step.red]
    assert len(reds) == 3
    assert doorway.committed == []


def test_a_card_still_held_is_decided_when_the_disk_takes_writes_again(
    memory: MemoryOutbox,
) -> None:
    doorway = Doorway(memory).open()
    memory.fill()
    doorway.hold(AN, for_s=3)
    memory.fill(full=False)
    doorway.hold(AN, for_s=2)
    assert [type(did) for did in doorway.trace[-3:]] == [Nudged, Show, Unlock]
    assert doorway.signals[-2:] == [Signal.READY, Signal.ACCEPTED]
    assert doorway.greens == 1
    assert [event.seq for event in doorway.committed] == [1]


def test_nobody_is_recorded_whose_card_was_gone_before_the_disk_recovered(
    memory: MemoryOutbox,
) -> None:
    doorway = Doorway(memory).open()
    memory.fill()
    doorway.hold(AN, for_s=2)
    doorway.wait(1)
    memory.fill(full=False)
    doorway.wait(3)
    assert (doorway.committed, doorway.greens) == ([], 0)
    doorway.hold(BINH)
    assert doorway.greens == 1


def test_a_refusal_turns_red_although_the_disk_fails_then_the_door_is_out_of_order(
    memory: MemoryOutbox,
) -> None:
    doorway = Doorway(memory).open()
    memory.fill()
    doorway.hold(PAYMENT, for_s=0.5)
    assert [(show.signal, show.fault) for show in doorway.shows[:2]] == [
        (Signal.NOT_A_CARD, None),
        (Signal.OUT_OF_ORDER, Fault.DISK),
    ]
    assert doorway.committed == []


def test_a_refusal_is_shown_before_and_recorded_after_with_its_reason(memory: MemoryOutbox) -> None:
    doorway = Doorway(memory).open()
    doorway.hold(PAYMENT, for_s=1)
    assert [type(did) for did in doorway.trace] == [Show, Committed, Nudged]
    data = CheckInEvent.model_validate_json(doorway.committed[0].body).data
    assert (data.verdict, data.reason) == (Verdict.REJECTED, Reason.PAYMENT_CODE)
    assert (data.handle, data.kind) == (None, None)


def test_a_disk_that_is_full_at_the_start_is_said_and_recovers(memory: MemoryOutbox) -> None:
    memory.fill()
    doorway = Doorway(memory)
    doorway.hold(AN, for_s=3)
    assert doorway.kiosk.door.phase is Phase.OUT_OF_ORDER
    assert doorway.greens == 0
    memory.fill(full=False)
    doorway.wait(2)
    doorway.hold(AN)
    assert doorway.greens == 1


def test_a_disk_that_fills_up_while_nobody_comes_is_noticed_before_the_next_card(
    memory: MemoryOutbox,
) -> None:
    doorway = Doorway(memory).open()
    memory.fill()
    doorway.wait(31)
    assert doorway.shows[-1] == Show(Signal.OUT_OF_ORDER, Fault.DISK)


def test_the_disk_may_fail_and_recover_many_times(memory: MemoryOutbox) -> None:
    doorway = Doorway(memory).open()
    people = [person(random.Random(seed)) for seed in range(40)]
    for number, text in enumerate(people):
        memory.fill(full=number % 2 == 1)
        doorway.hold(text, for_s=1.5)
        doorway.wait(3)
    # Each failure costs its own card and at most the one that came before the disk was proven.
    assert doorway.greens == len(doorway.committed)
    assert doorway.greens >= 19
    assert [event.seq for event in doorway.committed] == [*range(1, doorway.greens + 1)]
