"""What was told is owed, a loss is found, and a sample of cuts runs with every check."""

import inspect
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from benchmarks import power_cuts
from benchmarks.disk_model.cutting import Tally, Trial, make_cuts, planned
from benchmarks.disk_model.disk import Name, Step, Sync, SyncFolder, Told, Write
from benchmarks.disk_model.judge import DATABASE, Found, examine, rebuild
from benchmarks.disk_model.story import Owed, State, Story
from benchmarks.disk_model.tracing import traced_killed
from benchmarks.disk_model.workload import SOURCE, Life, told_of
from benchmarks.power_cuts import KILLED, NORMAL, SHIPPED, TWICE
from kiosk.outbox import Memory, Outbox, memory
from kiosk.outbox.sqlite import Settings, build
from tests.parts.check_ins import check_in
from tests.parts.markdown import ROOT

EPOCH = "0123456789abcdef"


def strace_works() -> bool:
    if shutil.which("strace") is None:
        return False
    return subprocess.run(["strace", "true"], check=False, capture_output=True).returncode == 0


_PATIENCE_S = 300
"""On a busy machine: a traced program is several times slower."""
needs_strace = pytest.mark.skipif(
    not strace_works(), reason="strace is not installed, or may not trace here"
)


def told(**said: Any) -> Told:
    return Told(json.dumps(said).encode())


def begins(name: str) -> Told:
    return told(begins=name)


def shows(*numbers: int, gone: tuple[int, ...] = ()) -> dict[str, Any]:
    now = {f"{EPOCH}:{n}": f"body {n}" for n in numbers}
    gone_ids = [f"{EPOCH}:{n}" for n in gone]
    return {"now": now, "gone": gone_ids, "passed": told_of(Memory()), "rows": 1}


def commits(number: int) -> list[Step]:
    event = {f"{EPOCH}:{number}": f"body {number}"}
    return [begins("_commit"), told(committed=event), told(**shows(number))]


ARRIVES = told(finds=shows() | {"rows": 0})


def numbers(owed: Owed) -> list[int]:
    return [int(event_id.partition(":")[2]) for event_id in owed.events]


def test_an_event_is_owed_from_the_moment_it_was_told() -> None:
    story = Story([ARRIVES, *commits(1), *commits(2)])
    assert [numbers(story.owed(n)) for n in range(8)] == [[], [], [], [1], [1], [1], [1, 2], [1, 2]]
    assert story.owed(2).under_way == f"{EPOCH}:1"
    assert story.owed(3).under_way is None
    assert story.owed(7).last == f"{EPOCH}:2"
    assert story.committed == 2


def test_an_event_is_owed_until_its_acknowledgement_begins() -> None:
    acknowledged = [
        begins("_acknowledge"),
        told(acknowledges={EPOCH: 1}),
        told(**shows(gone=(1,))),
    ]
    story = Story([ARRIVES, *commits(1), *commits(2), *acknowledged])
    assert numbers(story.owed(7)) == [1, 2]
    assert numbers(story.owed(8)) == [2]


def test_what_a_durable_call_left_may_not_be_undone_and_the_rest_may() -> None:
    sent = [begins("_send"), told(**shows(gone=(1,)))]
    story = Story([ARRIVES, *commits(1), *sent, *commits(2), begins("probe"), told(**shows())])

    def shown(steps_done: int) -> list[list[int]]:
        states = story.owed(steps_done).states
        return [[int(i[-1]) for i in state.shown] for state in states]

    assert shown(4) == [[1]]
    assert shown(5) == [[1], []]
    assert shown(6) == [[1], []]
    assert shown(7) == [[1], [], [2]]
    assert shown(8) == [[2]]
    assert shown(10) == [[2], [2]]
    assert shown(11) == [[2]]


