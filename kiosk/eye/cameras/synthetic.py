"""A camera without a camera: it draws a door scene, and can be made to fail on command.

For the demonstration, for tests, and for trying a kiosk on a laptop. Left alone it plays people
who come and go; with a `stage` it shows the scene that another process puts into that file. Its
faults are files too, so that a test can break the camera of a running eye.
"""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kiosk.errors import CameraLost
from kiosk.eye.frame import Frame
from kiosk.eye.people import Visit, visits
from kiosk.eye.scenes import EMPTY, Scene, draw

_NS_PER_S = 1_000_000_000


class Settings(BaseModel):
    """`[camera] kind = "synthetic"`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    width_px: int = Field(default=640, ge=64, le=4096, description="Width of a frame, pixels.")
    height_px: int = Field(default=480, ge=64, le=4096, description="Height of a frame, pixels.")
    fps: float = Field(default=15.0, ge=0.1, le=120, description="Frames a second.")
    seed: int = Field(default=1, ge=0, description="The same seed plays the same people.")
    stage: Path | None = Field(
        default=None,
        description="JSON file with the scene to draw; replace it by renaming. Absent: nobody "
        "at the door. Unset: people come and go by themselves.",
    )
    stall_while: Path | None = Field(
        default=None, description="While this file exists, no frame is delivered."
    )
    freeze_while: Path | None = Field(
        default=None, description="While this file exists, the last frame is delivered again."
    )


class SyntheticCamera:
    """Draws frames at `fps`; a slow caller misses frames, as with a real camera.

    `monotonic_ns` is the clock of the frames and `wait` waits for so many seconds, or less.
    """

    has_sensor = False
    remark = None
    skipped = 0

    def __init__(
        self,
        settings: Settings,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self._settings = settings
        self._closed = threading.Event()
        self._monotonic_ns = monotonic_ns
        self._wait = self._closed.wait if wait is None else wait
        self._period_ns = round(_NS_PER_S / settings.fps)
        self._began_ns = monotonic_ns()
        self._shown = -1
        self._last: Frame | None = None
        stage = settings.stage
        self._scene_at = _programme(settings.seed) if stage is None else _Stage(stage).scene_at

    def capture(self, timeout_s: float) -> Frame:
        """Return the newest frame not returned before, waiting until it is due.

        Raises:
            CameraLost: The camera is closed, or was told to stall for all of `timeout_s`.
        """
        deadline_ns = self._monotonic_ns() + round(timeout_s * _NS_PER_S)
        while not self._closed.is_set():
            now_ns = self._monotonic_ns()
            newest = (now_ns - self._began_ns) // self._period_ns
            if newest > self._shown and not _exists(self._settings.stall_while):
                self._shown = newest
                return self._frame(newest, now_ns)
            if now_ns >= deadline_ns:
                raise CameraLost(f"the synthetic camera gave no frame within {timeout_s:g} s")
            next_ns = self._began_ns + (max(newest, self._shown) + 1) * self._period_ns
            self._wait((min(next_ns, deadline_ns) - now_ns) / _NS_PER_S)
        raise CameraLost("the synthetic camera is closed")

    def close(self) -> None:
        """Release the device. Never raises; ends a `capture` that waits in another thread."""
        self._closed.set()

    def _frame(self, number: int, now_ns: int) -> Frame:
        last = self._last
        if last is None or not _exists(self._settings.freeze_while):
            settings = self._settings
            size_px = (settings.width_px, settings.height_px)
            scene = self._scene_at((now_ns - self._began_ns) / _NS_PER_S)
            picture = draw(scene, size_px, settings.seed, number)
            last = _as_frame(picture, now_ns, sensor_ns=now_ns)
            self._last = last
            return last
        return Frame(
            luma=last.luma,
            width_px=last.width_px,
            height_px=last.height_px,
            stride_px=last.stride_px,
            captured_ns=now_ns,
            sensor_ns=last.sensor_ns,
        )


def _as_frame(picture: Image.Image, captured_ns: int, sensor_ns: int) -> Frame:
    width_px, height_px = picture.size
    return Frame(
        luma=picture.tobytes(),
        width_px=width_px,
        height_px=height_px,
        stride_px=width_px,
        captured_ns=captured_ns,
        sensor_ns=sensor_ns,
    )


def _exists(switch: Path | None) -> bool:
    return switch is not None and switch.exists()


def _programme(seed: int) -> Callable[[float], Scene]:
    """Return the scene at a time, in seconds since the start; asked with rising times only."""
    coming: Iterator[Visit] = visits(seed)
    visit, ends_s = Visit(EMPTY, 0), 0.0

    def scene_at(elapsed_s: float) -> Scene:
        nonlocal visit, ends_s
        while elapsed_s >= ends_s:
            visit = next(coming)
            ends_s += visit.lasts_s
        return visit.scene

    return scene_at


class _Stage:
    """The scene in a file, read again whenever the file is another one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: tuple[int, int, int] | None = None
        self._scene = EMPTY

    def scene_at(self, _elapsed_s: float) -> Scene:
        """Return what the file says now; the scene before it where it cannot be read."""
        try:
            status = self._path.stat()
            identity = (status.st_mtime_ns, status.st_ino, status.st_size)
            if identity != self._read:
                self._scene = Scene.model_validate_json(self._path.read_bytes())
                self._read = identity
        except FileNotFoundError:
            self._scene, self._read = EMPTY, None
        except (OSError, ValidationError):
            # Perhaps it is being written just now: it is tried again with the next frame.
            pass
        return self._scene


def build(settings: Settings) -> SyntheticCamera:
    """Return the camera that the settings describe."""
    return SyntheticCamera(settings)
