"""What every camera promises, asked of our Pi camera on the real picamera2 and libcamera.

Only the sensor is not real: libcamera's virtual pipeline plays our pictures. It does not pace
them, so nothing here measures time.
"""

import ctypes
import gc
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from picamera2 import MappedArray, Picamera2

from kiosk.errors import CameraLost
from kiosk.eye.cameras.picamera2 import Picamera2Camera, Settings, build
from kiosk.eye.decoders import Decoder, zbarlight, zxing
from kiosk.eye.frame import Frame
from kiosk.eye.luma import as_image
from tests.device.parts import show

CARD = "001090000001|Nguyen Van An|02031990"
DECODERS: list[Decoder] = [
    zxing.build(zxing.Settings()),
    zbarlight.build(zbarlight.Settings()),
]
LOST_S = 0.5
PATIENCE_S = 20.0

# Not ours to mend: picamera2 starts its thread the old way, and a camera that did not open leaves
# its pipe to the collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore:setDaemon:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
]


@contextmanager
def opened(**settings: Any) -> Iterator[tuple[Picamera2Camera, Any]]:
    """Open our camera, and give picamera2's own object beside it."""
    devices: list[Any] = []

    def device(number: int, tuning: Any) -> Any:
        devices.append(Picamera2(number, tuning=tuning))
        return devices[-1]

    with closing(Picamera2Camera(Settings(**settings), device, MappedArray)) as camera:
        yield camera, devices[0]


@pytest.fixture
def pair() -> Iterator[tuple[Picamera2Camera, Any]]:
    show(CARD)
    with opened() as both:
        yield both


@pytest.fixture
def camera(pair: tuple[Picamera2Camera, Any]) -> Picamera2Camera:
    return pair[0]


@pytest.fixture
def device(pair: tuple[Picamera2Camera, Any]) -> Any:
    return pair[1]


def payloads(decoder: Decoder, frame: Frame) -> list[bytes | None]:
    return [symbol.payload for symbol in decoder.decode(frame)]


@pytest.mark.parametrize("size_px", [(1280, 720), (640, 480)])
def test_a_frame_has_the_size_that_was_asked_for_and_an_honest_stride(
    size_px: tuple[int, int],
) -> None:
    show(CARD, size_px=size_px)
    with opened(width_px=size_px[0], height_px=size_px[1]) as (camera, device):
        frame = camera.capture(PATIENCE_S)
        assert (frame.width_px, frame.height_px) == size_px
        assert frame.stride_px == device.stream_configuration("lores")["stride"]
        assert len(frame.luma) >= frame.stride_px * size_px[1]
        # A stride that is off by one shears the picture: no symbol would be read.
        assert payloads(DECODERS[0], frame) == [CARD.encode()]


def test_a_size_that_the_camera_lacks_becomes_one_that_it_has_and_the_frame_says_so() -> None:
    show(CARD)
    with opened(width_px=1000, height_px=600) as (camera, _):
        frame = camera.capture(PATIENCE_S)
        assert (frame.width_px, frame.height_px) in {(1280, 720), (640, 480)}
        assert payloads(DECODERS[0], frame) == [CARD.encode()]


@pytest.mark.parametrize("decoder", DECODERS, ids=lambda decoder: decoder.name)
@pytest.mark.parametrize(
    "text", [CARD, "1234567890" * 12, "https://example.org/đón-chào?tên=Trần"], ids=len
)
def test_a_card_before_the_camera_is_read_exactly(decoder: Decoder, text: str) -> None:
    show(text)
    with opened() as (camera, _):
        assert payloads(decoder, camera.capture(PATIENCE_S)) == [text.encode()]


def test_an_empty_door_reads_as_nothing() -> None:
    show("nobody")
    with opened() as (camera, _):
        assert [payloads(decoder, camera.capture(PATIENCE_S)) for decoder in DECODERS] == [[], []]


def test_captured_is_clock_monotonic_and_never_goes_back(camera: Picamera2Camera) -> None:
    began_ns, times = time.monotonic_ns(), []
    for _ in range(12):
        frame = camera.capture(PATIENCE_S)
        assert frame.captured_ns <= time.monotonic_ns()
        times.append((frame.captured_ns, frame.sensor_ns))
    assert times == sorted(times)
    assert len({sensor_ns for _, sensor_ns in times}) == len(times)
    assert times[-1][0] >= began_ns
    # The sensor's own time was credible: it was taken over.
    assert all(captured_ns == sensor_ns for captured_ns, sensor_ns in times)


def test_luma_is_the_buffer_itself_and_no_copy(camera: Picamera2Camera, device: Any) -> None:
    frame = camera.capture(PATIENCE_S)
    buffers = {address(memory) for memory in device.allocator.mapped_buffers.values()}
    assert address(frame.luma) in buffers
    assert memoryview(frame.luma).format == "B"


def address(memory: Any) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))


