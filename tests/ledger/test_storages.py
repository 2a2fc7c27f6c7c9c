"""The contract of all storages: each number once, whatever comes in what order how often."""

from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk.door.event import BootClock
from ledger.errors import StorageError
from ledger.numbers import Gap
from ledger.reading import Received, Unread, read
from ledger.source import Message
from ledger.storage import Conflict, EpochsAlternate, NewEpoch, Storage, Stored, Told
from ledger.storage.opening import Database
from ledger.storage.tables import boot_clock, event, gap, series, unread
from tests.parts.kiosk_events import (
    BOOT,
    EPOCH,
    NOW_US,
    OTHER,
    SOURCE,
    check_in,
    message,
    status,
)
from tests.parts.ledgers import numbers, rows

SECOND_EPOCH = "fedcba9876543210"
LATER_US = NOW_US + 86_400_000_000


def store(storage: Storage, *messages: Message, now_us: int = NOW_US) -> Stored:
    return storage.store([read(each) for each in messages], now_us)


def told(storage: Storage, source: str = SOURCE) -> dict[str, int]:
    return storage.acknowledgements([source])[0].epochs


def test_what_is_stored_is_all_there(storage: Storage, database: Database) -> None:
    assert store(storage, *map(message, range(1, 4))) == Stored(
        fresh=3, touched=frozenset({SOURCE})
    )
    columns = (event.c.seq, event.c.handle, event.c.verdict, event.c.reason, event.c.direction)
    assert rows(database, *columns) == [(n, f"{n:032x}", "accepted", "ok", "in") for n in (1, 2, 3)]
    assert rows(database, event.c.mono_ns, event.c.utc_us, event.c.at_us, event.c.trusted) == [
        (n * 10**9, NOW_US + n * 10**6, NOW_US + n * 10**6, True) for n in (1, 2, 3)
    ]


def test_nothing_is_stored_twice(storage: Storage, database: Database) -> None:
    store(storage, message(1), message(1), message(2))
    again = store(storage, message(2), message(3), message(1), now_us=LATER_US)
    assert (again.fresh, again.repeated, again.news) == (1, 2, ())
    assert numbers(database) == [1, 2, 3]
    # The first one stays: what came the day after did not replace it.
    assert rows(database, event.c.seq, event.c.received_us)[1] == (2, NOW_US)


def test_nothing_is_nothing(storage: Storage, database: Database) -> None:
    assert storage.store([], NOW_US) == Stored()
    assert storage.acknowledgements([SOURCE]) == []
    assert numbers(database) == []


def test_the_same_number_in_another_epoch_or_at_another_door_is_another(storage: Storage) -> None:
    store(storage, message(1), message(1, source=OTHER), message(1, epoch=SECOND_EPOCH))
    assert told(storage) == {EPOCH: 1, SECOND_EPOCH: 1}
    assert told(storage, OTHER) == {EPOCH: 1}


def test_a_kiosk_is_told_up_to_the_first_gap(storage: Storage, database: Database) -> None:
    assert (store(storage, message(1), message(4)).fresh, told(storage)) == (2, {EPOCH: 1})
    store(storage, message(6))
    assert rows(database, gap.c.first, gap.c.last) == [(2, 3), (5, 5)]
    store(storage, message(3))
    assert told(storage) == {EPOCH: 1}
    store(storage, message(2))
    assert told(storage) == {EPOCH: 4}
    store(storage, message(5))
    assert told(storage) == {EPOCH: 6}
    assert rows(database, gap.c.first) == []


def test_a_gap_is_told_once_and_not_at_once(storage: Storage) -> None:
    store(storage, message(5))
    assert storage.gaps_to_tell(NOW_US - 1) == []
    (found,) = storage.gaps_to_tell(NOW_US)
    assert (found.source, found.epoch, found.gap) == (SOURCE, EPOCH, Gap(1, 4))
    store(storage, message(2), now_us=LATER_US)
    assert storage.gaps_to_tell(LATER_US) == []


def test_what_cannot_be_read_is_kept_raw_and_its_number_counts(
    storage: Storage, database: Database
) -> None:
    later = message(2).body.replace(b"checkin.v1", b"checkin.v9")
    odd = Message(f"{SOURCE}/event/checkin", later)
    rubbish = Message(f"{OTHER}/event/checkin", b"\x00\xff{")
    stored = store(storage, message(1), odd, rubbish, message(3))
    assert (stored.fresh, stored.unread) == (2, 2)
    assert told(storage) == {EPOCH: 3}
    assert numbers(database) == [1, 3]
    kept = rows(database, unread.c.topic, unread.c.body, unread.c.seq)
    assert kept == [(odd.topic, later, 2), (rubbish.topic, b"\x00\xff{", None)]

    assert store(storage, odd, rubbish, now_us=LATER_US).unread == 2
    assert len(rows(database, unread.c.id)) == 2


