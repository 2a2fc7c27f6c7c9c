"""A short sample of the loss matrix: real kiosks, mosquitto and ledger, killed at random."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from benchmarks import loss
from benchmarks.chaos.plan import Fault, Row, Share, Variant
from benchmarks.chaos.processes import Cradle
from benchmarks.chaos.report import broken
from benchmarks.chaos.slots import Slots
from benchmarks.chaos.world import Frame

PATIENCE_S = 60.0
SAMPLE = (
    Row(Variant.OURS, "killed and cut", frozenset({Fault.KIOSK_KILLED, Fault.CUT})),
    Row(Variant.PAHO_QUEUE, "killed", frozenset({Fault.KIOSK_KILLED, Fault.DELAYED}), chances=3),
    Row(Variant.PUBACK_DELETES, "dropped", frozenset({Fault.SWALLOWED}), chances=3),
)


def processes_about(folder: Path) -> list[str]:
    """Return the commands of processes that name a folder."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = place.read_bytes()
        except OSError:
            continue
        if os.fsencode(folder) in command:
            found.append(command.decode(errors="replace"))
    return found


@pytest.mark.timeout(240)
def test_the_kiosk_loses_nothing_where_both_controls_lose(tmp_path: Path) -> None:
    # A control's time is over at once: its chances are what it lasts for.
    shares = {
        row: Share(1.0, 60.0, 200, quiet_s=4.0, longest_s=90.0)
        if row.must_lose
        else Share(7.0, 60.0, 1000, longest_s=60.0)
        for row in SAMPLE
    }
    off = threading.Event()
    slots = Slots(len(SAMPLE), SAMPLE, off)
    with Cradle() as cradle:
        ran = loss.run(SAMPLE, shares, Frame(tmp_path, cradle, 7, None, slots, off))
    assert broken(ran, 1) == []
    assert all(each.chances >= each.row.chances for each in ran)
    assert ran[0].judgement.shown >= 1000
    assert ran[0].kills["kiosk"] > 0
    assert processes_about(tmp_path) == []


@pytest.mark.timeout(240)
def test_an_interrupted_run_leaves_nothing_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.loss", "--folder", str(tmp_path)]
    with subprocess.Popen(
        [*command, "--row", "ours-kiosk-killed"], stdout=subprocess.PIPE, text=True
    ) as run:
        by_s = time.monotonic() + PATIENCE_S
        # A witness has noted a green: everything is up.
        while not any(shown.stat().st_size for shown in tmp_path.glob("*/*/shown-*")):
            assert time.monotonic() < by_s
            assert run.poll() is None
            with contextlib.suppress(subprocess.TimeoutExpired):
                run.wait(0.1)
        run.send_signal(signal.SIGINT)
        said, _ = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 130
    assert "called off" in said
    assert list(tmp_path.iterdir()) == []
    assert processes_about(tmp_path) == []
