"""The synthetic camera shows its stage, fails on command, and otherwise plays by itself."""

from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from kiosk.errors import CameraLost
from kiosk.eye.cameras import synthetic
from kiosk.eye.frame import Frame
from kiosk.eye.scenes import Scene, SceneCode
from tests.parts.camera_clock import NS_PER_S, Clock


def scene(text: str) -> Scene:
    return Scene(codes=(SceneCode(text=text, size=0.5),), noise=2)


def as_picture(frame: Frame) -> Image.Image:
    size = (frame.width_px, frame.height_px)
    return Image.frombytes("L", size, bytes(frame.luma), "raw", "L", frame.stride_px, 1)


def read(frame: Frame) -> list[str]:
    found = zxingcpp.read_barcodes(
        as_picture(frame), formats=zxingcpp.barcode_formats_from_str("QRCodeModel2")
    )
    return [code.bytes.decode() for code in found]


def staged(tmp_path: Path) -> tuple[synthetic.SyntheticCamera, Path, Clock]:
    clock, stage = Clock(), tmp_path / "stage.json"
    camera = synthetic.SyntheticCamera(
        synthetic.Settings(stage=stage, freeze_while=tmp_path / "freeze"),
        clock.monotonic_ns,
        clock.wait,
    )
    return camera, stage, clock


def put(stage: Path, content: str) -> None:
    fresh = stage.with_suffix(".new")
    fresh.write_text(content, encoding="utf-8")
    fresh.replace(stage)


def test_the_stage_is_what_is_drawn_now(tmp_path: Path) -> None:
    camera, stage, _ = staged(tmp_path)
    assert read(camera.capture(1.0)) == []
    put(stage, scene("first").model_dump_json())
    assert read(camera.capture(1.0)) == ["first"]
    put(stage, scene("second").model_dump_json())
    assert read(camera.capture(1.0)) == ["second"]
    stage.unlink()
    assert read(camera.capture(1.0)) == []


@pytest.mark.parametrize("broken", ["", "{", '{"codes": 3}', "[1]"])
def test_a_broken_stage_keeps_the_last_scene(tmp_path: Path, broken: str) -> None:
    camera, stage, _ = staged(tmp_path)
    put(stage, scene("last").model_dump_json())
    assert read(camera.capture(1.0)) == ["last"]
    put(stage, broken)
    assert read(camera.capture(1.0)) == ["last"]
    put(stage, scene("next").model_dump_json())
    assert read(camera.capture(1.0)) == ["next"]


def test_a_frozen_camera_delivers_the_same_picture_with_the_same_sensor_time(
    tmp_path: Path,
) -> None:
    camera, stage, _ = staged(tmp_path)
    put(stage, scene("moving").model_dump_json())
    live = camera.capture(1.0)
    (tmp_path / "freeze").touch()
    frozen = [camera.capture(1.0) for _ in range(3)]
    assert {frame.sensor_ns for frame in frozen} == {live.sensor_ns}
    assert {bytes(frame.luma) for frame in frozen} == {bytes(live.luma)}
    assert frozen[-1].captured_ns > live.captured_ns
    (tmp_path / "freeze").unlink()
    assert camera.capture(1.0).sensor_ns > live.sensor_ns


def test_a_slow_reader_gets_the_newest_frame_and_misses_the_others(tmp_path: Path) -> None:
    camera, _, clock = staged(tmp_path)
    camera.capture(1.0)
    clock.now_ns += 3 * NS_PER_S + NS_PER_S // 40
    frame = camera.capture(1.0)
    assert frame.captured_ns == clock.now_ns
    with pytest.raises(CameraLost):
        camera.capture(0.001)


def test_left_alone_people_come_by_themselves_the_same_for_a_seed() -> None:
    def seen(seed: int) -> list[list[str]]:
        clock = Clock()
        camera = synthetic.SyntheticCamera(
            synthetic.Settings(seed=seed), clock.monotonic_ns, clock.wait
        )
        frames = []
        for _ in range(12):
            clock.now_ns += 2 * NS_PER_S
            frames.append(read(camera.capture(1.0)))
        return frames

    first = seen(1)
    assert any(first)
    assert not all(first)
    assert first == seen(1)
    assert first != seen(2)
