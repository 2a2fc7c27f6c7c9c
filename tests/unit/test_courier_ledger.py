"""The courier at work beside a ledger: acknowledged, asked for again, overdue, governed, kept."""

import itertools
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from kiosk.door.event import Acknowledgement, ClockReading, LedgerPresence, QueuedEvent, source_of
from kiosk.outbox.memory import MemoryOutbox, Settings
from kiosk.uplink import LedgerSaid, Puback, Word, WordRefused
from kiosk.uplink.courier import CourierThread
from kiosk.uplink.delivery.rows import PAYLOAD_FORMAT_INVALID, SUCCESS
from tests.parts.office import UNGOVERNED_HZ, Office

BEGIN = datetime(2024, 2, 29, tzinfo=UTC)


@pytest.fixture
def office() -> Iterator[Office]:
    office = Office()
    yield office
    office.close()


def epoch_of(office: Office) -> str:
    return office.outbox.pending(0, 1)[0].event_id.partition(":")[0]


def unacknowledged(office: Office) -> int:
    return office.outbox.depth().unacknowledged


def online(office: Office, *, really: bool = True) -> None:
    office.said(LedgerSaid(LedgerPresence(online=really)))


def stored(office: Office, epoch: str, upto_seq: int) -> None:
    office.said(LedgerSaid(Acknowledgement(epochs={epoch: upto_seq})))


def test_what_the_ledger_acknowledges_is_noted(office: Office) -> None:
    office.commit(5)
    epoch = epoch_of(office)
    office.courier.start()
    office.settle(unsent=0)
    assert unacknowledged(office) == 5
    stored(office, epoch, 3)
    office.wait_until(lambda: unacknowledged(office) == 2)


def test_an_acknowledgement_is_believed_for_what_a_broker_has_just_taken_over(
    office: Office,
) -> None:
    """The ledger is faster than the disk: rows are marked before its word is shown to them."""
    office.broker.script.extend([SUCCESS, None])
    office.commit(2)
    epoch = epoch_of(office)
    office.courier.start()
    office.wait_received(2)
    stored(office, epoch, 1)
    office.wait_until(lambda: unacknowledged(office) == 1)
    office.said(Puback(2, SUCCESS))
    office.settle(unsent=0)


def test_a_lower_number_brings_everything_above_it_again(office: Office) -> None:
    office.commit(5)
    epoch = epoch_of(office)
    office.courier.start()
    office.settle(unsent=0)
    stored(office, epoch, 5)
    office.wait_until(lambda: unacknowledged(office) == 0)
    stored(office, epoch, 2)
    office.wait_received(8)
    office.settle(unsent=0)
    assert office.broker.received == [1, 2, 3, 4, 5, 3, 4, 5]


@pytest.mark.parametrize("word", [{}, {"ffffffffffffffff": 1}, {"epoch": 9}])
@pytest.mark.threat("false-acknowledgement")
def test_a_word_about_what_was_never_sent_changes_nothing(
    office: Office, word: dict[str, int]
) -> None:
    office.commit(3)
    epoch = epoch_of(office)
    office.courier.start()
    office.settle(unsent=0)
    office.said(
        LedgerSaid(Acknowledgement(epochs={e.replace("epoch", epoch): n for e, n in word.items()}))
    )
    stored(office, epoch, 1)
    office.wait_until(lambda: unacknowledged(office) == 2)
    assert office.broker.received == [1, 2, 3]


@pytest.mark.threat("withhold")
def test_what_is_not_acknowledged_comes_again_while_a_ledger_is_there(office: Office) -> None:
    office.commit(2)
    epoch = epoch_of(office)
    office.courier.start()
    office.settle(unsent=0)
    online(office)
    office.wait_received_while(4, pace_s=5.0)
    assert office.broker.received == [1, 2, 1, 2]
    assert office.now_s >= 30
    stored(office, epoch, 2)
    office.wait_until(lambda: unacknowledged(office) == 0)
    before = len(office.broker.received)
    office.now_s += 10_000
    office.commit(1)
    office.wait_received(before + 1)
    assert office.broker.received[before:] == [3]


@pytest.mark.parametrize("word", [None, False])
def test_without_a_ledger_nothing_comes_again(office: Office, word: bool | None) -> None:  # noqa: FBT001 - a case
    office.commit(2)
    office.courier.start()
    office.settle(unsent=0)
    if word is not None:
        online(office, really=word)
    for _ in range(20):
        office.now_s += 3600
        office.courier.say(str(office.now_s).encode())
        office.wait_until(lambda: office.broker.statuses[-1:] == [str(office.now_s).encode()])
    assert office.broker.received == [1, 2]


