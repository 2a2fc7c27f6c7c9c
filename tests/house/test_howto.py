"""A newcomer's three changes, exactly as the how-tos show them: one file each, and they work."""

import json
import re
from pathlib import Path

import pytest
import segno

from tests.parts.copied_tree import PATIENCE_S, Tree


def stage(folder: Path, text: str) -> None:
    """Hold a code before the synthetic camera."""
    (folder / "stage.json").write_text(json.dumps({"codes": [{"text": text, "size": 0.5}]}))


PAGES = {
    "add-a-payload.md": "kiosk/payloads/member.py",
    "add-an-indicator.md": "kiosk/indicators/siren.py",
    "add-a-camera.md": "kiosk/eye/cameras/still.py",
}


@pytest.mark.parametrize("page", PAGES)
def test_the_file_meets_the_rules_of_the_house(tmp_path: Path, page: str) -> None:
    Tree(tmp_path, page).rules()


@pytest.mark.parametrize(("page", "file"), PAGES.items())
def test_the_page_adds_one_file_and_changes_no_other(tmp_path: Path, page: str, file: str) -> None:
    tree = Tree(tmp_path, page)
    assert tree.names == [file]
    # What it runs leaves nothing behind in the package either.
    assert tree.kiosk("config", "check").returncode == 0
    assert tree.differing() == [file]
    tree.prove(
        f"import kiosk; assert kiosk.__file__.startswith({str(tree.root)!r}), kiosk.__file__"
    )


def test_a_payload_opens_the_door_by_settings_alone(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "add-a-payload.md")
    stage(tmp_path, "MB1:0000420")
    tree.config.write_text(tree.config.read_text() + '[payloads]\naccept = ["member"]\n')
    with tree.running() as events:
        event = events.get(timeout=PATIENCE_S)["data"]
    assert (event["verdict"], event["reason"], event["kind"]) == ("accepted", "ok", "member")
    assert re.fullmatch("[0-9a-f]{32}", event["handle"])


def test_a_payload_is_read_beside_the_others(tmp_path: Path) -> None:
    Tree(tmp_path, "add-a-payload.md").prove(
        """
import doctest
from kiosk.door.credential import Credential, Damaged, Foreign
from kiosk.door.rules import Reason, Rules, decide
from kiosk.payloads import formats, member, read

assert "member" in formats(), formats()
good = read(b"MB1:0000420", formats())
assert good == Credential("member", "000042"), good
assert isinstance(read(b"MB1:0000421", formats()), Damaged)
assert isinstance(read(b"MB2:0000420", formats()), Foreign)
assert decide(good, Rules(frozenset({"member"}))).accepted
assert decide(good, Rules(frozenset({"cccd"}))).reason is Reason.KIND_NOT_ACCEPTED
results = doctest.testmod(member)
assert (results.failed, results.attempted) == (0, 2), results
"""
    )


def test_a_payload_is_found_by_the_suites_of_all_formats(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "add-a-payload.md")
    tree.suites("member", "tests/contract/test_payloads.py", "tests/fuzz/test_payloads.py")


def test_a_payload_misspelt_in_the_settings_is_told(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "add-a-payload.md")
    tree.config.write_text(tree.config.read_text() + '[payloads]\naccept = ["membre"]\n')
    done = tree.kiosk("config", "check")
    assert done.returncode == 78
    assert "did you mean member?" in done.stderr


def test_an_indicator_drives_its_pin_by_settings_alone(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "add-an-indicator.md")
    tree.change('use = ["led"]', 'use = ["led", "siren"]\n[indicators.siren]\npin = 24')
    tree.prove(
        f"""
from pathlib import Path
from kiosk.app.settings import load_settings
from kiosk.app.wiring import build_indicators, pin_factory
from kiosk.indicators import OFF, Output

settings = load_settings(Path({str(tree.config)!r}), {{}}).settings
pins = pin_factory("mock")
indicators = build_indicators(settings, pins)
assert [type(each).__name__ for each in indicators] == ["LedIndicator", "SirenIndicator"]
siren, pin = indicators[1], pins.pin(24)
assert pin.function == "output" and not pin.state
for output, on in ((Output(tone_hz=330), True), (Output(tone_hz=1319), False), (OFF, False),
                   (Output(red=1.0, tone_hz=880), True), (Output(green=1.0), False),
                   (Output(tone_hz=999), True)):
    siren.apply(output)
    assert bool(pin.state) is on, output
siren.close()
siren.close()
assert pin.function == "input"
"""
    )