def test_what_a_killed_commit_left_is_owed_once_the_next_life_has_shown_it() -> None:
    story = Story([ARRIVES, *commits(1), begins("_commit"), told(finds=shows(1, 2)), *commits(3)])
    assert story.found_again == 1
    assert numbers(story.owed(5)) == [1]
    assert numbers(story.owed(6)) == [1, 2]
    assert story.owed(6).last == f"{EPOCH}:2"
    without = Story([ARRIVES, *commits(1), begins("_commit"), told(finds=shows(1))])
    assert numbers(without.owed(6)) == [1]


def test_a_life_that_finds_less_than_was_left_is_an_error() -> None:
    with pytest.raises(ValueError, match="something else"):
        Story([ARRIVES, *commits(1), told(finds=shows())])


def test_a_second_run_inherits_what_was_owed() -> None:
    first = Story([ARRIVES, *commits(1), begins("_commit"), told(committed={f"{EPOCH}:2": "b"})])
    owed = first.owed(5)
    story = Story([told(finds=shows(1, 2)), *commits(3)], owed)
    assert story.owed(0).states == owed.states
    assert story.owed(0).under_way == f"{EPOCH}:2"
    assert numbers(story.owed(0)) == [1]
    assert numbers(story.owed(1)) == [1, 2]
    assert numbers(story.owed(4)) == [1, 2, 3]


def left_by(path: Path, count: int) -> dict[str, str]:
    """Commit so many events there, and return them."""
    outbox = build(Settings(path=path), SOURCE)
    events = [outbox.commit(check_in(n)) for n in range(count)]
    outbox.close()
    return {event.event_id: event.body.decode() for event in events}


def owing(events: Mapping[str, str]) -> Owed:
    state = State(events, told_of(Memory()), len(events))
    return Owed((state,), events, list(events)[-1], None, may_blank=False)


def test_a_disk_that_kept_everything_is_good(tmp_path: Path) -> None:
    events = left_by(tmp_path / DATABASE, 3)
    assert examine(tmp_path, owing(events)) == Found()


def test_each_loss_is_found(tmp_path: Path) -> None:
    path = tmp_path / DATABASE
    events = left_by(path, 3)
    whole = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    one_more = events | {f"{next(iter(events)).partition(':')[0]}:4": "told"}

    def found(owed: Owed, files: Mapping[str, bytes] = whole) -> Found:
        rebuild(tmp_path, files, random.Random(1))
        return examine(tmp_path, owed)

    assert found(owing(one_more)).lost == 1
    assert found(owing({i: body + " " for i, body in events.items()})).lost == 3
    assert found(owing(events), {}).lost == 3
    garbled = whole[DATABASE][:4096] + bytes(len(whole[DATABASE]) - 4096)
    assert not found(owing(events), {DATABASE: garbled}).good
    assert found(owing(dict(list(events.items())[:2]))).wrong
    assert found(Owed((State(),), {}, None, None, may_blank=False), {}).good


class Noted:
    """An outbox that notes which of its methods were called."""

    def __init__(self, inner: Outbox, called: set[str]) -> None:
        self._inner = inner
        self._called = called

    def __getattr__(self, name: str) -> Any:
        self._called.add(name)
        return getattr(self._inner, name)

    def sibling(self) -> Any:
        self._called.add("sibling")
        return Noted(self._inner.sibling(), self._called)


def test_a_run_calls_every_method_of_the_contract() -> None:
    called: set[str] = set()
    outbox: Any = Noted(memory.build(memory.Settings(), SOURCE), called)
    said: list[dict[str, Any]] = []
    for number in range(2):
        life = Life(outbox, said.append, random.Random(number), number)
        life.live(200)
        life.close()
    contract = {name for name, _ in inspect.getmembers(Outbox, inspect.isfunction)}
    assert {name for name in contract if not name.startswith("_")} <= called
    begun = {s["begins"] for s in said if "begins" in s}
    assert {"_commit", "_acknowledge", "_keep", "_send", "probe"} <= begun