def test_a_lost_answer_does_not_make_the_ledgers_word_worthless(office: Office) -> None:
    """The broker took it over and the ledger has it; only the PUBACK was lost."""
    office.broker.script.append(None)
    office.commit(1)
    epoch = epoch_of(office)
    office.courier.start()
    office.wait_received(1)
    online(office)
    stored(office, epoch, 1)
    office.wait_until(lambda: any(s.ledger_online for s in office.states))
    assert unacknowledged(office) == 1
    office.broker.drop()
    office.settle(unsent=0, pace_s=1.0)
    online(office)
    office.wait_until(lambda: unacknowledged(office) == 0, pace_s=5.0)
    assert office.broker.received == [1, 1]


def test_a_governed_drain_leaves_as_slowly_as_was_told(office: Office) -> None:
    office.courier.start()
    office.wait_until(lambda: office.broker.up)
    office.courier.govern(2.0)
    office.wait_until(lambda: any(s.drain_told and s.drain_hz == 2.0 for s in office.states))
    office.commit(40)
    begun_s = office.now_s
    office.settle(unsent=0, pace_s=0.25)
    # Five may leave at once, and what was saved up before the word came is gone.
    assert office.now_s - begun_s >= (40 - 5) / 2.0 - 0.5
    office.broker.drop()
    office.wait_until(
        lambda: office.broker.connections == 2 and office.states[-1].connected, pace_s=1.0
    )
    assert office.states[-1].drain_hz == 2.0
    office.courier.govern(None)
    office.wait_until(lambda: office.states[-1].drain_hz == UNGOVERNED_HZ)
    assert not office.states[-1].drain_told


def test_one_bad_event_does_not_hold_up_the_others(office: Office) -> None:
    office.broker.script.append(PAYLOAD_FORMAT_INVALID)
    office.commit(30)
    office.courier.start()
    office.settle(unsent=1, pace_s=0.01)
    office.wait_for("1 set apart")
    assert office.broker.received == list(range(1, 31))
    office.now_s += 3601
    office.settle(unsent=0)
    assert office.broker.received[30:] == [1]


def test_a_word_that_cannot_be_read_is_trouble_and_nothing_else(office: Office) -> None:
    office.courier.start()
    office.wait_until(lambda: office.broker.up)
    office.said(WordRefused(Word.PRESENCE, "it cannot be read"))
    office.wait_for("the ledger's presence: it cannot be read")
    office.commit(3)
    office.settle(unsent=0)


class Pruned(MemoryOutbox):
    """Counts how often it is asked to prune, and is never done before the fourth time."""

    asked: list[ClockReading]

    def keep(self, now: ClockReading) -> bool:
        self.asked.append(now)
        return len(self.asked) < 4


def test_the_outbox_is_asked_to_prune_and_soon_again_while_more_is_left() -> None:
    office = Office()
    rows = Pruned(Settings(), source_of("hk-042", "door-1"))
    rows.asked = []
    asked_at_s: list[float] = []

    def reading() -> ClockReading:
        asked_at_s.append(office.now_s)
        utc = BEGIN + timedelta(seconds=office.now_s)
        return ClockReading(utc=utc, trusted=True, boot="b", mono_ns=int(office.now_s * 1e9))

    office.courier = CourierThread(
        lambda: rows,
        office.broker,
        lambda: office.now_s,
        office.told,
        reading=reading,
        drain_hz=UNGOVERNED_HZ,
    )
    office.courier.start()
    office.wait_until(lambda: len(rows.asked) >= 5, pace_s=0.5)
    office.close()
    pauses_s = [after - before for before, after in itertools.pairwise(asked_at_s)]
    assert all(1 <= pause_s < 60 for pause_s in pauses_s[:3])
    assert pauses_s[3] >= 60


def test_a_turn_is_proof_of_work_and_a_hanging_disk_gives_none() -> None:
    office = Office()
    let_go, asked = threading.Event(), threading.Event()

    class Hanging(MemoryOutbox):
        def pending(self, after_row: int, limit: int) -> list[QueuedEvent]:
            asked.set()
            let_go.wait()
            return super().pending(after_row, limit)

    disk = Hanging(Settings(), source_of("hk-042", "door-1"))
    office.courier = CourierThread(lambda: disk, office.broker, lambda: office.now_s, office.told)
    office.courier.start()
    assert asked.wait(20)
    office.now_s = 100.0
    assert office.courier.turned_s == 0.0
    let_go.set()
    office.wait_until(lambda: office.courier.turned_s == 100.0)
    office.close()
