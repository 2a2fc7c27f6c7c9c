"""What every camera promises, asked of every camera that runs without hardware."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from kiosk.errors import CameraLost
from kiosk.eye.cameras import Camera, replay, synthetic
from kiosk.eye.frame import Frame
from kiosk.eye.scenes import Scene, SceneCode, draw
from tests.parts.camera_clock import NS_PER_S, Clock

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "photos"


@dataclass
class Bench:
    """One camera under test, its clock, and the file that stalls it."""

    camera: Camera
    clock: Clock
    stall: Path


def scene(text: str) -> Scene:
    return Scene(codes=(SceneCode(text=text, size=0.5),), noise=2)


def pictures(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        draw(scene(f"picture {number}"), (321, 241), 1, number).save(folder / f"{number:02}.png")
    return folder


def synthetic_bench(tmp_path: Path) -> Bench:
    clock, stall = Clock(), tmp_path / "stall"
    settings = synthetic.Settings(width_px=322, height_px=242, stall_while=stall)
    camera = synthetic.SyntheticCamera(settings, clock.monotonic_ns, clock.wait)
    return Bench(camera, clock, stall)


def replay_bench(tmp_path: Path) -> Bench:
    clock, stall = Clock(), tmp_path / "stall"
    settings = replay.Settings(folder=pictures(tmp_path / "pictures", 3), stall_while=stall)
    camera = replay.ReplayCamera(settings, clock.monotonic_ns, clock.wait)
    return Bench(camera, clock, stall)


@pytest.fixture(params=[synthetic_bench, replay_bench], ids=["synthetic", "replay"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    make: Callable[[Path], Bench] = request.param
    made = make(tmp_path)
    with closing(made.camera):
        yield made


def as_picture(frame: Frame) -> Image.Image:
    size = (frame.width_px, frame.height_px)
    return Image.frombytes("L", size, bytes(frame.luma), "raw", "L", frame.stride_px, 1)


def read(frame: Frame) -> list[bytes]:
    found = zxingcpp.read_barcodes(
        as_picture(frame), formats=zxingcpp.barcode_formats_from_str("QRCodeModel2")
    )
    return [code.bytes for code in found]


def test_frames_honour_their_stride(bench: Bench) -> None:
    for _ in range(5):
        frame = bench.camera.capture(1.0)
        assert frame.stride_px >= frame.width_px
        assert len(frame.luma) >= frame.stride_px * (frame.height_px - 1) + frame.width_px
        assert as_picture(frame).size == (frame.width_px, frame.height_px)


def test_captured_is_the_clock_and_never_goes_back(bench: Bench) -> None:
    times = []
    for _ in range(8):
        before_ns = bench.clock.now_ns
        frame = bench.camera.capture(1.0)
        assert before_ns <= frame.captured_ns <= bench.clock.now_ns
        times.append((frame.captured_ns, frame.sensor_ns))
    assert times == sorted(times)
    assert len({sensor_ns for _, sensor_ns in times}) == len(times)


def test_frames_are_paced(bench: Bench) -> None:
    began_ns = bench.clock.now_ns
    for _ in range(11):
        bench.camera.capture(1.0)
    # Ten periods, at 10 or 15 frames a second.
    assert bench.clock.now_ns - began_ns >= 10 * NS_PER_S / 15 * 0.99


def test_a_stalled_camera_is_lost_after_the_timeout_and_not_before(bench: Bench) -> None:
    bench.camera.capture(1.0)
    bench.stall.touch()
    began_ns = bench.clock.now_ns
    with pytest.raises(CameraLost):
        bench.camera.capture(0.7)
    assert bench.clock.now_ns - began_ns == pytest.approx(0.7 * NS_PER_S, abs=1000)


def test_a_camera_that_stalled_goes_on_when_it_is_let(bench: Bench) -> None:
    bench.stall.touch()
    with pytest.raises(CameraLost):
        bench.camera.capture(0.5)
    bench.stall.unlink()
    assert bench.camera.capture(0.5).captured_ns <= bench.clock.now_ns


def test_nothing_due_within_the_timeout_is_a_lost_camera(bench: Bench) -> None:
    bench.camera.capture(1.0)
    with pytest.raises(CameraLost):
        bench.camera.capture(0.001)


def test_close_twice_and_no_frame_afterwards(bench: Bench) -> None:
    bench.camera.close()
    bench.camera.close()
    with pytest.raises(CameraLost, match="closed"):
        bench.camera.capture(1.0)


def test_close_after_a_failure(bench: Bench) -> None:
    bench.stall.touch()
    with pytest.raises(CameraLost):
        bench.camera.capture(0.1)
    bench.camera.close()


def open_synthetic(tmp_path: Path) -> Camera:
    return synthetic.build(synthetic.Settings(fps=0.1, stall_while=tmp_path / "stall"))


def open_replay(tmp_path: Path) -> Camera:
    folder = pictures(tmp_path / "pictures", 1)
    return replay.build(replay.Settings(folder=folder, stall_while=tmp_path / "stall"))


@pytest.mark.parametrize("make", [open_synthetic, open_replay])
def test_closing_ends_a_capture_that_waits(make: Callable[[Path], Camera], tmp_path: Path) -> None:
    # With the real clock and the real wait: the timeout is longer than the test may take.
    camera = make(tmp_path)
    camera.capture(1.0)
    (tmp_path / "stall").touch()
    lost = threading.Event()

    def look() -> None:
        try:
            camera.capture(600.0)
        except CameraLost:
            lost.set()

    looking = threading.Thread(target=look, name="looking", daemon=True)
    looking.start()
    camera.close()
    assert lost.wait(30)
    looking.join(30)


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no photographs at {CORPUS}")
def test_real_photographs_are_played_whole_and_read() -> None:
    count = sum(path.is_file() for path in CORPUS.rglob("*"))
    camera = replay.build(replay.Settings(folder=CORPUS, fps=1000))
    sizes, legible = set(), 0
    for number in range(count):
        frame = camera.capture(1.0)
        sizes.add((frame.width_px, frame.height_px))
        assert max(frame.width_px, frame.height_px) <= 2048
        # Every fourth is enough to know that they are pictures of codes still.
        legible += number % 4 == 0 and bool(read(frame))
    assert camera.skipped == 0
    assert len(sizes) > 1
    assert set(bytes(camera.capture(1.0).luma)) == {128}
    # Most are QR codes; how well they are read is for the benchmark to say.
    assert legible > count / 12