def test_an_indicator_is_found_by_the_suite_of_all_indicators(tmp_path: Path) -> None:
    Tree(tmp_path, "add-an-indicator.md").suites("siren", "tests/contract/test_indicators.py")


def test_an_indicator_is_checked_and_drawn_like_the_others(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "add-an-indicator.md")
    tree.change('use = ["led"]', 'use = ["led", "siren"]\n[indicators.siren]\npin = 23')
    assert re.search(r"GPIO23 +16 .*indicators\.siren\.pin", tree.kiosk("wiring").stdout)
    line = "pin = 23"
    for wrong, told in (
        ("pin = 17", "GPIO 17 is taken by indicators.led.green_pin"),
        ("belov_hz = 900", "indicators.siren.belov_hz: no such key; did you mean below_hz?"),
        ("below_hz = 5", "indicators.siren.below_hz = 5: is too small; allowed: 100 to 20000"),
    ):
        tree.change(line, wrong)
        line = wrong
        done = tree.kiosk("config", "check")
        assert done.returncode == 78
        assert told in done.stderr


def test_a_camera_shows_cards_by_settings_alone(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "add-a-camera.md")
    tree.change('kind = "synthetic"\nstage =', 'kind = "still"\nfile =')
    tree.change("stage.json", "snapshot.png")
    tree.change('["zxing"]', '["zxing"]\nsilent_s = 60')
    card = "099090000017||Nguyễn Văn An|01011990|Nam|Hoàn Kiếm, Hà Nội|15042021"
    segno.make(card, encoding="utf-8").save(str(tmp_path / "snapshot.png"), scale=8)
    with tree.running() as events:
        event = events.get(timeout=PATIENCE_S)["data"]
    assert (event["verdict"], event["kind"]) == ("accepted", "cccd")
    log = (tmp_path / "kiosk.log").read_text(encoding="utf-8")
    assert re.search(r"eye up .*\bstill\b", log), log


def test_a_camera_keeps_the_contract(tmp_path: Path) -> None:
    segno.make("https://example.vn/").save(str(tmp_path / "snapshot.png"), scale=4)
    Tree(tmp_path, "add-a-camera.md").prove(
        """
import time
from pathlib import Path
from kiosk.errors import CameraLost
from kiosk.eye.cameras import still

file = Path("snapshot.png")
camera = still.build(still.Settings(file=file, fps=60))
before_ns = time.monotonic_ns()
frames = [camera.capture(5.0) for _ in range(3)]
times = [frame.captured_ns for frame in frames]
assert before_ns <= times[0] < times[1] < times[2] <= time.monotonic_ns(), times
assert all(f.stride_px >= f.width_px > 0 and f.height_px > 0 for f in frames)
file.rename("away.png")
try:
    camera.capture(0.1)
except CameraLost as error:
    assert "no picture" in str(error), error
else:
    raise AssertionError("a camera without a picture delivered one")
Path("away.png").rename(file)
camera.capture(5.0)
camera.close()
camera.close()
try:
    camera.capture(5.0)
except CameraLost:
    pass
else:
    raise AssertionError("a closed camera delivered a frame")
"""
    )


def test_a_camera_s_settings_are_checked(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "add-a-camera.md")
    tree.change('kind = "synthetic"\nstage =', 'kind = "still"\nfps = 0\nflie =')
    done = tree.kiosk("config", "check")
    assert done.returncode == 78
    assert "camera.fps = 0: is too small; allowed: 0.1 to 60" in done.stderr
    assert "camera.flie: no such key; did you mean file?" in done.stderr
