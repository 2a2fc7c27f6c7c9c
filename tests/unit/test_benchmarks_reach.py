"""The benchmark of reach: what the guide plans with is read, and less is not."""

import json
from pathlib import Path

import pytest

from benchmarks import reach
from docs.optics import LEAST_PX, SMEARED_MODULES, WANTED_PX

SHOTS = 2
SEED = 2000
"""Not the seed of the figures in the guide."""


@pytest.mark.parametrize(
    ("sweep", "value"),
    [
        ("pixels a module", WANTED_PX),
        ("pixels a module", LEAST_PX),
        ("modules smeared", SMEARED_MODULES),
    ],
)
def test_what_is_planned_with_is_read(sweep: str, value: float) -> None:
    step = reach.measured(sweep, value, SHOTS, SEED)
    assert step.shown == SHOTS * len(reach.KINDS)
    assert step.read == step.shown


@pytest.mark.parametrize(("sweep", "value"), [("pixels a module", 0.7), ("modules smeared", 4.0)])
def test_what_is_hopeless_is_not_read(sweep: str, value: float) -> None:
    assert reach.measured(sweep, value, 1, SEED).read == 0


def test_the_command_tells_both_sweeps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ends = {name: (values[-1:], change) for name, (values, change) in reach.SWEEPS.items()}
    figures = tmp_path / "reach.json"
    assert reach.main(["--shots", "1", "--json", str(figures)], ends) == 0
    told = json.loads(figures.read_text())
    assert {(each["sweep"], each["value"]) for each in told} == {
        ("pixels a module", 2.5),
        ("modules smeared", 2.0),
    }
    assert len(capsys.readouterr().out.splitlines()) == 1 + len(told)
