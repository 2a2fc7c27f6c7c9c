"""Outboxes beside a plain model: whatever happens in whatever order, nothing committed vanishes.

The model knows nothing of files: a list of what was committed, and what was said about it. All
times are whole hours, so that the minute to which an outbox notes the ledger's word cannot matter.
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from kiosk.door.event import (
    Acknowledgement,
    BootClock,
    CheckInEvent,
    ClockReading,
    QueuedEvent,
    read_event,
)
from kiosk.outbox import Outbox
from kiosk.outbox.memory import MemoryOutbox
from kiosk.outbox.memory import Settings as MemorySettings
from kiosk.outbox.sqlite import Settings as SqliteSettings
from kiosk.outbox.sqlite import SqliteOutbox
from tests.parts.check_ins import SOURCE
from tests.parts.memories import came_in, inside
from tests.parts.readings import DAY_S, check_in_at, reading

RETENTION_S, ACKNOWLEDGED_S, OFF_MAX_S = 14 * DAY_S, 7 * DAY_S, 7 * DAY_S
HOUR_S = 3600
MEMORY = Path("/dev/shm")
"""Thousands of commits: whether they reach a disk is another test's subject."""
HOURS = st.one_of(st.integers(0, 48), st.integers(49, 24 * 40))


@dataclass(slots=True)
class Row:
    """One committed event, as the model sees it; ages in seconds."""

    event: QueuedEvent
    age_s: float
    is_sent: bool = False
    acknowledged_s: float | None = None


