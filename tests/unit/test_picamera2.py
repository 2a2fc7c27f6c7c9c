"""The Pi camera's adapter, driven by a scripted double of picamera2's own classes."""

from collections import deque
from typing import Any, Self

import pytest
from pydantic import ValidationError

from kiosk.errors import CameraLost
from kiosk.eye.cameras.picamera2 import Picamera2Camera, Settings

NOW_NS = 60_000_000_000
PI_CONTROLS = ("FrameDurationLimits", "ExposureTime", "AfMode", "AfSpeed", "LensPosition")
SMALL = Settings(width_px=64, height_px=64)
STRIDE_PX = 96


class RequestDouble:
    """A completed request: a buffer with a stride, metadata, and whether it was given back."""

    def __init__(self, fill: int = 7, **metadata: Any) -> None:
        rows = [bytes([fill]) * 64 + bytes([0xEE]) * (STRIDE_PX - 64)] * 96
        self.buffer = bytearray(b"".join(rows))
        self.metadata = metadata
        self.released = 0
        self.mapped = 0

    def get_metadata(self) -> dict[str, Any]:
        return self.metadata

    def release(self) -> None:
        self.released += 1


class MappedDouble:
    """What `MappedArray(..., reshape=False, write=False)` is: the buffer itself, flat."""

    def __init__(self, request: RequestDouble, stream: str, *, reshape: bool, write: bool) -> None:
        assert (stream, reshape, write) == ("lores", False, False)
        self.request = request
        self.array = request.buffer

    def __enter__(self) -> Self:
        self.request.mapped += 1
        return self

    def __exit__(self, *_error: object) -> None:
        self.request.mapped -= 1
        del self.array


class CameraDouble:
    """`Picamera2`, scripted: called like the class, it answers as the instance."""

    def __init__(self, *script: RequestDouble | Exception) -> None:
        self.script = deque(script)
        self.camera_controls: dict[str, Any] = dict.fromkeys(PI_CONTROLS)
        self.camera_properties: dict[str, Any] = {}
        self.stream = {"size": (64, 64), "stride": STRIDE_PX, "format": "YUV420"}
        self.fails: dict[str, Exception] = {}
        self.controls: dict[str, Any] = {}
        self.calls: list[str] = []
        self.opened: list[tuple[int, Any]] = []
        self.waits: list[float] = []

    def __call__(self, camera_num: int, tuning: Any) -> Self:
        self.opened.append((camera_num, tuning))
        self._note("open")
        return self

    def _note(self, call: str) -> None:
        self.calls.append(call)
        if call in self.fails:
            raise self.fails[call]

    def create_video_configuration(self, **wanted: Any) -> dict[str, Any]:
        return wanted

    def configure(self, configuration: dict[str, Any]) -> None:
        self.configuration = configuration
        self._note("configure")

    def stream_configuration(self, name: str) -> dict[str, Any]:
        assert name == "lores"
        return self.stream

    def set_controls(self, controls: dict[str, Any]) -> None:
        unknown = controls.keys() - self.camera_controls.keys()
        if unknown:
            raise RuntimeError(f"Control {unknown} is not advertised by libcamera")
        self.controls |= controls

    def start(self) -> None:
        self._note("start")

    def capture_request(self, wait: float) -> RequestDouble:
        assert wait > 0
        self.waits.append(wait)
        coming = self.script.popleft()
        if isinstance(coming, Exception):
            raise coming
        return coming

    def cancel_all_and_flush(self) -> None:
        self._note("cancel")

    def stop(self) -> None:
        self._note("stop")

    def close(self) -> None:
        self._note("close")


def opened(device: CameraDouble, settings: Settings = SMALL, **more: Any) -> Picamera2Camera:
    return Picamera2Camera(settings, device, MappedDouble, monotonic_ns=lambda: NOW_NS, **more)


