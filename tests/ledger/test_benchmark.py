"""The ledger's benchmark: it compares what it says, and it runs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.ledger import ONE, TARGETS, TWO, main, verdicts
from benchmarks.rationed import Rationed, used_s
from tests.parts.broker import program
from tests.parts.postgres import binaries

RATES = {"bare": [100.0, 10.0, 1.0], ONE: [10.0, 10.0, 10.0], TWO: [14.0, 20.0, 1.0]}


def test_rounds_are_compared_one_by_one() -> None:
    """A round under load is slow for all: rates of different rounds are not compared."""
    found = verdicts({**RATES, "sqlite": [50.0, 6.0, 0.1], "postgres": [64.0, 6.4, 0.64]})
    assert {each.name: (each.ratio, each.passed) for each in found} == {
        "sqlite / bare": (0.5, True),
        "postgres / bare": (0.64, False),
        "two workers / one worker": (1.4, True),
    }
    assert {each.target for each in found} == {0.5, 0.65, 1.4}
    assert set(TARGETS) == {"sqlite", "postgres"}


def test_it_runs(tmp_path: Path) -> None:
    if program() is None or binaries() is None:
        pytest.skip("mosquitto or PostgreSQL is not installed")
    report = tmp_path / "report.json"
    code = main(["--messages", "400", "--rounds", "1", "--json", str(report)])
    found = json.loads(report.read_text())
    assert code == int(not all(each["passed"] for each in found["verdicts"]))
    assert set(found["rates_hz"]) == {"bare", "sqlite", "postgres", ONE, TWO}
    assert all(rate > 0 for rates in found["rates_hz"].values() for rate in rates)


def test_a_ration_stops_a_process_that_takes_more_and_lets_it_go_in_the_end() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "print(flush=True)\nwhile True: pass"], stdout=subprocess.PIPE
    ) as busy:
        assert busy.stdout is not None
        busy.stdout.readline()
        state = Path(f"/proc/{busy.pid}/stat")
        with Rationed([busy.pid], 0.0):
            # Field 3, behind the name in brackets. T: stopped by a signal.
            while state.read_text().rpartition(")")[2].split()[0] != "T":
                pass
            assert used_s(busy.pid) > 0
        while state.read_text().rpartition(")")[2].split()[0] == "T":
            pass
        busy.kill()
    assert used_s(busy.pid) == 0.0
