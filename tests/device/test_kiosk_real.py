"""The programs themselves on the real picamera2: the eye alone, and a whole door on mock pins."""

import json
import queue
from pathlib import Path
from typing import TypeVar

import pytest

from kiosk.eye.link import Heard, KioskEnd, Report
from kiosk.eye.messages import Heartbeat, Hello, Seen
from tests.device.parts import PATIENCE_S, kiosk, show

Told = TypeVar("Told", Hello, Seen, Heartbeat)
NUMBER = "001090000001"
CARD = f"{NUMBER}||Nguyen Van An|02031990|Nam|1 Pho Hue, Ha Noi|01012021"
SETTINGS = """
[kiosk]
site = "hk-042"
device = "door-1"
direction = "in"
[identity]
site_key = "{key}"
device_key_file = "{folder}/device.key"
[camera]
kind = "picamera2"
[eye]
decoders = ["zxing", "zbarlight"]
[payloads]
accept = ["cccd"]
[gpio]
pins = "mock"
[indicators]
use = ["led", "buzzer"]
[outbox]
kind = "sqlite"
path = "{folder}/outbox.db"
[uplink]
kind = "stdout"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "kiosk.toml"
    path.write_text(SETTINGS.format(key="5a" * 32, folder=tmp_path))
    return path


def test_the_eye_says_hello_sees_the_card_and_shows_that_it_lives(
    config: Path, tmp_path: Path
) -> None:
    show(CARD)
    reports: queue.Queue[Report] = queue.Queue()
    socket = tmp_path / "eye.sock"
    listener = KioskEnd(socket, reports.put)
    try:
        with kiosk("eye", "--config", str(config), "--socket", str(socket)) as eye:
            hello = heard(reports, Hello)
            seen = heard(reports, Seen)
            beats = [heard(reports, Heartbeat) for _ in range(3)]
            assert eye.stop() == 0
    finally:
        listener.close()
    assert (hello.camera, hello.decoders) == ("picamera2", ("zxing", "zbarlight"))
    assert (seen.width_px, seen.height_px) == (1280, 720)
    assert [code.payload_bytes for code in seen.codes] == [CARD.encode()]
    assert all(beat.camera_ok for beat in beats)
    frames = [beat.frames for beat in beats]
    assert frames == sorted(set(frames))
    assert beats[-1].codes_read > 0
    stamps = [beat.sensor_ns for beat in beats]
    assert stamps == sorted(set(stamps))


def heard(reports: queue.Queue[Report], kind: type[Told]) -> Told:
    """Return the next message of a kind, passing over the others."""
    while True:
        report = reports.get(timeout=PATIENCE_S)
        assert isinstance(report, Heard), report
        if isinstance(report.message, kind):
            return report.message


def test_an_eye_without_its_camera_says_so_and_ends_as_a_lost_camera(
    config: Path, tmp_path: Path
) -> None:
    text = config.read_text().replace('kind = "picamera2"', 'kind = "picamera2"\ncamera_num = 7')
    config.write_text(text)
    reports: queue.Queue[Report] = queue.Queue()
    socket = tmp_path / "eye.sock"
    listener = KioskEnd(socket, reports.put)
    try:
        with kiosk("eye", "--config", str(config), "--socket", str(socket)) as eye:
            told = eye.until(lambda line: "camera lost" in line)
            assert "No camera number 7" in told
            assert eye.process.wait(PATIENCE_S) == 69
    finally:
        listener.close()


def test_a_card_before_the_camera_is_a_check_in_on_its_way(config: Path) -> None:
    show(CARD)
    with kiosk("run", "--config", str(config)) as door:
        accepted = door.until(lambda line: "accepted" in line)
        event = json.loads(door.until(lambda line: line.startswith("{") and '"source"' in line))
        assert door.stop() == 0
        lines = list(door.lines)
    assert event["source"] == "kiosk/v1/hk-042/door-1"
    assert event["data"]["verdict"] == "accepted"
    assert event["id"].endswith(":1")
    assert accepted
    # Neither the log nor the event tells who it was.
    assert not [line for line in lines if NUMBER in line or "Nguyen" in line]
