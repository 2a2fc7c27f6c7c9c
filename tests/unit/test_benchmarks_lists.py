"""The measurement of lists finds what is wrong with one, and says so by its exit code."""

import json
from pathlib import Path

import pytest

from benchmarks import lists, lists_cuts
from benchmarks.lists_cuts import Cuts


@pytest.fixture(scope="module")
def cuts() -> list[Cuts]:
    return lists_cuts.run(cuts=120, versions=3, entries=60, seed=3)


def test_the_shipped_module_keeps_a_list_through_every_cut(cuts: list[Cuts]) -> None:
    shipped, control = cuts
    assert (shipped.neither, shipped.rolled_back, shipped.stuck) == (0, 0, 0)
    assert shipped.updates == control.updates == 3
    assert shipped.cuts >= 100
    assert shipped.examples == []


def test_without_fsync_lists_are_lost(cuts: list[Cuts]) -> None:
    assert cuts[1].neither > 0
    assert lists_cuts.kept(cuts)
    assert "without fsync" in lists_cuts.table(cuts)


def test_a_control_that_loses_nothing_is_no_control(cuts: list[Cuts]) -> None:
    assert not lists_cuts.kept([cuts[0], Cuts("without fsync", cuts=10)])
    assert not lists_cuts.kept([Cuts("shipped"), cuts[1]])
    assert not lists_cuts.kept([Cuts("shipped", cuts=10, neither=1), cuts[1]])


def test_the_command_measures_every_way_and_writes_the_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "lists.json"
    given = ["--entries", "20000", "--cuts", "60", "--versions", "2", "--json", str(target)]

    code = lists.main(given)
    told = json.loads(target.read_text())
    assert [way["way"] for way in told["ways"]] == [lists.OURS, lists.SET, lists.LIST]
    assert told["ways"][0]["resident_mb"] <= lists.MOST_RESIDENT_MB
    assert told["entries"] == 20000
    assert code == (0 if told["kept"] else 1)
    assert "20000 entries" in capsys.readouterr().out