@pytest.mark.threat("alter-event")
def test_other_bytes_under_a_stored_number_are_kept_raw_and_told(
    storage: Storage, database: Database
) -> None:
    forged = message(1, check_in(99))
    stored = store(storage, message(1), forged)
    assert stored.news == (Conflict(SOURCE, EPOCH, 1),)
    assert store(storage, forged).news == (Conflict(SOURCE, EPOCH, 1),)
    assert rows(database, event.c.handle) == [(f"{1:032x}",)]
    assert rows(database, unread.c.body) == [(forged.body,)]


def test_a_number_that_retention_blanked_is_the_same_number(
    storage: Storage, database: Database
) -> None:
    blanked, whole = message(1, check_in(1, expired=True)), message(2, check_in(2))
    assert store(storage, message(1), blanked).news == ()
    assert store(storage, message(2, check_in(2, expired=True)), whole).news == ()
    # What is stored stays: neither is a handle lost, nor does a blanked one come back.
    assert rows(database, event.c.seq, event.c.handle) == [(1, f"{1:032x}"), (2, None)]
    assert rows(database, unread.c.id) == []


def test_a_replaced_card_is_told_with_what_the_old_one_still_owes(storage: Storage) -> None:
    assert store(storage, message(1), message(2), message(5)).news == ()
    news = store(storage, message(1, epoch=SECOND_EPOCH)).news
    assert news == (NewEpoch(SOURCE, SECOND_EPOCH, EPOCH, before_upto=2, gaps_left=2),)
    assert store(storage, message(2, epoch=SECOND_EPOCH)).news == ()


def test_rows_saved_from_an_old_card_are_no_clone(storage: Storage) -> None:
    store(storage, message(1))
    news = [
        *store(storage, message(1, epoch=SECOND_EPOCH)).news,
        *store(storage, message(2), message(3)).news,
        *store(storage, message(2, epoch=SECOND_EPOCH)).news,
    ]
    assert [type(each) for each in news] == [NewEpoch]


def test_two_epochs_by_turns_are_two_devices(storage: Storage) -> None:
    news = [
        each
        for n in range(1, 12)
        for epoch in (EPOCH, SECOND_EPOCH)
        for each in store(storage, message(n, epoch=epoch)).news
    ]
    assert [type(each) for each in news] == [NewEpoch, *[EpochsAlternate] * 3]


def test_times_of_a_boot_that_was_not_synchronised_come_with_its_clock(
    storage: Storage, database: Database
) -> None:
    untimed = [message(n, check_in(n, trusted=False)) for n in range(1, 6)]
    store(storage, *untimed[:3], message(4, check_in(4, trusted=False, boot="another")))
    assert rows(database, event.c.at_us) == [(None,)] * 4
    assert not storage.correct(10)

    offset_ns = NOW_US * 1000 + 123_456
    store(storage, message(5, BootClock(boot=BOOT, offset_ns=offset_ns)))
    turns = 0
    while storage.correct(2):
        turns += 1
    assert turns == 2
    # What comes later gets its time as it is stored.
    store(storage, message(6, check_in(6, trusted=False)))

    times = dict(rows(database, event.c.seq, event.c.at_us))
    expected = {n: NOW_US + n * 10**6 + 123 for n in (1, 2, 3, 6)}
    assert {n: times[n] for n in expected} == expected
    assert times[4] is None
    assert {n for (n,) in rows(database, event.c.seq)} == set(range(1, 7))
    # The kiosk's own idea is kept beside it.
    assert rows(database, event.c.seq, event.c.utc_us)[0] == (1, NOW_US + 10**6)


def test_a_boot_s_clock_is_one_kiosk_s_own(storage: Storage, database: Database) -> None:
    store(storage, message(1, check_in(1, trusted=False), source=OTHER))
    store(storage, message(1, BootClock(boot=BOOT, offset_ns=5)))
    while storage.correct(10):
        pass
    assert rows(database, event.c.name, event.c.at_us)[0] == ("checkin", None)


def test_a_boot_s_clock_in_the_same_batch_counts_for_all_of_it(
    storage: Storage, database: Database
) -> None:
    store(
        storage,
        message(1, check_in(1, trusted=False)),
        message(2, BootClock(boot=BOOT, offset_ns=NOW_US * 1000)),
    )
    assert dict(rows(database, event.c.seq, event.c.at_us))[1] == NOW_US + 10**6


