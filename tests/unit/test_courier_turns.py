"""Turns without a thread: what was read ahead is never older than what is on disk."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from kiosk.door.event import CheckInEvent, ClockReading, QueuedEvent, read_event
from kiosk.errors import OutboxFull
from kiosk.outbox import memory
from kiosk.uplink import Connected, Post, Puback, Report, Wanted
from kiosk.uplink.delivery.policy import Courier
from kiosk.uplink.delivery.rows import SUCCESS
from kiosk.uplink.delivery.turns import KEEP_S, Turns
from tests.parts.check_ins import SOURCE, check_in


class Wire:
    """An uplink that takes one event at a time and keeps it."""

    def __init__(self) -> None:
        self.sent: list[QueuedEvent] = []

    def connect(self, post: Post) -> None:
        post(Connected(2))

    def send(self, event: QueuedEvent) -> None:
        self.sent.append(event)

    def send_status(self, body: bytes) -> None:
        assert body

    def listen(self, wanted: Sequence[Wanted]) -> None:
        assert wanted

    def answer(self, name: str, body: bytes) -> None:
        assert name
        assert body

    def disconnect(self, status: bytes | None = None) -> None:
        assert status is None


def test_what_retention_blanked_does_not_leave_as_it_was_read() -> None:
    outbox, wire, said = memory.build(memory.Settings(), SOURCE), Wire(), list[Report]()
    begin, days = check_in().clock, 0

    def reading() -> ClockReading:
        passed = timedelta(days=days)
        mono_ns = begin.mono_ns + days * 86400 * 10**9
        return ClockReading(utc=begin.utc + passed, trusted=True, boot=begin.boot, mono_ns=mono_ns)

    turns = Turns(Courier(), outbox.sibling(), wire, said.append, reading)
    for number in range(1, 6):
        outbox.commit(check_in(number))
    turns.turn(0.0)
    turns.hear(said.pop(), 0.0)
    turns.turn(0.0)
    for row, at_s in ((1, 25.0), (2, 50.0)):
        turns.hear(Puback(row, SUCCESS), at_s)
        turns.turn(at_s)

    days = 15
    turns.turn(KEEP_S)
    turns.hear(Puback(3, SUCCESS), KEEP_S)
    turns.turn(KEEP_S)

    assert [event.row for event in wire.sent] == [1, 2, 3, 4]
    late = read_event(wire.sent[3].body)
    assert isinstance(late, CheckInEvent)
    assert late.data.expired
    assert late.data.handle is None


def test_a_disk_that_fails_stops_sending_until_what_was_taken_over_is_marked() -> None:
    """Else the list of what is not marked would grow as long as the disk is full."""
    outbox, wire, said = FullDisk(memory.Settings(), SOURCE), Wire(), list[Report]()
    turns = Turns(Courier(), outbox, wire, said.append)
    for number in range(1, 7):
        outbox.commit(check_in(number))
    turns.turn(0.0)
    turns.hear(said.pop(), 0.0)
    turns.turn(0.0)
    outbox.broken = True
    for at_s in (1.0, 2.0, 3.0, 4.0, 5.0):
        turns.hear(Puback(wire.sent[-1].row, SUCCESS), at_s)
        turns.turn(at_s)
    assert [event.row for event in wire.sent] == [1, 2, 3]
    outbox.broken = False
    for at_s in (6.0, 7.0, 8.0, 9.0):
        turns.turn(at_s)
        turns.hear(Puback(wire.sent[-1].row, SUCCESS), at_s)
    turns.turn(10.0)
    assert [event.row for event in wire.sent] == [1, 2, 3, 4, 5, 6]
    assert outbox.depth().unsent == 0


class FullDisk(memory.MemoryOutbox):
    """A disk that takes no marks while it is broken."""

    broken = False

    def mark_sent(self, rows: Iterable[int]) -> None:
        if self.broken:
            raise OutboxFull("the disk is full")
        super().mark_sent(rows)
