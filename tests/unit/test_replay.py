"""The replay camera plays what it was given, all of it, whatever the files are."""

from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from kiosk.errors import SettingsError
from kiosk.eye.cameras import Camera, replay
from kiosk.eye.frame import Frame
from kiosk.eye.scenes import Scene, SceneCode, draw
from tests.parts.camera_clock import NS_PER_S, Clock


def scene(text: str) -> Scene:
    return Scene(codes=(SceneCode(text=text, size=0.5),), noise=2)


def pictures(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        draw(scene(f"picture {number}"), (321, 241), 1, number).save(folder / f"{number:02}.png")
    return folder


def as_picture(frame: Frame) -> Image.Image:
    size = (frame.width_px, frame.height_px)
    return Image.frombytes("L", size, bytes(frame.luma), "raw", "L", frame.stride_px, 1)


def read(frame: Frame) -> list[str]:
    found = zxingcpp.read_barcodes(
        as_picture(frame), formats=zxingcpp.barcode_formats_from_str("QRCodeModel2")
    )
    return [code.bytes.decode() for code in found]


def player(**settings: object) -> replay.ReplayCamera:
    clock = Clock()
    given = replay.Settings.model_validate(settings)
    return replay.ReplayCamera(given, clock.monotonic_ns, clock.wait)


def played(camera: Camera, count: int) -> list[str]:
    return ["".join(read(camera.capture(1.0))) for _ in range(count)]


def test_pictures_are_played_in_order_then_an_empty_wall(tmp_path: Path) -> None:
    camera = player(folder=pictures(tmp_path / "pictures", 2))
    assert played(camera, 5) == ["picture 0", "picture 1", "", "", ""]
    wall = camera.capture(1.0)
    assert (wall.width_px, wall.height_px) == (321, 241)
    assert set(bytes(wall.luma)) == {128}


def test_each_picture_is_held_and_the_list_begins_again(tmp_path: Path) -> None:
    camera = player(folder=pictures(tmp_path / "pictures", 2), hold_frames=2, loop=True)
    once = ["picture 0", "picture 0", "picture 1", "picture 1"]
    assert played(camera, 8) == once + once


def test_a_slow_reader_misses_no_picture(tmp_path: Path) -> None:
    clock = Clock()
    settings = replay.Settings(folder=pictures(tmp_path / "pictures", 3))
    camera = replay.ReplayCamera(settings, clock.monotonic_ns, clock.wait)
    texts = []
    for _ in range(3):
        clock.now_ns += 10 * NS_PER_S
        texts.append("".join(read(camera.capture(1.0))))
    assert texts == ["picture 0", "picture 1", "picture 2"]


def test_files_are_played_in_the_order_given(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "pictures", 3)
    files = [folder / "02.png", folder / "00.png"]
    assert played(player(files=files), 3) == ["picture 2", "picture 0", ""]


def test_folders_below_are_played_too_and_what_is_no_picture_is_counted(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "pictures", 1)
    pictures(folder / "more", 1)
    (folder / "notes.txt").write_text("no picture")
    (folder / "zz.png").write_bytes((folder / "00.png").read_bytes()[:200])
    camera = player(folder=folder, loop=True)
    assert played(camera, 6) == ["picture 0"] * 6
    assert camera.skipped == 2


def test_pictures_that_vanish_leave_the_wall(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "pictures", 2)
    camera = player(folder=folder, loop=True)
    for path in folder.iterdir():
        path.unlink()
    # The first picture was opened when the camera was.
    assert played(camera, 4) == ["picture 0", "", "", ""]


@pytest.mark.parametrize("content", [None, [], ["notes.txt"]])
def test_nothing_to_play_stops_with_a_fix(tmp_path: Path, content: list[str] | None) -> None:
    folder = tmp_path / "pictures"
    if content is not None:
        folder.mkdir()
        for name in content:
            (folder / name).write_text("no picture")
    with pytest.raises(SettingsError, match=str(folder)) as stopped:
        replay.build(replay.Settings(folder=folder))
    assert ";" in str(stopped.value), "the message names no fix"


@pytest.mark.parametrize("both", [{}, {"folder": "a", "files": ["b"]}])
def test_folder_or_files_but_not_both(both: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="either folder or files"):
        replay.Settings.model_validate(both)


@pytest.mark.parametrize("size_px", [(1, 1), (17, 301), (639, 479), (3000, 5)])
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_odd_sizes_and_modes(tmp_path: Path, size_px: tuple[int, int], mode: str) -> None:
    target = tmp_path / "odd.png"
    Image.new(mode, size_px, 0).save(target)
    frame = player(files=[target], max_px=3000).capture(1.0)
    assert (frame.width_px, frame.height_px) == size_px
    assert len(frame.luma) >= frame.stride_px * (frame.height_px - 1) + frame.width_px
