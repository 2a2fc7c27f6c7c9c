"""Every arrow of the table that the documents draw: taken by a real outbox and a real courier."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from kiosk.app.adapters import OUTBOXES
from kiosk.door.event import Acknowledgement, CheckInEvent, ClockReading, QueuedEvent, read_event
from kiosk.outbox import Outbox
from kiosk.uplink import Connected, Disconnected, Post, Puback, Report, Wanted
from kiosk.uplink.delivery.policy import APART_S, Courier
from kiosk.uplink.delivery.rows import (
    LIFE,
    NO_SUBSCRIBERS,
    PAYLOAD_FORMAT_INVALID,
    SUCCESS,
    Fate,
    Row,
)
from kiosk.uplink.delivery.turns import Turns
from tests.parts.check_ins import SOURCE, check_in
from tests.parts.families import every, loaded, settings

DAY_S = 86400


class Silent:
    """An uplink that takes everything and answers nothing."""

    def connect(self, post: Post) -> None:
        post(Connected(20))

    def send(self, event: QueuedEvent) -> None:
        assert event.body

    def send_status(self, body: bytes) -> None:
        assert body

    def listen(self, wanted: Sequence[Wanted]) -> None:
        assert wanted

    def answer(self, name: str, body: bytes) -> None:
        assert name
        assert body

    def disconnect(self, status: bytes | None = None) -> None:
        assert status is None


class Life:
    """One row, and everything that can happen to it."""

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox
        self.courier = Courier()
        self.said: list[Report] = []
        self.rows = outbox.sibling()
        self.turns = Turns(self.courier, self.rows, Silent(), self.said.append)
        event = outbox.commit(check_in())
        self.row = event.row
        self.epoch = event.event_id.partition(":")[0]
        self.days = 0

    @property
    def where(self) -> Row:
        """Where the row is, as far as anybody can see."""
        depth = self.outbox.depth()
        if self.row in self.courier.apart:
            return Row.APART
        if self.row in self.courier.in_flight:
            return Row.IN_FLIGHT
        if depth.unsent:
            return Row.UNSENT
        if not depth.rows:
            return Row.PRUNED
        return Row.SENT if depth.unacknowledged else Row.ACKNOWLEDGED

    def befalls(self, fate: Fate) -> None:
        """Let this happen to it."""
        happens: dict[Fate, Callable[[], object]] = {
            Fate.PUBLISHED: self.publish,
            Fate.TAKEN: lambda: self.hear(Puback(self.row, SUCCESS)),
            Fate.KEPT: lambda: self.hear(Puback(self.row, NO_SUBSCRIBERS)),
            Fate.UNTAKABLE: lambda: self.hear(Puback(self.row, PAYLOAD_FORMAT_INVALID)),
            Fate.CUT_OFF: lambda: self.hear(Disconnected("gone")),
            Fate.RETRIED: lambda: self.courier.retry(APART_S),
            Fate.STORED: lambda: self.acknowledge(1),
            Fate.OVERDUE: self.outbox.send_again,
            Fate.ASKED_FOR: lambda: self.acknowledge(0),
            Fate.OLD: lambda: self.age(8),
            Fate.BLANKED: lambda: self.age(15 if self.where is not Row.ACKNOWLEDGED else 5),
        }
        happens[fate]()

    def close(self) -> None:
        """Release the courier's file."""
        self.rows.close()

    def publish(self) -> None:
        """Connect and send."""
        self.turns.turn(0)
        self.hear(*self.said)

    def hear(self, *reports: Report) -> None:
        """Take a turn after these reports."""
        for report in reports:
            self.turns.hear(report, 0)
        self.turns.turn(0)

    def acknowledge(self, upto_seq: int) -> None:
        """Let the ledger have everything up to there."""
        self.outbox.acknowledge(Acknowledgement(epochs={self.epoch: upto_seq}))

    def age(self, days: int) -> None:
        """Let so many days pass, with nobody at the door."""
        self.days += days
        begin = check_in().clock
        now = ClockReading(
            utc=begin.utc + timedelta(days=self.days),
            trusted=True,
            boot=begin.boot,
            mono_ns=begin.mono_ns + self.days * DAY_S * 10**9,
        )
        while self.outbox.keep(now):
            pass


BEFORE: dict[tuple[Row, Fate], list[Fate]] = {
    # A ledger's word is believed only about what was sent at least once.
    (Row.UNSENT, Fate.STORED): [Fate.PUBLISHED, Fate.TAKEN, Fate.OVERDUE],
    # Acknowledged on the tenth day, it is still there when retention ends on the fourteenth.
    (Row.ACKNOWLEDGED, Fate.BLANKED): [Fate.PUBLISHED, Fate.TAKEN, Fate.STORED],
}
WAYS: dict[Row, list[Fate]] = {
    Row.UNSENT: [],
    Row.IN_FLIGHT: [Fate.PUBLISHED],
    Row.APART: [Fate.PUBLISHED, Fate.UNTAKABLE],
    Row.SENT: [Fate.PUBLISHED, Fate.TAKEN],
    Row.ACKNOWLEDGED: [Fate.PUBLISHED, Fate.TAKEN, Fate.STORED],
}


@pytest.fixture(params=every(OUTBOXES))
def outbox(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Outbox]:
    adapter = loaded(OUTBOXES, request.param)
    built: Outbox = adapter.build(settings(adapter, tmp_path), SOURCE)
    yield built
    built.close()


@pytest.fixture
def life(outbox: Outbox) -> Iterator[Life]:
    with closing(Life(outbox)) as one:
        yield one


@pytest.mark.parametrize(("before", "fate"), LIFE, ids=str)
def test_a_row_moves_as_the_table_says(outbox: Outbox, life: Life, before: Row, fate: Fate) -> None:
    if (before, fate) == (Row.ACKNOWLEDGED, Fate.BLANKED):
        life.age(10)
    for step in BEFORE.get((before, fate), WAYS[before]):
        life.befalls(step)
    assert life.where is before

    life.befalls(fate)

    assert life.where is LIFE[before, fate]
    if fate is Fate.BLANKED and before is Row.UNSENT:
        event = read_event(outbox.pending(0, 1)[0].body)
        assert isinstance(event, CheckInEvent)
        assert event.data.expired
        assert event.data.handle is None


def test_only_what_was_pruned_is_gone() -> None:
    assert {before for before, _ in LIFE} == set(Row) - {Row.PRUNED}
    assert set(LIFE.values()) == set(Row)
    assert {fate for _, fate in LIFE} == set(Fate)