class Beside(RuleBasedStateMachine):
    """Does everything to an outbox and to the model, and compares what can be seen."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
        self.outbox: Outbox = self.build()
        self.kept: list[Row] = []
        self.last_seq = self.ever_sent = self.acknowledged = 0
        self.boots_told: set[int] = set()
        self.epoch = ""
        self.age_s = self.passed_s = self.skew_s = 0.0
        self.boot = 1
        self.keep()

    def build(self) -> Outbox:
        raise NotImplementedError

    def teardown(self) -> None:
        """Have everything sent once more: it is there, and its bytes are what they were."""
        try:
            self.acknowledge(0)
            self.send_again()
            self.agrees()
        finally:
            self.outbox.close()
            shutil.rmtree(self.folder)

    @property
    def now(self) -> ClockReading:
        return reading(self.passed_s, boot=f"boot {self.boot}", skewed_s=self.skew_s)

    @rule(count=st.integers(1, 6))
    def commit(self, count: int) -> None:
        for _ in range(count):
            number = self.last_seq + 1
            self.added(
                self.outbox.commit(check_in_at(number, self.now), came_in({"m": float(number)}))
            )
            assert inside(self.outbox) == {"m": float(number)}

    @rule()
    def tell_the_clock(self) -> None:
        told = self.outbox.commit_clock(BootClock(boot=f"b{self.boot}", offset_ns=1), self.now)
        assert (told is None) == (self.boot in self.boots_told)
        self.boots_told.add(self.boot)
        if told is not None:
            self.added(told)

    def added(self, event: QueuedEvent) -> None:
        self.last_seq += 1
        assert event.seq == self.last_seq, "numbers have no gap"
        self.epoch = event.event_id.partition(":")[0]
        self.kept.append(Row(event, self.age_s))

    @rule(data=st.data())
    def send(self, data: st.DataObject) -> None:
        waiting = [row for row in self.kept if not row.is_sent]
        some = st.sets(st.integers(0, len(waiting) - 1)) if waiting else st.just(set[int]())
        chosen = [waiting[i] for i in data.draw(st.one_of(some, st.just(set(range(len(waiting))))))]
        self.outbox.mark_sent([row.event.row for row in chosen])
        for row in chosen:
            row.is_sent = True
        unsent = (r.event.seq for r in self.kept if r.event.seq > self.ever_sent and not r.is_sent)
        self.ever_sent = next(unsent, self.last_seq + 1) - 1

    @rule(upto=st.integers(0, 40))
    def acknowledge(self, upto: int) -> None:
        said = {self.epoch or "0" * 16: upto, "e" * 16: upto}
        again = self.outbox.acknowledge(Acknowledgement(epochs=said))
        expected = 0
        if self.epoch and upto <= self.ever_sent:
            lower, self.acknowledged = upto < self.acknowledged, upto
            for row in self.kept:
                if row.event.seq > upto:
                    row.acknowledged_s = None
                elif row.acknowledged_s is None:
                    row.acknowledged_s, row.is_sent = self.age_s, True
            expected = self.model_sends_again() if lower else 0
        assert again == expected

    @rule()
    def send_again(self) -> None:
        assert self.outbox.send_again() == self.model_sends_again()

    def model_sends_again(self) -> int:
        again = [r for r in self.kept if r.is_sent and r.event.seq > self.acknowledged]
        for row in again:
            row.is_sent = False
        return len(again)

    @rule(hours=HOURS)
    def pass_time(self, hours: int) -> None:
        self.passed_s += hours * HOUR_S
        self.age_s += hours * HOUR_S
        self.keep()

    @rule(days=st.integers(-5000, 5000))
    def jump(self, days: int) -> None:
        self.skew_s += days * DAY_S
        self.keep()

    @rule(hours=HOURS)
    def reboot(self, hours: int) -> None:
        self.boot += 1
        self.passed_s += hours * HOUR_S
        self.age_s += min(hours * HOUR_S, OFF_MAX_S)
        self.reopen()
        self.keep()

    @rule()
    def reopen(self) -> None:
        """Go on with another object on the same queue."""
        before, self.outbox = self.outbox, self.outbox.sibling()
        before.close()

    def keep(self) -> None:
        for _ in range(100):
            if not self.outbox.keep(self.now):
                break
        else:
            raise AssertionError("there is always more to do")
        while self.kept and self.may_go(self.kept[0]):
            del self.kept[0]

    def may_go(self, row: Row) -> bool:
        acknowledged_s = row.acknowledged_s
        return acknowledged_s is not None and self.age_s - acknowledged_s > ACKNOWLEDGED_S

    @invariant()
    def agrees(self) -> None:
        unsent = [row for row in self.kept if not row.is_sent]
        pending = self.outbox.pending(0, 10**6)
        assert [event.event_id for event in pending] == [row.event.event_id for row in unsent]
        for event, row in zip(pending, unsent, strict=True):
            self.assert_same(event, row)
        depth = self.outbox.depth()
        assert depth.rows == len(self.kept)
        assert depth.unsent == len(unsent)
        assert depth.unacknowledged == sum(r.event.seq > self.acknowledged for r in self.kept)
        waited_s = self.age_s - unsent[0].age_s if unsent else None
        assert depth.oldest_unsent_s == waited_s

    def assert_same(self, event: QueuedEvent, row: Row) -> None:
        if event.body == row.event.body:
            assert self.age_s - row.age_s < RETENTION_S or event.name == "clock"
            return
        assert self.age_s - row.age_s >= RETENTION_S
        before, after = read_event(row.event.body), read_event(event.body)
        assert isinstance(before, CheckInEvent)
        assert isinstance(after, CheckInEvent)
        assert (after.data.handle, after.data.sealed, after.data.expired) == (None, None, True)
        kept = {"handle": before.data.handle, "sealed": before.data.sealed, "expired": False}
        restored = after.data.model_copy(update=kept)
        assert after.model_copy(update={"data": restored}) == before


class MemoryBeside(Beside):
    def build(self) -> Outbox:
        return MemoryOutbox(MemorySettings(), SOURCE)


class SqliteBeside(Beside):
    def build(self) -> Outbox:
        return SqliteOutbox(SqliteSettings(path=self.folder / "outbox.db"), SOURCE)

    @rule()
    def restart(self) -> None:
        """Begin anew as a new process would."""
        self.outbox.close()
        self.outbox = self.build()


@pytest.mark.parametrize("machine", [MemoryBeside, SqliteBeside], ids=["memory", "sqlite"])
def test_an_outbox_is_what_the_model_says(machine: type[Beside]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=40,
            stateful_step_count=40,
            deadline=None,
            database=None,
            # A long history as it was found says more than a time limit that shrinking ran into.
            phases=[Phase.generate],
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
