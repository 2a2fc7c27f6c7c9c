"""The Raspberry Pi's own camera, through picamera2 and libcamera.

It lends out the luma plane of libcamera's small stream in place: a copy of every frame would cost
a Pi more than reading the code in it. So one buffer is held from one `capture` to the next, and
nothing may look at a frame after that. The package comes from apt (python3-picamera2) and is
imported only when this camera is chosen.

Source: picamera2 0.3.38 (`picamera2.py`, `request.py`, `job.py`) and libcamera's control ids.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from kiosk.errors import CameraLost, SettingsError
from kiosk.eye import tuning
from kiosk.eye.camera_controls import Part, controls, shape_remark
from kiosk.eye.frame import Frame

_NS_PER_S = 1_000_000_000
_STREAM = "lores"
_LUMA_FIRST = ("YUV420", "YVU420", "NV12", "NV21")
_BUFFERS = 4
"""One lent out, one kept ready by picamera2, two for the sensor to fill: little contiguous memory
on a Pi with 512 MB."""
_LIKELY_AGE_NS = 5 * _NS_PER_S
_CAP_SLACK = 1.25
"""A sensor exposes whole lines, so the time it took may be a little more than it was told."""


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
    focus_window: Part | None = Field(
        default=None,
        description="Where autofocus looks: left, top, width, height as parts of the picture. The "
        "place where cards are held, so that a face behind one is not focused instead.",
    )
    crop: Part | None = Field(
        default=None,
        description="The part of the sensor that is read, the same way: more pixels a module where "
        "cards are held in a small part of the picture. Of the frame's shape, or the picture is "
        "stretched, codes too.",
    )
    tuning: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_.-]+\.json$",
        description="The sensor's tuning file, where it is not named after the sensor, such as "
        "imx296_mono.json or imx219_noir.json.",
    )

    def remark(self) -> str | None:
        """Return what is odd about settings that can be used, as far as any Pi camera goes."""
        frame_px = (self.width_px, self.height_px)
        return None if self.crop is None else shape_remark(self.crop, frame_px)


class Picamera2Camera:
    """The newest frame of one Pi camera, its luma in place.

    `device` is picamera2's `Picamera2` and `mapped` its `MappedArray`; they are arguments so that
    a double can stand in for the hardware. `sensor_tuning` is what `kiosk.eye.tuning` found. Used
    by one thread; picamera2 runs two of its own.

    Raises:
        CameraLost: There is no such camera, or it does not start.
    """

    has_sensor = True
    skipped = 0

    def __init__(
        self,
        settings: Settings,
        device: Any,
        mapped: Any,
        sensor_tuning: tuning.Tuning | None = None,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._settings = settings
        self._mapped = mapped
        self._monotonic_ns = monotonic_ns
        self._camera: Any = None
        self._request: Any = None
        self._mapping: Any = None
        self._luma: memoryview | None = None
        self.remark: str | None = None
        self._last_ns = 0
        self._capped = sensor_tuning is not None
        with _translated("start"):
            self._camera = device(settings.camera_num, tuning=sensor_tuning)
        try:
            with _translated("start"):
                self._start(settings)
        except CameraLost:
            self.close()
            raise

    def _start(self, settings: Settings) -> None:
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
        if stream["format"] not in _LUMA_FIRST:
            raise CameraLost(f"the camera gives {stream['format']}, which has no luma plane")
        self._width_px, self._height_px = stream["size"]
        self._stride_px = int(stream["stride"])
        sensor = camera.camera_properties.get("ScalerCropMaximum")
        self._set(
            controls(
                fps=settings.fps,
                exposure_us=None if self._capped else settings.max_exposure_us,
                lens_position=settings.lens_position,
                focus_window=settings.focus_window,
                crop=settings.crop,
                sensor=None if sensor is None else tuple(sensor),
            )
        )
        if settings.crop and sensor and "ScalerCrop" in camera.camera_controls:
            self.remark = shape_remark(settings.crop, tuple(stream["size"]), tuple(sensor))
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
            self._hold_the_cap(metadata.get("ExposureTime"))
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
            # Not `stop`: that hands the work to picamera2's own thread, which dies with a device
            # that breaks, and then waits for it for ever. `close` ends that thread first.
            for step in (camera.cancel_all_and_flush, camera.close):
                with suppress(Exception):
                    step()

    def _set(self, wanted: dict[str, Any]) -> None:
        # A fixed-focus module, a USB camera and the virtual one each lack some of these, and
        # picamera2 refuses a control that the camera does not advertise.
        known = self._camera.camera_controls
        self._camera.set_controls({name: wanted[name] for name in wanted if name in known})

    def _hold_the_cap(self, exposed_us: int | None) -> None:
        """Fix the exposure where the tuning did not hold it, as with another camera stack."""
        limit_us = self._settings.max_exposure_us
        if self._capped and exposed_us is not None and exposed_us > _CAP_SLACK * limit_us:
            self._capped = False
            self._set({"ExposureTime": limit_us})

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


@contextmanager
def _translated(doing: str) -> Iterator[None]:
    """Turn whatever picamera2 and libcamera raise into CameraLost."""
    try:
        yield
    except CameraLost:
        raise
    except Exception as error:
        # picamera2 says "did not complete"; why is in what it caught, such as a device in use.
        why = ": ".join(_reason(each) for each in _causes(error))
        raise CameraLost(f"the camera failed to {doing}: {why}") from error


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def build(settings: Settings) -> Picamera2Camera:
    """Return the camera that the settings describe, started.

    Raises:
        SettingsError: picamera2 is not installed, or there is no tuning file of that name.
        CameraLost: There is no such camera, or it does not start.
    """
    try:
        from picamera2 import MappedArray, Picamera2  # noqa: PLC0415 - exists on a Pi only
    except ImportError as error:
        raise SettingsError(
            '[camera] kind = "picamera2" needs the package python3-picamera2: '
            "sudo apt install python3-picamera2, and a virtual environment that sees it"
        ) from error
    found = tuning.capped(Picamera2, settings.tuning, settings.max_exposure_us, settings.max_gain)
    if found is None and settings.tuning is not None:
        raise SettingsError(
            f"[camera] tuning = {settings.tuning!r}: libcamera has no such tuning file, or one "
            "without exposure modes; leave the key out, or name one of /usr/share/libcamera/ipa/rpi"
        )
    return Picamera2Camera(settings, Picamera2, MappedArray, found)
