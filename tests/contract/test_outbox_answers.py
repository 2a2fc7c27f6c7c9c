"""What every outbox makes of the ledger's word and of time, over every adapter."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.app.adapters import OUTBOXES
from kiosk.door.event import Acknowledgement, BootClock, CheckInEvent, ClockReading, read_event
from kiosk.outbox import Outbox
from tests.parts.check_ins import SOURCE, check_in
from tests.parts.families import every, loaded, settings
from tests.parts.readings import DAY_S, check_in_at, reading

UNKNOWN = "f" * 16
RETENTION_DAYS, ACKNOWLEDGED_DAYS = 14, 7


@pytest.fixture(params=every(OUTBOXES))
def outbox(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Outbox]:
    """Give a fresh outbox of one adapter after the other."""
    adapter = loaded(OUTBOXES, request.param)
    built = adapter.build(settings(adapter, tmp_path), SOURCE)
    yield built
    built.close()


def numbers(outbox: Outbox) -> list[int]:
    """Return the unsent numbers, oldest first."""
    return [event.seq for event in outbox.pending(0, 10**6)]


def counts(outbox: Outbox) -> tuple[int, int, int]:
    """Return rows, unsent and unacknowledged ones."""
    depth = outbox.depth()
    return depth.rows, depth.unsent, depth.unacknowledged


def sent(outbox: Outbox, count: int, now: ClockReading | None = None) -> str:
    """Commit and send so many; returns the epoch."""
    for n in range(1, count + 1):
        event = outbox.commit(check_in(n) if now is None else check_in_at(n, now))
        outbox.mark_sent([event.row])
    return event.event_id.partition(":")[0]


def said(epoch: str, upto_seq: int) -> Acknowledgement:
    """Return what a ledger says of one epoch."""
    return Acknowledgement(epochs={epoch: upto_seq})


def kept(outbox: Outbox, now: ClockReading) -> None:
    """Let the outbox do all that is due at `now`."""
    for _ in range(1000):
        if not outbox.keep(now):
            return
    raise AssertionError("there is always more to do")


@pytest.mark.threat("false-acknowledgement")
def test_acknowledged_rows_stay_and_are_not_sent_again(outbox: Outbox) -> None:
    epoch = sent(outbox, 5)
    assert outbox.acknowledge(said(epoch, 3)) == 0

    assert counts(outbox) == (5, 0, 2)
    assert outbox.send_again() == 2
    assert numbers(outbox) == [4, 5]
    assert counts(outbox) == (5, 2, 2)
    assert outbox.send_again() == 0


@pytest.mark.parametrize(("epoch", "upto_seq"), [(UNKNOWN, 1), (UNKNOWN, 0), (None, 4), (None, 99)])
@pytest.mark.threat("false-acknowledgement")
def test_an_unknown_epoch_and_what_was_never_sent_are_refused(
    outbox: Outbox, epoch: str | None, upto_seq: int
) -> None:
    known = sent(outbox, 3)
    outbox.commit(check_in(4))
    outbox.acknowledge(said(known, 2))

    assert outbox.acknowledge(said(epoch or known, upto_seq)) == 0
    assert counts(outbox) == (4, 1, 2)
    assert outbox.send_again() == 1
    assert numbers(outbox) == [3, 4]


def test_an_epoch_that_is_refused_does_not_hold_up_another(outbox: Outbox) -> None:
    epoch = sent(outbox, 3)

    outbox.acknowledge(Acknowledgement(epochs={UNKNOWN: 7, epoch: 2}))
    assert counts(outbox) == (3, 0, 1)


def test_a_number_above_one_that_was_never_sent_is_refused(outbox: Outbox) -> None:
    events = [outbox.commit(check_in(n)) for n in range(1, 6)]
    epoch = events[0].event_id.partition(":")[0]
    outbox.mark_sent([e.row for e in events if e.seq != 3])

    outbox.acknowledge(said(epoch, 5))
    assert counts(outbox) == (5, 1, 5)
    outbox.acknowledge(said(epoch, 2))
    assert counts(outbox) == (5, 1, 3)
    outbox.mark_sent([events[2].row])
    outbox.acknowledge(said(epoch, 5))
    assert counts(outbox) == (5, 0, 0)


def test_what_is_to_be_sent_again_may_be_acknowledged_meanwhile(outbox: Outbox) -> None:
    epoch = sent(outbox, 4)
    assert outbox.send_again() == 4
    outbox.acknowledge(said(epoch, 3))

    assert numbers(outbox) == [4]
    assert counts(outbox) == (4, 1, 1)


@pytest.mark.threat("false-acknowledgement")
def test_a_lower_number_asks_for_everything_above_it_again(outbox: Outbox) -> None:
    epoch = sent(outbox, 6)
    outbox.acknowledge(said(epoch, 4))

    assert outbox.acknowledge(said(epoch, 1)) == 5
    assert numbers(outbox) == [2, 3, 4, 5, 6]
    assert counts(outbox) == (6, 5, 5)
    assert outbox.acknowledge(said(epoch, 1)) == 0
    assert outbox.acknowledge(said(epoch, 6)) == 0
    assert counts(outbox) == (6, 0, 0)
    assert outbox.acknowledge(said(epoch, 0)) == 6


def test_acknowledged_rows_go_after_their_days_and_no_others(outbox: Outbox) -> None:
    epoch = sent(outbox, 5)
    outbox.acknowledge(said(epoch, 2))
    kept(outbox, reading(3 * DAY_S))
    outbox.acknowledge(said(epoch, 4))

    kept(outbox, reading(6.9 * DAY_S))
    assert counts(outbox) == (5, 0, 1)
    kept(outbox, reading(7.1 * DAY_S))
    assert counts(outbox) == (3, 0, 1)
    kept(outbox, reading(9.9 * DAY_S))
    assert counts(outbox) == (3, 0, 1)
    kept(outbox, reading(10.1 * DAY_S))
    assert counts(outbox) == (1, 0, 1)
    kept(outbox, reading(500 * DAY_S))
    assert counts(outbox) == (1, 0, 1)
    assert outbox.commit(check_in(6)).seq == 6


def test_an_acknowledgement_taken_back_starts_the_days_anew(outbox: Outbox) -> None:
    epoch = sent(outbox, 4)
    outbox.acknowledge(said(epoch, 4))
    kept(outbox, reading(6 * DAY_S))
    assert outbox.acknowledge(said(epoch, 2)) == 2
    outbox.mark_sent([event.row for event in outbox.pending(0, 10)])
    outbox.acknowledge(said(epoch, 4))

    kept(outbox, reading(8 * DAY_S))
    assert counts(outbox) == (2, 0, 0)
    kept(outbox, reading(13.1 * DAY_S))
    assert counts(outbox) == (0, 0, 0)


@pytest.mark.parametrize("state", ["unsent", "sent", "acknowledged"])
def test_retention_blanks_in_every_state_and_keeps_the_number(outbox: Outbox, state: str) -> None:
    first = outbox.commit(check_in_at(1, reading(0)))
    second = outbox.commit(check_in_at(2, reading(2 * DAY_S)))
    epoch = first.event_id.partition(":")[0]
    kept(outbox, reading(13.5 * DAY_S))
    if state != "unsent":
        outbox.mark_sent([first.row, second.row])
    if state == "acknowledged":
        outbox.acknowledge(said(epoch, 2))
        kept(outbox, reading(14.1 * DAY_S))
        assert outbox.acknowledge(said(epoch, 0)) == 2
    kept(outbox, reading(14.1 * DAY_S))
    if state == "sent":
        outbox.send_again()

    old, young = outbox.pending(0, 10)
    assert young == second
    assert (old.seq, old.event_id, old.row) == (1, first.event_id, first.row)
    before, after = read_event(first.body), CheckInEvent.model_validate_json(old.body)
    assert isinstance(before, CheckInEvent)
    blanked = {"handle": None, "sealed": None, "expired": True}
    assert after == before.model_copy(update={"data": before.data.model_copy(update=blanked)})
    kept(outbox, reading(16.1 * DAY_S))
    assert all(b"sealed-" not in event.body for event in outbox.pending(0, 10))


def test_what_a_ledger_has_not_stored_never_goes(outbox: Outbox) -> None:
    epoch = sent(outbox, 3)
    outbox.acknowledge(said(epoch, 1))
    kept(outbox, reading(1000 * DAY_S))

    assert counts(outbox) == (2, 0, 2)
    assert outbox.send_again() == 2


def test_where_no_ledger_ever_answered_sent_rows_stay(outbox: Outbox) -> None:
    """Clocks that are years ahead after each boot age them as far as they like."""
    sent(outbox, 3)
    outbox.commit(check_in(4))
    for boot in range(1, 7):
        skewed_s = boot * 4000 * DAY_S
        kept(outbox, reading(boot * 60, boot=f"boot {boot}", skewed_s=skewed_s))
    kept(outbox, reading(1000 * DAY_S))

    assert counts(outbox) == (4, 1, 4)
    assert outbox.send_again() == 3
    assert numbers(outbox) == [1, 2, 3, 4]


def test_a_jump_of_the_clock_ends_nothing(outbox: Outbox) -> None:
    event = outbox.commit(check_in_at(1, reading(0)))
    for skewed_s in (4000 * DAY_S, -4000 * DAY_S, 0.0):
        kept(outbox, reading(60, skewed_s=skewed_s))
    kept(outbox, reading(120, trusted=False, skewed_s=9000 * DAY_S))

    assert outbox.pending(0, 10) == [event]


def test_a_kiosk_that_was_off_grows_older_once_its_clock_is_trusted(outbox: Outbox) -> None:
    outbox.commit(check_in_at(1, reading(0)))
    waited_s = []
    for days, trusted in ((5, False), (5, True), (9, False), (9, True)):
        kept(outbox, reading(days * DAY_S, boot=f"boot {days}", trusted=trusted))
        waited_s.append(outbox.depth().oldest_unsent_s)

    assert waited_s == [0, 5 * DAY_S, 5 * DAY_S, 9 * DAY_S]


def test_one_boot_adds_a_week_at_most(outbox: Outbox) -> None:
    outbox.commit(check_in_at(1, reading(0)))
    kept(outbox, reading(0, boot="later", skewed_s=9000 * DAY_S))

    assert outbox.depth().oldest_unsent_s == 7 * DAY_S


def test_a_boot_s_clock_is_told_once_in_the_same_series(outbox: Outbox) -> None:
    outbox.commit(check_in(1))
    now = reading(50, boot="second")
    clock = BootClock(boot="second", offset_ns=1_700_000_000_000_000_000)
    told = outbox.commit_clock(clock, now)

    assert told is not None
    assert (told.seq, told.name) == (2, "clock")
    event = read_event(told.body)
    assert (event.id, event.time, event.data) == (told.event_id, now.utc, clock)
    assert outbox.commit_clock(clock, reading(51, boot="second")) is None
    assert outbox.commit(check_in(3)).seq == 3
    assert outbox.commit_clock(BootClock(boot="third", offset_ns=1), now) is not None
    assert outbox.commit_clock(clock, reading(52, boot="second")) is None
    assert [(e.seq, e.name) for e in outbox.pending(0, 10)] == [
        (1, "checkin"),
        (2, "clock"),
        (3, "checkin"),
        (4, "clock"),
    ]
    assert outbox.pending(0, 10)[1] == told


def test_a_clock_names_nobody_and_stays_as_it_is(outbox: Outbox) -> None:
    told = outbox.commit_clock(BootClock(boot="first", offset_ns=1), reading(0))
    kept(outbox, reading(100 * DAY_S))

    assert outbox.pending(0, 10) == [told]


def test_depth_knows_the_oldest_that_waits(outbox: Outbox) -> None:
    assert outbox.depth().oldest_unsent_s is None
    first = outbox.commit(check_in_at(1, reading(0)))
    outbox.commit(check_in_at(2, reading(100)))
    assert outbox.depth().oldest_unsent_s == 100
    outbox.mark_sent([first.row])
    kept(outbox, reading(400))
    assert outbox.depth().oldest_unsent_s == 300


def test_a_sibling_hears_the_ledger_and_keeps_house(outbox: Outbox) -> None:
    epoch = sent(outbox, 3)
    other = outbox.sibling()
    try:
        other.acknowledge(said(epoch, 3))
        kept(other, reading(8 * DAY_S))
    finally:
        other.close()

    assert counts(outbox) == (0, 0, 0)
    assert outbox.commit(check_in(4)).seq == 4