def test_the_first_word_on_a_boot_holds(storage: Storage, database: Database) -> None:
    store(storage, message(1, BootClock(boot=BOOT, offset_ns=1)))
    store(storage, message(2, BootClock(boot=BOOT, offset_ns=2)))
    assert rows(database, boot_clock.c.offset_ns) == [(1,)]


def test_a_kiosk_is_born_when_it_comes_back_or_in_another_boot(storage: Storage) -> None:
    born = storage.keep_statuses
    assert born([status()], NOW_US) == {SOURCE}
    assert born([status()], NOW_US) == frozenset()
    assert born([status(boot="another")], NOW_US) == {SOURCE}
    assert born([status(boot=None, online=False)], NOW_US) == frozenset()
    assert born([status(boot="another")], NOW_US) == {SOURCE}
    assert born([status(online=False), status(boot="another")], NOW_US) == {SOURCE}
    assert born([status(boot="another"), status(online=False)], NOW_US) == frozenset()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"online": 1, "clock": 3}', b"\x00\xff"])
def test_any_status_is_kept(storage: Storage, body: bytes) -> None:
    assert storage.keep_statuses([Message(f"{SOURCE}/status", body)], NOW_US) == frozenset()


def test_a_status_beyond_all_bounds_is_none(storage: Storage) -> None:
    large = Message(f"{SOURCE}/status", b'{"online": true}' + b" " * 20_000)
    assert storage.keep_statuses([large], NOW_US) == frozenset()


def test_what_was_acknowledged_and_is_gone_is_asked_for(
    storage: Storage, database: Database
) -> None:
    """A backup was restored: the kiosk was told 9, and 4 are here."""
    store(storage, *map(message, range(1, 5)))
    (found,) = storage.expect({SOURCE: {EPOCH: 9}, OTHER: {SECOND_EPOCH: 3}}, NOW_US)[:1]
    assert (found.gap, told(storage), told(storage, OTHER)) == (
        Gap(5, 9),
        {EPOCH: 4},
        {SECOND_EPOCH: 0},
    )
    store(storage, *map(message, range(1, 12)))
    assert told(storage) == {EPOCH: 11}
    assert numbers(database) == [*range(1, 12)]
    assert storage.expect({SOURCE: {EPOCH: 11}}, NOW_US) == []


def test_only_the_newest_epochs_fit_into_an_acknowledgement(storage: Storage) -> None:
    epochs = [f"{n:016x}" for n in range(260)]
    store(storage, *(message(1, epoch=epoch) for epoch in epochs))
    assert set(told(storage)) == set(epochs[4:])


def test_what_raised_changed_nothing(storage: Storage, database: Database) -> None:
    good = read(message(1))
    assert isinstance(good, Received)
    digest: Any = None
    bad = Received(SOURCE, EPOCH, 2, digest, good.event, good.topic, b"")
    with pytest.raises(StorageError):
        storage.store([good, bad], NOW_US)
    assert numbers(database) == []
    assert rows(database, series.c.id) == []
    assert storage.store([good], NOW_US).fresh == 1


DOORS = count(1)
BATCHES = st.lists(
    st.lists(
        st.tuples(st.sampled_from([EPOCH, SECOND_EPOCH]), st.integers(1, 12), st.booleans()),
        max_size=8,
    ),
    max_size=6,
)


@given(BATCHES)
@settings(
    max_examples=25,
    # One database for all examples: each has epochs of its own, by the kiosk's name.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whatever_comes_in_what_order_is_stored_once_and_told_truly(
    storage: Storage, batches: list[list[tuple[str, int, bool]]]
) -> None:
    source = f"kiosk/v1/hk-test/door-{next(DOORS)}"
    stored: dict[str, set[int]] = {}
    for batch in batches:
        received: list[Received | Unread] = []
        new = 0
        for epoch, seq, readable in batch:
            each = message(seq, source=source, epoch=epoch)
            if not readable:
                each = Message(each.topic, each.body.replace(b".v1", b".v2"))
            received.append(read(each))
            known = stored.setdefault(epoch, set())
            new += seq not in known
            known.add(seq)
        change = storage.store(received, NOW_US)
        assert change.fresh <= new
        for each_told in storage.acknowledgements([source]):
            assert each_told == Told(source, {e: whole(n) for e, n in stored.items()})


def whole(found: set[int]) -> int:
    return next(n for n in range(1, 100) if n not in found) - 1
