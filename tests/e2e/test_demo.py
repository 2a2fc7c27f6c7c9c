"""The demonstration as a visitor starts it: it ends well, and Ctrl-C leaves nothing behind."""

import json
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
from PIL import Image

from kiosk.eye.people import person
from kiosk.eye.scenes import Scene, SceneCode, draw
from tests.e2e.door import children, environ, has_ended

PATIENCE_S = 100.0
INTERRUPTED = 130
PEOPLE = [person(random.Random(seed)) for seed in range(4)]


@contextmanager
def demonstration(*arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """Run the demonstration; whatever a failed test leaves of it is ended."""
    process = subprocess.Popen(
        [sys.executable, "-m", "provisioning.demo", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environ(),
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            # SIGTERM is Ctrl-C here: it ends what it started in its own order.
            process.terminate()
        process.communicate(timeout=PATIENCE_S)


def output_until(stream: IO[str], wanted: str) -> bool:
    """Read lines until one holds `wanted`; tell whether one did before the end or the deadline."""
    found = threading.Event()

    def read() -> None:
        for line in stream:
            if wanted in line:
                found.set()
                return

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    reader.join(PATIENCE_S)
    return found.is_set()


@pytest.mark.timeout(240)
def test_every_case_ends_as_expected_and_nothing_is_lost(tmp_path: Path) -> None:
    summary_file = tmp_path / "summary.json"
    with demonstration("--json", summary_file) as process:
        said, _ = process.communicate(timeout=200)
    assert process.returncode == 0, said
    summary = json.loads(summary_file.read_text("utf-8"))
    assert (summary["lost"], summary["not_as_expected"]) == (0, [])
    assert summary["recorded"] == summary["delivered"] == 14
    assert (summary["accepted"], summary["rejected"]) == (11, 3)
    assert summary["as_expected"] == 17
    assert "nothing was lost" in said
    assert "MOCK pins" in said


def folder_of_pictures(folder: Path) -> int:
    """Draw cards in odd sizes and modes beside what is no picture; return how many show a card."""
    folder.mkdir()
    scenes = [Scene(codes=(SceneCode(text=text, size=0.6),)) for text in PEOPLE]
    draw(scenes[0], (640, 480), 1).save(folder / "luma.png")
    draw(scenes[1], (641, 483), 1).convert("RGBA").save(folder / "odd.png")
    draw(scenes[2], (1920, 1440), 1).convert("CMYK").save(folder / "cmyk.jpg")
    draw(scenes[3], (800, 600), 1).convert("P").save(folder / "palette.gif")
    Image.new("L", (1, 1)).save(folder / "dot.png")
    Image.new("1", (3000, 7)).save(folder / "stripe.png")
    Image.new("I;16", (64, 64)).save(folder / "sixteen.png")
    (folder / "notes.txt").write_text("this is no picture", "utf-8")
    (folder / "cut.png").write_bytes((folder / "luma.png").read_bytes()[:500])
    (folder / "empty.jpg").touch()
    return len(scenes)


@pytest.mark.timeout(240)
def test_a_folder_of_odd_pictures_is_played_to_its_end(tmp_path: Path) -> None:
    summary_file = tmp_path / "summary.json"
    cards = folder_of_pictures(tmp_path / "pictures")
    with demonstration("--pictures", tmp_path / "pictures", "--json", summary_file) as process:
        said, _ = process.communicate(timeout=200)
    assert process.returncode == 0, said
    summary = json.loads(summary_file.read_text("utf-8"))
    assert summary["pictures_skipped"] == 3
    assert (summary["pictures_read"], summary["symbols_read"]) == (cards, cards)
    assert summary["lost"] == 0


@pytest.mark.timeout(240)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_an_interrupted_demonstration_leaves_no_process(number: signal.Signals) -> None:
    with demonstration("--forever") as process:
        assert process.stdout is not None
        assert output_until(process.stdout, "accepted")
        started = children(process.pid)
        assert len(started) == 2
        eyes = [pid for child in started for pid in children(child)]
        assert len(eyes) == 1
        process.send_signal(number)
        said = process.stdout.read()
        assert process.wait(PATIENCE_S) == INTERRUPTED
    assert "everything that was started has been stopped" in said
    assert all(has_ended(pid) for pid in [*started, *eyes])