def test_frame_is_the_luma_plane_in_place_with_its_stride() -> None:
    request = RequestDouble(fill=7)
    frame = opened(CameraDouble(request)).capture(1.0)
    assert (frame.width_px, frame.height_px, frame.stride_px) == (64, 64, STRIDE_PX)
    rows = [
        bytes(frame.luma[row * STRIDE_PX : row * STRIDE_PX + 64]) for row in range(frame.height_px)
    ]
    assert rows == [b"\x07" * 64] * 64
    request.buffer[0] = 99
    assert frame.luma[0] == 99, "the buffer was copied"


def test_a_buffer_is_lent_until_the_next_capture_and_then_given_back() -> None:
    first, second = RequestDouble(1), RequestDouble(2)
    camera = opened(CameraDouble(first, second))
    frame = camera.capture(1.0)
    assert (first.released, first.mapped) == (0, 1)
    assert camera.capture(1.0).luma[0] == 2
    assert (first.released, second.released) == (1, 0)
    assert (first.mapped, second.mapped) == (0, 1)
    with pytest.raises(ValueError, match="released"):
        frame.luma[0]


def test_a_view_that_a_decoder_still_holds_does_not_keep_the_buffer_from_the_camera() -> None:
    first = RequestDouble(1)
    camera = opened(CameraDouble(first, RequestDouble(2)))
    frame = camera.capture(1.0)
    held = memoryview(frame.luma)
    camera.capture(1.0)
    assert first.released == 1
    assert held[0] == 1


def test_no_frame_in_time_is_a_lost_camera_and_leaves_no_job_behind() -> None:
    request = RequestDouble()
    device = CameraDouble(request, TimeoutError())
    camera = opened(device)
    camera.capture(1.0)
    with pytest.raises(CameraLost, match=r"no frame within 0\.25 s"):
        camera.capture(0.25)
    assert device.waits[-1] == 0.25
    assert device.calls[-1] == "cancel"
    assert request.released == 1


def test_a_timeout_of_zero_still_asks_picamera2_to_wait() -> None:
    # capture_request(wait=0) would return a job and not a frame.
    device = CameraDouble(TimeoutError())
    with pytest.raises(CameraLost):
        opened(device).capture(0)
    assert device.waits[0] > 0


@pytest.mark.parametrize("error", [RuntimeError("gone"), OSError(19, "no device"), KeyError("x")])
def test_whatever_picamera2_raises_is_a_lost_camera(error: Exception) -> None:
    with pytest.raises(CameraLost, match="failed to capture"):
        opened(CameraDouble(error)).capture(1.0)


@pytest.mark.parametrize("step", ["open", "configure", "start"])
def test_a_camera_that_does_not_start_is_lost_and_closed(step: str) -> None:
    device = CameraDouble()
    device.fails[step] = RuntimeError("Camera __init__ sequence did not complete.")
    with pytest.raises(CameraLost, match="failed to start"):
        opened(device)
    assert ("close" in device.calls) == (step != "open")


def test_a_lost_camera_says_what_lies_beneath() -> None:
    device = CameraDouble()
    device.fails["open"] = RuntimeError("Camera __init__ sequence did not complete.")
    device.fails["open"].__cause__ = OSError("Device or resource busy")
    with pytest.raises(CameraLost, match=r"did not complete: Device or resource busy$"):
        opened(device)


def test_a_stream_without_a_luma_plane_is_refused() -> None:
    device = CameraDouble()
    device.stream["format"] = "YUYV"
    with pytest.raises(CameraLost, match="YUYV"):
        opened(device)


def test_close_twice_gives_everything_back_once() -> None:
    request = RequestDouble()
    device = CameraDouble(request)
    camera = opened(device)
    camera.capture(1.0)
    camera.close()
    camera.close()
    assert request.released == 1
    assert device.calls[-2:] == ["cancel", "close"]
    with pytest.raises(CameraLost, match="closed"):
        camera.capture(1.0)


def test_close_goes_on_when_a_step_of_it_fails() -> None:
    device = CameraDouble()
    device.fails = {"cancel": RuntimeError("no")}
    opened(device).close()
    assert device.calls[-1] == "close"


