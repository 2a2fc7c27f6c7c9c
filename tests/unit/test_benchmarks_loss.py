"""The rig of the loss matrix: it must see each kind of loss, and do what it says that it does."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import loss
from benchmarks.chaos.crowd import RUSH_S, Crowd, JumpingClock
from benchmarks.chaos.judge import (
    Judgement,
    LedgerView,
    count_shown,
    has_all,
    held_in,
    judge,
    shown_in,
    was_acknowledged,
)
from benchmarks.chaos.plan import BREAKS, EVERYTHING, Fault, Row, Variant, matrix, shares
from benchmarks.chaos.ran import Ran, Verdict
from benchmarks.chaos.report import BEGIN, END, broken, page, remarks, table
from benchmarks.chaos.witness import NO_COMMIT, WitnessedOutbox, WitnessStage
from kiosk.door.cues import Show
from kiosk.door.event import Acknowledgement
from kiosk.door.signal import Signal
from kiosk.eye.link import Heard
from kiosk.outbox import sqlite
from ledger.reading import read
from ledger.source import Message
from ledger.storage.opening import Database
from tests.parts.check_ins import SOURCE, check_in, events

OURS = Row(Variant.OURS, "a fault", frozenset({Fault.CUT}))
CONTROL = replace(OURS, variant=Variant.PUBACK_DELETES, chances=3)
WHOLE = Judgement(shown=9, stored=9, lost=0, duplicated=0, gaps=0, ledger_gaps=0, rows=9)


def ran(row: Row = OURS, judgement: Judgement = WHOLE, **more: object) -> Ran:
    values = {
        "kills": {"kiosk": 2},
        "pauses": 0,
        "chances": 3,
        "active_s": 1.0,
        "settled_s": 3.0,
        "restarted": False,
        "still_came": False,
        "repeated": 4,
        "exceeded": 0,
        "cuts": 0,
        "ends": (),
        "remarks": (),
        **more,
    }
    return Ran(row=row, judgement=judgement, **values)  # type: ignore[arg-type]


def rng() -> random.Random:
    return random.Random("relay")


# What is judged.


def test_what_was_shown_and_is_not_stored_is_lost() -> None:
    found = judge(["a:1", "a:2", "b:1"], [(SOURCE, "a", 1)])
    assert (found.shown, found.stored, found.lost) == (3, 1, 2)
    assert found.examples == ("a:2", "b:1")
    assert not found.clean


def test_what_was_committed_and_never_shown_is_no_loss_but_a_gap_where_it_is_missing() -> None:
    assert judge(["a:1"], [(SOURCE, "a", 1), (SOURCE, "a", 2)]).clean
    found = judge(["a:1"], [(SOURCE, "a", 1), (SOURCE, "a", 3)])
    assert (found.lost, found.gaps, found.clean) == (0, 1, False)


def test_a_series_that_begins_late_has_a_gap() -> None:
    assert judge([], [(SOURCE, "a", 3)]).gaps == 2


@pytest.mark.parametrize(
    "stored",
    [
        [(SOURCE, "a", 1), (SOURCE, "a", 1)],
        [(SOURCE, "a", 1), ("kiosk/v1/hk/other", "a", 1)],
    ],
)
def test_a_number_or_an_id_that_is_stored_twice_is_doubled(
    stored: list[tuple[str, str, int]],
) -> None:
    assert judge(["a:1"], stored).duplicated


def test_two_greens_for_one_event_are_one_too_many() -> None:
    assert judge(["a:1", "a:1"], [(SOURCE, "a", 1)]).duplicated == 1


def test_green_without_a_commit_is_wrong_whatever_is_stored() -> None:
    found = judge([NO_COMMIT], [])
    assert (found.without_commit, found.lost, found.clean) == (1, 0, False)


def test_what_the_ledger_calls_missing_or_cannot_read_is_wrong() -> None:
    assert not judge([], [], ledger_gaps=1).clean
    assert not judge([], [], raw=1).clean
    assert judge([], []).clean


def test_it_is_settled_when_the_ledger_has_all_that_was_shown() -> None:
    assert not has_all(["a:1"], {})
    assert has_all([NO_COMMIT, "a:2"], {"a": 2})


# Where it looks.


def test_the_rows_of_a_ledger_are_read_as_they_are(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    database = Database(url)
    database.migrate()
    storage = database.storage()
    topic = f"{SOURCE}/event/checkin"
    first, _, third = (read(Message(topic, event.body)) for event in events(3))
    storage.store([first, third, read(Message(topic, b"?"))], 1)
    storage.close()
    view = LedgerView(url)
    assert sorted(seq for _, _, seq in view.rows()) == [1, 3]
    assert [*view.whole_upto().values()] == [1]
    assert view.count() == 2
    assert (view.has_gaps(), view.raw()) == (True, 1)
    view.close()


def test_an_outbox_says_whether_a_ledger_ever_spoke(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    assert not was_acknowledged(path)
    outbox = sqlite.build(sqlite.Settings(path=path), SOURCE)
    event = outbox.commit(check_in())
    assert not was_acknowledged(path)
    outbox.mark_sent([event.row])
    outbox.acknowledge(Acknowledgement(epochs={event.event_id.partition(":")[0]: 1}))
    assert was_acknowledged(path)
    assert held_in([path], [event.event_id, "a:1"]) == 1
    outbox.close()


def test_the_witness_notes_each_green_by_the_event_that_was_committed_for_it(
    tmp_path: Path,
) -> None:
    outbox = sqlite.build(sqlite.Settings(path=tmp_path / "outbox.db"), SOURCE)
    witness = WitnessStage(tmp_path / "shown")
    door = WitnessedOutbox(outbox, witness)
    event = door.commit(check_in())
    witness.play(Show(Signal.REJECTED))
    witness.play(Show(Signal.ACCEPTED))
    witness.play(Show(Signal.ACCEPTED))
    outbox.close()
    assert shown_in([tmp_path / "shown", tmp_path / "absent"]) == [event.event_id, NO_COMMIT]
    assert witness.green == 2
    assert count_shown([tmp_path / "shown", tmp_path / "absent"]) == 2


# What is planned, and what is told.


def test_the_matrix_has_each_fault_alone_all_together_and_each_control_where_it_must_break() -> (
    None
):
    rows = matrix()
    ours = {row.faults for row in rows if not row.must_lose}
    alone = {frozenset({fault}) for fault in Fault}
    assert ours == alone | {frozenset(Fault)} | {faults for _, faults in BREAKS}
    assert {row.name for row in rows if row.faults == frozenset(Fault)} == {EVERYTHING}
    controls = {(row.variant, row.faults): row.chances for row in rows if row.must_lose}
    assert controls == BREAKS
    assert {variant for variant, _ in controls} == {*Variant} - {Variant.OURS}
    assert all(chances > 0 for chances in controls.values())
    assert not any(row.chances for row in rows if not row.must_lose)


def test_places_are_levels_of_topics_and_each_its_own() -> None:
    places = [row.place for row in matrix()]
    assert len(set(places)) == len(places)
    assert all(set(place) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") for place in places)


def test_the_time_that_was_asked_for_is_shared_out() -> None:
    rows = matrix()
    short, long = shares(rows, 5, 1000), shares(rows, 30, 1000)
    for row in rows:
        assert long[row].active_s >= short[row].active_s > 0
        assert row.must_lose or long[row].active_s > short[row].active_s


def test_kills_are_shared_among_our_rows_whose_kiosks_are_killed() -> None:
    parts = shares(matrix(), 5, 1000, 1000)
    assert {row.name for row, share in parts.items() if share.kills} == {
        "kiosk killed",
        "kiosk killed, PUBACK delayed",
        "everything together",
    }
    assert all(share.kills == 0 for row, share in parts.items() if row.must_lose)
    assert 1000 <= sum(share.kills for share in parts.values()) <= 1003


def test_a_row_has_its_time_and_goes_on_only_until_it_has_had_enough() -> None:
    for share in shares(matrix(), 5, 1000).values():
        assert share.lasts_s(enough=True) == share.active_s
        assert share.lasts_s(enough=False) == share.longest_s > share.active_s
        assert replace(share, longest_s=0).lasts_s(enough=False) == share.active_s


@pytest.mark.parametrize(
    ("each", "says"),
    [
        (ran(judgement=replace(WHOLE, lost=1, examples=("a:1",))), "lost 1 ['a:1']"),
        (ran(judgement=replace(WHOLE, gaps=1)), "gaps 1"),
        (ran(judgement=replace(WHOLE, duplicated=1)), "doubled 1"),
        (ran(exceeded=1), "Receive Maximum 1 times"),
        (ran(ends=("door-1 ended by itself",)), "ended by itself"),
        (ran(CONTROL), "a control that lost nothing proves nothing"),
        (ran(CONTROL, chances=2), "too slow to tell: the fault had 2 of 3 chances within 1 s"),
        (ran(CONTROL, replace(WHOLE, lost=3), still_came=True), "too slow to tell: events still"),
        (ran(judgement=replace(WHOLE, shown=0)), "0 of the 9 events"),
    ],
)
def test_what_is_not_as_promised_is_said(each: Ran, says: str) -> None:
    assert says in "\n".join(broken([each], 9))
    assert not each.kept


def test_a_whole_row_and_a_broken_control_are_as_promised() -> None:
    control = ran(CONTROL, replace(WHOLE, lost=3, gaps=3))
    assert broken([ran(), control], 9) == []
    remarked = ran(remarks=("no small disk",))
    assert remarked.kept
    assert broken([remarked], 9) == []
    assert remarks([remarked]) == ["ours, a fault: no small disk"]
    assert ran(CONTROL, replace(WHOLE, lost=1), chances=0).verdict is Verdict.KEPT
    assert broken([ran(), control], 10) == ["9 of the 10 events that were asked for"]
    # A control's kills do not count: ours is what is tried.
    killed = [ran(kills={"kiosk": 2}), replace(control, kills={"kiosk": 5})]
    assert broken(killed, 9, 2) == []
    assert broken(killed, 9, 3) == ["2 of the 3 kills that were asked for"]


def test_the_table_goes_into_the_page_between_its_marks() -> None:
    told = page(f"# Head\n\n{BEGIN}\nold\n{END}\n\nTail.\n", [ran()], "a command", 120)
    assert "old" not in told
    assert told.startswith("# Head\n")
    assert told.endswith("Tail.\n")
    assert "| ours | a fault | 9 | 9 | 0 |" in told
    assert "a command" in told
    assert page(told, [ran()], "a command", 120) == told
    assert "all rows" in table([ran()])


def test_a_row_that_nobody_knows_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert loss.main(["--row", "no such row"]) == 1
    assert "ours-kiosk-killed" in capsys.readouterr().out


# Who stands before the door.


def test_a_rush_brings_all_its_people_at_once_and_ends_when_they_are_green() -> None:
    green = 0
    crowd = Crowd(rng(), 3.0, float("inf"), lambda: green)
    assert crowd.take(0) is not None
    first_rush = 3.0 * RUSH_S
    assert crowd.wanted(crowd.begun_s) == first_rush
    assert crowd.wanted(crowd.begun_s + RUSH_S) == 2 * first_rush
    assert crowd.take(0) is not None
    green = 1000
    assert crowd.take(0) is None


def test_nobody_comes_after_the_end() -> None:
    crowd = Crowd(rng(), 3.0, 0.0, lambda: 0)
    assert crowd.take(0) is not None
    assert crowd.take(0) is None


def test_nobody_comes_when_it_is_over(tmp_path: Path) -> None:
    over = tmp_path / "over"
    crowd = Crowd(rng(), 3.0, float("inf"), lambda: 0, over)
    assert [type(crowd.take(0)) for _ in range(2)] == [Heard, Heard]
    over.touch()
    # It is looked for at a heartbeat.
    later = Crowd(rng(), 3.0, float("inf"), lambda: 0, over)
    assert later.take(0) is not None
    assert later.take(0) is None


def test_a_clock_that_jumps_keeps_its_boot_and_its_monotonic_clock() -> None:
    clock, other = JumpingClock(random.Random(1)), JumpingClock(random.Random(2))
    readings = [clock.read(), clock.read()]
    assert readings[0].boot == readings[1].boot == clock.boot_clock().boot != other.read().boot
    assert readings[0].mono_ns <= readings[1].mono_ns