def test_a_frame_is_lent_until_the_next_one() -> None:
    show(CARD, "nobody", "another card")
    with opened() as (camera, device):
        first = camera.capture(PATIENCE_S)
        before = bytes(first.luma)
        others = set()
        # More frames than there are buffers: one that was not really lent is written over.
        for _ in range(8):
            request = device.capture_request(wait=PATIENCE_S)
            others.add(request.make_array("lores").tobytes()[: len(before)])
            request.release()
        assert len(others) > 1
        assert bytes(first.luma) == before
        camera.capture(PATIENCE_S)
        with pytest.raises(ValueError, match="released"):
            first.luma[0]


def test_the_newest_frame_wins(camera: Picamera2Camera, device: Any) -> None:
    camera.capture(PATIENCE_S)
    for _ in range(5):
        told = device.capture_metadata(wait=PATIENCE_S)
    assert camera.capture(PATIENCE_S).sensor_ns >= told["SensorTimestamp"]


def test_every_buffer_comes_back(camera: Picamera2Camera) -> None:
    # Forty frames through four buffers: one that is kept each time would stall the fifth.
    for _ in range(40):
        camera.capture(PATIENCE_S)


# picamera2's own thread dies of it, which is what this is about.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_camera_that_stalls_is_lost_and_closes(camera: Picamera2Camera, device: Any) -> None:
    camera.capture(PATIENCE_S)
    # Under picamera2's feet, as when the ribbon cable is pulled: no frame, and no word of it.
    device.camera.stop()
    with pytest.raises(CameraLost):  # noqa: PT012 - a frame that was finished before may still come
        for _ in range(8):
            camera.capture(LOST_S)
    # To wait for that thread would be to wait for ever.
    camera.close()
    with closing(build(Settings())) as again:
        assert again.capture(PATIENCE_S).width_px == 1280


def test_a_camera_without_a_free_buffer_is_lost_and_goes_on_when_it_has_one(
    camera: Picamera2Camera, device: Any
) -> None:
    held = [
        device.capture_request(wait=PATIENCE_S) for _ in range(device.camera_config["buffer_count"])
    ]
    with pytest.raises(CameraLost, match="no frame within"):
        camera.capture(LOST_S)
    for request in held:
        request.release()
    assert payloads(DECODERS[0], camera.capture(PATIENCE_S)) == [CARD.encode()]


def test_close_twice_and_no_frame_afterwards(camera: Picamera2Camera) -> None:
    camera.capture(PATIENCE_S)
    camera.close()
    camera.close()
    with pytest.raises(CameraLost, match="closed"):
        camera.capture(PATIENCE_S)


def test_it_opens_again_and_again_and_leaves_nothing_behind() -> None:
    def left() -> tuple[int, int]:
        # picamera2's objects refer to each other: they go when the collector comes.
        gc.collect()
        return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()

    def round_trip() -> None:
        show(CARD)
        with closing(build(Settings())) as camera:
            assert payloads(DECODERS[0], camera.capture(PATIENCE_S)) == [CARD.encode()]

    round_trip()
    before = left()
    for _ in range(4):
        round_trip()
    assert left() == before


def test_one_camera_is_not_opened_twice_and_the_first_one_keeps_it(
    camera: Picamera2Camera,
) -> None:
    with pytest.raises(CameraLost, match=r"failed to start: .*Failed to acquire camera"):
        build(Settings())
    assert payloads(DECODERS[0], camera.capture(PATIENCE_S)) == [CARD.encode()]


def test_a_number_without_a_camera_is_a_lost_camera() -> None:
    with pytest.raises(CameraLost, match="No camera number 7"):
        build(Settings(camera_num=7))


def test_the_other_camera_is_chosen_by_its_number() -> None:
    show(CARD, size_px=(640, 480))
    size = {"width_px": 640, "height_px": 480}
    with opened(camera_num=0, **size) as (door, _), opened(camera_num=1, **size) as (lines, _):
        assert payloads(DECODERS[0], door.capture(PATIENCE_S)) == [CARD.encode()]
        assert payloads(DECODERS[0], lines.capture(PATIENCE_S)) == []


@pytest.mark.parametrize(
    "settings", [{}, {"lens_position": 5.0}, {"max_exposure_us": 500, "max_gain": 4.0}], ids=str
)
def test_controls_that_the_camera_lacks_are_left_out(settings: dict[str, Any]) -> None:
    show("nobody")
    with opened(**settings) as (camera, device):
        assert "ExposureTime" not in device.camera_controls
        assert "AfMode" not in device.camera_controls
        camera.capture(PATIENCE_S)


def test_the_picture_is_the_one_that_was_drawn(camera: Picamera2Camera) -> None:
    picture = as_image(camera.capture(PATIENCE_S))
    assert picture.mode == "L"
    # Black modules and white paper, as drawn: the full range of an 8-bit sensor.
    tones = set(picture.tobytes())
    assert min(tones) < 60
    assert max(tones) > 200