def test_cuts_come_at_every_step_when_there_are_enough() -> None:
    steps: list[Step] = [
        Name("a", 1),
        Write(1, 0, b"x" * 9),
        Sync(1),
        SyncFolder(),
        begins("probe"),
    ]
    plan = planned(Trial("x", steps), 100)
    assert list(plan) == list(range(len(steps) + 1))
    assert plan[0] == plan[5] == 1
    assert sum(plan.values()) >= 100
    assert sum(planned(Trial("x", steps), 5).values()) in range(5, 9)
    assert list(planned(Trial("x", steps, first=2, last=3), 100)) == [2, 3]


def test_the_same_disk_is_not_counted_twice(tmp_path: Path) -> None:
    """A name is there or not: two results. No outbox is there in either, and none was told of."""
    steps: list[Step] = [Name("a", 1), SyncFolder(), Name("b", 2)]
    made = make_cuts(Trial("x", steps), {3: 50}, tmp_path)
    assert made.cuts == 2
    assert made.clean


def tally(variant: str, *found: Found) -> Tally:
    counted = Tally(variant, traces=1)
    for one in found:
        counted.add(one, "somewhere")
    return counted


LOSS = Found(2, "", ("wrong",))


@pytest.mark.parametrize(
    ("kept", "tallies"),
    [
        (True, [tally(SHIPPED, Found()), tally(NORMAL, Found(), LOSS)]),
        (False, [tally(SHIPPED, Found(), LOSS), tally(NORMAL, LOSS)]),
        (False, [tally(SHIPPED, Found(0, "torn")), tally(NORMAL, LOSS)]),
        (False, [tally(SHIPPED, Found(0, "", ("wrong",))), tally(NORMAL, LOSS)]),
        (False, [tally(SHIPPED, Found()), tally(TWICE, LOSS), tally(NORMAL, LOSS)]),
        (False, [tally(SHIPPED, Found()), tally(NORMAL, Found())]),
        (False, [tally(SHIPPED), tally(NORMAL, LOSS)]),
        (False, [tally(SHIPPED, Found())]),
    ],
)
def test_the_promise_is_kept_only_if_ours_lost_nothing_and_the_control_did(
    *, kept: bool, tallies: list[Tally]
) -> None:
    assert power_cuts.kept(tallies) is kept


def test_without_strace_it_says_what_to_do(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.power_cuts", "--cuts", "4"],
        cwd=ROOT,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == "strace is not installed: run bash provisioning/setup.sh dev\n"


@needs_strace
@pytest.mark.timeout(_PATIENCE_S)
def test_a_sample_of_cuts_loses_nothing_and_the_control_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "figures.json"
    sizes = {"cuts": 200, "control": 60, "operations": 80, "traces": 1, "twice": 1, "killed": 0}
    options = [part for name, size in sizes.items() for part in (f"--{name}", str(size))]
    code = power_cuts.main([*options, "--workers", "1", "--json", str(file)])
    said = capsys.readouterr().out
    assert code == 0, said
    figures = json.loads(file.read_text(encoding="utf-8"))
    ours, again, control = figures["variants"]
    assert [v["variant"] for v in figures["variants"]] == [SHIPPED, TWICE, NORMAL]
    assert ours["cuts"] >= 200
    assert ours["committed"] > 20
    assert ours["events_lost"] == again["events_lost"] == 0
    assert control["events_lost"] > 0
    assert "as promised" in said


@needs_strace
@pytest.mark.timeout(_PATIENCE_S)
def test_what_a_restart_has_shown_survives_a_cut(tmp_path: Path) -> None:
    """Else it is delivered, and then its number is given to somebody else."""
    trial = traced_killed(KILLED, seed=1)
    assert Story(trial.steps).found_again == 1
    made = make_cuts(trial, planned(trial, 120), tmp_path)
    assert made.cuts >= 120
    assert made.clean, made.examples