def test_close_never_waits_for_picamera2s_own_thread() -> None:
    # It dies with a device that breaks, and `stop` would hand it the work and wait for ever.
    camera = opened(device := CameraDouble(RuntimeError("Failed to queue request")))
    with pytest.raises(CameraLost):
        camera.capture(1.0)
    camera.close()
    assert device.calls[-2:] == ["cancel", "close"]


def test_controls_the_camera_lacks_are_not_set() -> None:
    device = CameraDouble()
    device.camera_controls = {"FrameDurationLimits": None}
    opened(device)
    assert device.controls == {"FrameDurationLimits": (33333, 33333)}


@pytest.mark.parametrize("cropped", [True, False], ids=["set", "no such control"])
def test_a_crop_of_another_shape_than_the_frames_is_remarked_on(*, cropped: bool) -> None:
    device = CameraDouble()
    device.camera_properties["ScalerCropMaximum"] = (0, 0, 3280, 2464)
    if cropped:
        device.camera_controls["ScalerCrop"] = None
    square = Settings(width_px=64, height_px=64, crop=(0.25, 0.25, 0.5, 0.5))
    said = opened(device, square).remark
    assert (said is not None) is cropped
    assert opened(device).remark is None


def test_without_a_tuning_the_exposure_is_fixed_at_its_cap() -> None:
    device = CameraDouble()
    opened(device, Settings(width_px=64, height_px=64, max_exposure_us=1500))
    assert device.controls["ExposureTime"] == 1500
    assert device.opened == [(0, None)]


def test_with_a_capped_tuning_exposure_stays_automatic() -> None:
    device = CameraDouble(RequestDouble(ExposureTime=2010))
    camera = opened(device, sensor_tuning={"version": 2.0})
    camera.capture(1.0)
    assert "ExposureTime" not in device.controls
    assert device.opened == [(0, {"version": 2.0})]


def test_an_exposure_beyond_the_cap_is_fixed_at_the_cap() -> None:
    device = CameraDouble(RequestDouble(ExposureTime=16_000))
    opened(device, sensor_tuning={"version": 2.0}).capture(1.0)
    assert device.controls["ExposureTime"] == 2000


def test_focus_is_continuous_unless_a_distance_is_set() -> None:
    device, fixed = CameraDouble(), CameraDouble()
    opened(device)
    opened(fixed, Settings(width_px=64, height_px=64, lens_position=5.0))
    assert device.controls["AfMode"] == 2
    assert "LensPosition" not in device.controls
    assert (fixed.controls["AfMode"], fixed.controls["LensPosition"]) == (0, 5.0)


@pytest.mark.parametrize(
    ("stamp_ns", "captured_ns"),
    [
        (NOW_NS - 20_000_000, NOW_NS - 20_000_000),
        (NOW_NS + 1, NOW_NS),  # a clock that counted while asleep
        (NOW_NS - 6_000_000_000, NOW_NS),  # a frozen sensor
        (None, NOW_NS),
    ],
)
def test_captured_at_the_exposure_where_the_sensor_tells_credibly(
    stamp_ns: int | None, captured_ns: int
) -> None:
    metadata = {} if stamp_ns is None else {"SensorTimestamp": stamp_ns}
    frame = opened(CameraDouble(RequestDouble(**metadata))).capture(1.0)
    assert frame.captured_ns == captured_ns
    assert frame.sensor_ns == (captured_ns if stamp_ns is None else stamp_ns)


def test_captured_never_goes_back() -> None:
    stamps = (NOW_NS - 10, NOW_NS - 30)
    camera = opened(CameraDouble(*(RequestDouble(SensorTimestamp=stamp) for stamp in stamps)))
    assert [camera.capture(1.0).captured_ns for _ in stamps] == [NOW_NS - 10, NOW_NS - 10]


def test_both_streams_are_asked_for_as_luma_first_and_the_newest_is_kept() -> None:
    device = CameraDouble()
    opened(device)
    assert device.configuration["lores"] == {"size": (64, 64), "format": "YUV420"}
    assert device.configuration["queue"] is True


def test_sizes_are_even() -> None:
    with pytest.raises(ValidationError, match="multiple of 2"):
        Settings(width_px=641)
