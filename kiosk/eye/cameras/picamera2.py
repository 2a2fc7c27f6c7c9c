"""The Raspberry Pi's own camera, through picamera2 and libcamera.

It lends out the luma plane of libcamera's small stream in place: a copy of every frame would cost
a Pi more than reading the code in it. So one buffer is held from one `capture` to the next, and
nothing may look at a frame after that. The package comes from apt (python3-picamera2) and is
imported only when this camera is chosen.

Source: picamera2 0.3.38 (`picamera2.py`, `request.py`, `job.py`); libcamera's Raspberry Pi AGC
(`agc_channel.cpp`) and its control ids.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from kiosk.errors import CameraLost, SettingsError
from kiosk.eye.frame import Frame

_NS_PER_S = 1_000_000_000
_STREAM = "lores"
_BUFFERS = 4
"""One lent out, one kept ready by picamera2, two for the sensor to fill: little contiguous memory
on a Pi with 512 MB."""
_AF_MANUAL, _AF_CONTINUOUS = 0, 2
_AF_SPEED_FAST = 1
_LIKELY_AGE_NS = 5 * _NS_PER_S


class Settings(BaseModel):
    """`[camera] kind = "picamera2"`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    camera_num: int = Field(
        default=0, ge=0, le=7, description="Which camera, as `rpicam-hello --list-cameras` counts."
    )
    width_px: int = Field(
        default=1280,
        ge=64,
        le=4096,
        multiple_of=2,
        description="Width of the frames that are read, pixels, even; 640 on a Pi Zero 2 W.",
    )
    height_px: int = Field(
        default=720,
        ge=64,
        le=4096,
        multiple_of=2,
        description="Height of the frames that are read, pixels, even; 480 on a Pi Zero 2 W.",
    )
    fps: float = Field(default=30.0, ge=1, le=120, description="Frames a second.")
    max_exposure_us: int = Field(
        default=2000,
        ge=100,
        le=100_000,
        description="Longest exposure, microseconds. A card moving at 0.5 m/s is smeared by 1 mm "
        "in 2000; automatic exposure alone would take 10 to 33 ms indoors. Noise costs little, "
        "blur costs everything: in the dark add light or gain before time.",
    )
    max_gain: float = Field(
        default=16.0,
        ge=1,
        le=64,
        description="Most that a dark picture is amplified, times; what the sensor cannot do "
        "itself is done digitally. Holds only where the sensor's tuning file is found.",
    )
    lens_position: float | None = Field(
        default=None,
        ge=0,
        le=32,
        description="Fixed focus, dioptres (1 / metres): 5 is 20 cm, 0 is infinity. Best where "
        "cards are held at one distance. Unset: continuous autofocus, where the lens can.",
    )
    tuning: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_.-]+\.json$",
        description="The sensor's tuning file, where it is not named after the sensor, such as "
        "imx296_mono.json or imx219_noir.json.",
    )


