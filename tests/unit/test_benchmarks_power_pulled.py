"""What was marked before a cut is owed after it, each loss is found, and the verdict is strict."""

import shutil
from pathlib import Path

import pytest

from benchmarks import power_pulled
from benchmarks.lists_workload import keeper_in, take, version_of
from benchmarks.power_pulled import NORMAL, SHIPPED, Tally
from benchmarks.pulled.judge import Found, Owed, look
from benchmarks.pulled.plan import (
    DEVICE_KEY,
    GREEN,
    LIST_BEGINS,
    LIST_IS_TAKEN,
    LISTS,
    OUTBOX,
    SITE_KEY,
    SOURCE,
    End,
    Plan,
    Told,
    mark_of,
)
from benchmarks.pulled.rig import Booted, RigError
from benchmarks.pulled.story import Chapter, Cut, Story, check_booted, cuts_of, plans
from benchmarks.pulled.write_log import Entry
from kiosk.door.event import Acknowledgement
from kiosk.durable import replace_file
from kiosk.identity.periods import SiteKey, Terms, as_text
from kiosk.outbox.sqlite import Settings, build
from tests.parts.check_ins import check_in

EPOCH = "0123456789abcdef"
NEITHER = "the list is neither old nor new"


def event_id(number: int, epoch: str = EPOCH) -> str:
    return f"{epoch}:{number}"


WRITE, FLUSHED = Entry(512, b"a" * 512), Entry(flushes=True)
SHOWN = Entry(mark=mark_of(GREEN, event_id(2)))


def test_an_event_is_owed_from_its_mark_on() -> None:
    log = [WRITE, FLUSHED, SHOWN, WRITE, FLUSHED]
    before = Owed(frozenset({event_id(1)}), may_blank=True)
    owed = [Chapter(Path(), log, before).owed_before(place) for place in range(6)]
    assert [len(each.shown) for each in owed] == [1, 1, 1, 2, 2, 2]
    assert owed[3].shown == {event_id(1), event_id(2)}
    assert owed[3].may_blank


def test_a_list_is_owed_once_it_was_taken() -> None:
    marks = [mark_of(LIST_BEGINS, 5), mark_of(LIST_IS_TAKEN, 5), mark_of(LIST_BEGINS, 6)]
    chapter = Chapter(Path(), [Entry(mark=mark) for mark in marks], Owed(list_taken=4))
    owed = [chapter.owed_before(place) for place in range(4)]
    assert [(each.list_taken, each.list_begun) for each in owed] == [(4, 0), (4, 5), (5, 5), (5, 6)]


def test_cuts_come_in_the_order_of_the_log_and_the_same_for_a_seed() -> None:
    story = Story([Chapter(Path(), [WRITE] * 5, Owed()), Chapter(Path(), [WRITE] * 50, Owed())])
    cuts = cuts_of(story, 200, seed=3)
    assert cuts == cuts_of(story, 200, seed=3) != cuts_of(story, 200, seed=4)
    places = [(cut.chapter, cut.place) for cut in cuts]
    assert places == sorted(places)
    assert {place for chapter, place in places if chapter == 0} == set(range(6))
    assert len({cut.throw for cut in cuts}) == 200


def test_a_kiosk_is_killed_and_stopped_and_delivers_now_and_then() -> None:
    planned = plans(5, cards=5, seed=1, normal=False)
    assert [plan.delivers for plan in planned] == [False, True, False, False, True]
    assert all(set(plan.lives) == {End.KILLED, End.STOPPED} for plan in planned)
    assert planned[1].ahead_s - planned[0].ahead_s > 86_400


def test_a_green_that_was_not_marked_spoils_the_run() -> None:
    stopped = Plan(seed=1, lives=(End.STOPPED,), cards=1)
    killed = Plan(seed=1, lives=(End.KILLED,), cards=1)
    one = Booted(Told(rises=1, scans=1, marks=1), [WRITE, SHOWN])
    two = Booted(Told(rises=2, scans=2, marks=1), [WRITE, SHOWN])
    check_booted(one, stopped)
    check_booted(two, killed)
    for booted, plan in ((two, stopped), (Booted(one.told, [WRITE]), stopped)):
        with pytest.raises(RigError, match="marked"):
            check_booted(booted, plan)