class Picamera2Camera:
    """The newest frame of one Pi camera, its luma in place.

    `device` is picamera2's `Picamera2` and `mapped` its `MappedArray`; they are arguments so that
    a double can stand in for the hardware. Used by one thread; picamera2 runs two of its own.

    Raises:
        CameraLost: There is no such camera, or it does not start.
    """

    def __init__(
        self,
        settings: Settings,
        device: Any,
        mapped: Any,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._mapped = mapped
        self._monotonic_ns = monotonic_ns
        self._camera: Any = None
        self._request: Any = None
        self._mapping: Any = None
        self._luma: memoryview | None = None
        self._last_ns = 0
        with _translated("start"):
            tuning = _capped_tuning(settings, device)
            self._camera = device(settings.camera_num, tuning=tuning)
        try:
            with _translated("start"):
                self._start(settings, capped=tuning is not None)
        except CameraLost:
            self.close()
            raise

    def _start(self, settings: Settings, *, capped: bool) -> None:
        camera, size = self._camera, (settings.width_px, settings.height_px)
        # The main stream is never looked at, but there is no lores without one. YUV420 is its
        # smallest form. `queue` keeps one finished frame, always the newest: a reader that is
        # slower than the camera gets it at once, where `queue=False` would make it wait again.
        configuration = camera.create_video_configuration(
            main={"size": size, "format": "YUV420"},
            lores={"size": size, "format": "YUV420"},
            buffer_count=_BUFFERS,
            queue=True,
            display=None,
            encode=None,
        )
        camera.configure(configuration)
        # libcamera may adjust what it is asked for, so the stream is asked what it became.
        stream = camera.stream_configuration(_STREAM)
        self._width_px, self._height_px = stream["size"]
        self._stride_px = int(stream["stride"])
        wanted = _controls(settings, capped=capped)
        # A fixed-focus module, a USB camera and the virtual one each lack some of these, and
        # picamera2 refuses a control that the camera does not advertise.
        known = camera.camera_controls
        camera.set_controls({name: value for name, value in wanted.items() if name in known})
        camera.start()

    def capture(self, timeout_s: float) -> Frame:
        """Return the newest frame; the one returned before is no longer valid.

        Raises:
            CameraLost: No frame came within `timeout_s`, the camera is closed or broke.
        """
        if self._camera is None:
            raise CameraLost("the camera is closed")
        with _translated("capture"):
            self._give_back()
            self._request = self._next_request(timeout_s)
            metadata = self._request.get_metadata()
            self._mapping = self._mapped(self._request, _STREAM, reshape=False, write=False)
            self._luma = memoryview(self._mapping.__enter__().array)
            return self._frame(self._luma, metadata.get("SensorTimestamp"))

    def close(self) -> None:
        """Release the device. Never raises; may be called again."""
        camera, self._camera = self._camera, None
        # Whatever state it is in, the rest is to be tried: close is all that can be done.
        with suppress(Exception):
            self._give_back()
        if camera is not None:
            # A job that still waits for a frame would keep picamera2 from stopping.
            for step in (camera.cancel_all_and_flush, camera.stop, camera.close):
                with suppress(Exception):
                    step()

    def _next_request(self, timeout_s: float) -> Any:
        try:
            # A wait of 0 would mean "do not wait" to picamera2 and return a job.
            return self._camera.capture_request(wait=max(timeout_s, 0.001))
        except TimeoutError as error:
            self._camera.cancel_all_and_flush()
            raise CameraLost(f"the camera gave no frame within {timeout_s:g} s") from error

    def _frame(self, luma: memoryview, sensor_ns: int | None) -> Frame:
        now_ns = self._monotonic_ns()
        captured_ns = now_ns
        # libcamera documents CLOCK_BOOTTIME, the Pi's drivers stamp CLOCK_MONOTONIC. They are one
        # clock until a machine sleeps, which a kiosk never does; a camera that counts from
        # elsewhere, or is frozen, is told by a time that no live frame can have.
        if sensor_ns is not None and now_ns - _LIKELY_AGE_NS <= sensor_ns <= now_ns:
            captured_ns = sensor_ns
        self._last_ns = captured_ns = max(captured_ns, self._last_ns)
        return Frame(
            luma=luma,
            width_px=self._width_px,
            height_px=self._height_px,
            stride_px=self._stride_px,
            captured_ns=captured_ns,
            sensor_ns=captured_ns if sensor_ns is None else sensor_ns,
        )

    def _give_back(self) -> None:
        """Return the lent buffer to the camera, which may then write into it."""
        luma, self._luma = self._luma, None
        mapping, self._mapping = self._mapping, None
        request, self._request = self._request, None
        if luma is not None:
            # Who still looks at the frame now gets an error, not another picture. A decoder's
            # view of it that is not yet collected keeps it open, and does no harm.
            with suppress(BufferError):
                luma.release()
        try:
            if mapping is not None:
                mapping.__exit__(None, None, None)
        finally:
            if request is not None:
                request.release()


def _controls(settings: Settings, *, capped: bool) -> dict[str, Any]:
    period_us = round(1_000_000 / settings.fps)
    wanted: dict[str, Any] = {"FrameDurationLimits": (period_us, period_us), "AeEnable": True}
    if not capped:
        # Second best: a fixed exposure with automatic gain. Indoors it is the same; in sunlight,
        # where even a gain of 1 is too much, it is overexposed.
        wanted["ExposureTime"] = settings.max_exposure_us
    if settings.lens_position is None:
        wanted |= {"AfMode": _AF_CONTINUOUS, "AfSpeed": _AF_SPEED_FAST}
    else:
        wanted |= {"AfMode": _AF_MANUAL, "LensPosition": settings.lens_position}
    return wanted


def _capped_tuning(settings: Settings, device: Any) -> dict[str, Any] | None:
    """Return the sensor's tuning with the exposure capped, or None where there is none.

    libcamera has no control for the longest exposure: FrameDurationLimits cannot go below the
    sensor's readout, ten times too long, and AeExposureMode "short" still climbs to 1/15 s and
    more. The exposure table in the tuning file is what automatic exposure obeys: first time, up
    to the cap, then gain.
    """
    try:
        name = settings.tuning
        if name is None:
            name = f"{device.global_camera_info()[settings.camera_num]['Model']}.json"
        tuning: dict[str, Any] = device.load_tuning_file(name)
        algorithm = device.find_tuning_algo(tuning, "rpi.agc")
        table = {
            "shutter": [min(100, settings.max_exposure_us), settings.max_exposure_us],
            "gain": [1.0, settings.max_gain],
        }
        for channel in algorithm.get("channels", [algorithm]):
            channel["exposure_modes"] = dict.fromkeys(channel["exposure_modes"], table)
    except (RuntimeError, LookupError, StopIteration, OSError, ValueError):
        # A USB camera, the virtual one, a camera of another make: picamera2 finds no tuning.
        if settings.tuning is not None:
            raise
        return None
    return tuning


@contextmanager
def _translated(doing: str) -> Iterator[None]:
    """Turn whatever picamera2 and libcamera raise into CameraLost."""
    try:
        yield
    except CameraLost:
        raise
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise CameraLost(f"the camera failed to {doing}: {reason}") from error


def build(settings: Settings) -> Picamera2Camera:
    """Return the camera that the settings describe, started.

    Raises:
        SettingsError: picamera2 is not installed.
        CameraLost: There is no such camera, or it does not start.
    """
    try:
        from picamera2 import MappedArray, Picamera2  # noqa: PLC0415 - exists on a Pi only
    except ImportError as error:
        raise SettingsError(
            '[camera] kind = "picamera2" needs the package python3-picamera2: '
            "sudo apt install python3-picamera2, and a virtual environment that sees it"
        ) from error
    return Picamera2Camera(settings, Picamera2, MappedArray)