def kiosk_folder(folder: Path, count: int) -> list[str]:
    """Leave there what a kiosk leaves that has shown so many greens, and return their events."""
    replace_file(folder / DEVICE_KEY, b"d" * 32)
    replace_file(folder / SITE_KEY, as_text(SiteKey(b"s" * 32, Terms("hk", 1), 9)).encode())
    outbox = build(Settings(path=folder / OUTBOX), SOURCE)
    events = [outbox.commit(check_in(number)) for number in range(count)]
    outbox.mark_sent([event.row for event in events])
    outbox.acknowledge(Acknowledgement(epochs={events[0].event_id.partition(":")[0]: count}))
    outbox.close()
    return [event.event_id for event in events]


def test_a_disk_that_kept_everything_is_good(tmp_path: Path) -> None:
    shown = frozenset(kiosk_folder(tmp_path, 3))
    assert look(tmp_path, Owed(shown, device_key=b"d" * 32, period=9)) == Found(owed=3)


def test_each_loss_is_found(tmp_path: Path) -> None:
    shown = frozenset(kiosk_folder(tmp_path, 3))
    epoch = min(shown).partition(":")[0]
    more = Owed(shown | {event_id(5, epoch), event_id(6, epoch)})
    assert look(tmp_path, more).lost == 2
    # The one that the judge committed has the number 4, and is nobody's green.
    taken = look(tmp_path, Owed(shown | {event_id(4, epoch)}))
    assert (taken.lost, taken.wrong) == (0, ("an event is not what was shown green",))
    gone = Owed(shown | {event_id(1, "f" * 16)})
    assert look(tmp_path, gone).lost == 1
    assert "another epoch" in look(tmp_path, gone).wrong


def test_what_the_ledger_had_may_be_gone(tmp_path: Path) -> None:
    shown = kiosk_folder(tmp_path, 3)
    epoch = shown[0].partition(":")[0]
    earlier = frozenset({event_id(n, "e" * 16) for n in (1, 2, 3)})
    found = look(tmp_path, Owed(frozenset(shown) | earlier, pruned={"e" * 16: 2, epoch: 0}))
    assert (found.lost, found.pruned) == (1, 2)


def test_a_broken_file_lost_keys_and_half_a_list_are_found(tmp_path: Path) -> None:
    shown = frozenset(kiosk_folder(tmp_path, 3))
    assert look(tmp_path, Owed(shown, device_key=b"e" * 32)).wrong == ("another device key",)
    assert look(tmp_path, Owed(shown, period=10)).wrong == ("an older site key",)
    take(keeper_in(tmp_path / LISTS), version_of(2, 10))
    assert look(tmp_path, Owed(shown, list_begun=2)).wrong == ()
    assert look(tmp_path, Owed(shown, list_taken=1, list_begun=3)).wrong == (NEITHER,)
    for path in (tmp_path / LISTS).rglob("*"):
        path.is_file() and path.write_bytes(b"")
    assert look(tmp_path, Owed(shown, list_taken=2)).wrong == (NEITHER,)
    shutil.rmtree(tmp_path / LISTS)
    (tmp_path / SITE_KEY).write_bytes(b"\0" * 99)
    assert look(tmp_path, Owed(shown)).wrong == ("the keys cannot be read",)
    database = tmp_path / OUTBOX
    database.write_bytes(database.read_bytes()[:4096] + bytes(8192))
    found = look(tmp_path, Owed(shown))
    assert found.lost == 3
    assert found.corrupt


def tally(variant: str, *found: Found) -> Tally:
    counted = Tally(variant)
    for one in found:
        counted.add(one, Cut(0, 1, 2))
    return counted


GOOD, LOSS = Found(owed=4), Found(2, owed=4)


@pytest.mark.parametrize(
    ("kept", "ours", "control"),
    [
        (True, tally(SHIPPED, GOOD), tally(NORMAL, GOOD, LOSS)),
        (False, tally(SHIPPED, GOOD, LOSS), tally(NORMAL, LOSS)),
        (False, tally(SHIPPED, Found(corrupt="torn", owed=4)), tally(NORMAL, LOSS)),
        (False, tally(SHIPPED, Found(wrong=("twice",), owed=4)), tally(NORMAL, LOSS)),
        (False, tally(SHIPPED, GOOD), tally(NORMAL, GOOD)),
        (False, tally(SHIPPED, Found()), tally(NORMAL, LOSS)),
        (False, tally(SHIPPED), tally(NORMAL, LOSS)),
    ],
)
def test_the_promise_is_kept_only_if_nothing_was_lost_and_the_control_lost(
    *, kept: bool, ours: Tally, control: Tally
) -> None:
    assert power_pulled.kept([ours, control]) is kept
