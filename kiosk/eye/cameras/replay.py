"""A camera that plays picture files, so that recorded and collected pictures meet the real eye.

Every picture is delivered, however slow the caller is: dropping one would make a run depend on
the machine. A file that is no picture is passed over and counted, never fatal. After the last
one the camera shows an empty grey wall for ever, because a camera does not end.
"""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, model_validator

from kiosk.errors import CameraLost, NotAPicture, SettingsError
from kiosk.eye.frame import Frame
from kiosk.eye.pictures import open_luma

_NS_PER_S = 1_000_000_000
_WALL_LUMA = 128
_STALL_LOOK_S = 0.05
"""How soon a lifted stall is noticed."""


class Settings(BaseModel):
    """`[camera] kind = "replay"`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path | None = Field(
        default=None, description="Play every file in this folder and below, sorted by name."
    )
    files: tuple[Path, ...] = Field(
        default=(), description="Play these files in this order; instead of `folder`."
    )
    fps: float = Field(
        default=10.0, ge=0.1, le=1000, description="At most so many frames a second."
    )
    loop: bool = Field(default=False, description="Begin again after the last picture.")
    hold_frames: int = Field(
        default=1, ge=1, le=10_000, description="Deliver each picture so many times."
    )
    max_px: int = Field(
        default=2048, ge=64, le=8192, description="Scale down what is longer, pixels a side."
    )
    stall_while: Path | None = Field(
        default=None, description="While this file exists, no frame is delivered."
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.folder is None) == (not self.files):
            raise ValueError("give either folder or files")
        return self


class ReplayCamera:
    """Plays pictures in order, each `hold_frames` times, at most `fps` a second.

    `monotonic_ns` is the clock of the frames and `wait` waits for so many seconds, or less.

    Raises:
        SettingsError: There is no folder, or not one picture among the files.
    """

    has_sensor = False
    remark = None

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
        self._due_ns = monotonic_ns()
        self._passed_over: set[Path] = set()
        self._pictures = self._play(_listed(settings))
        first = next(self._pictures, None)
        if first is None:
            raise SettingsError(
                f"{_source(settings)}: no picture in it; put PNG or JPEG files there"
            )
        self._picture = first
        self._left = settings.hold_frames

    @property
    def skipped(self) -> int:
        """How many files turned out to be no picture so far; each counts once."""
        return len(self._passed_over)

    def capture(self, timeout_s: float) -> Frame:
        """Return the next picture, once it is due.

        Raises:
            CameraLost: The camera is closed, was told to stall, or nothing is due within
                `timeout_s`.
        """
        deadline_ns = self._monotonic_ns() + round(timeout_s * _NS_PER_S)
        while not self._closed.is_set():
            now_ns = self._monotonic_ns()
            stall = self._settings.stall_while
            stalled = stall is not None and stall.exists()
            if now_ns >= self._due_ns and not stalled:
                self._due_ns = max(self._due_ns + self._period_ns, now_ns)
                return self._frame(now_ns)
            if now_ns >= deadline_ns:
                raise CameraLost(f"the replay camera gave no frame within {timeout_s:g} s")
            pause_ns = round(_STALL_LOOK_S * _NS_PER_S) if stalled else self._due_ns - now_ns
            self._wait(min(pause_ns, deadline_ns - now_ns) / _NS_PER_S)
        raise CameraLost("the replay camera is closed")

    def close(self) -> None:
        """Release the device. Never raises; ends a `capture` that waits in another thread."""
        self._closed.set()

    def _frame(self, now_ns: int) -> Frame:
        if self._left == 0:
            wall = Image.new("L", self._picture.size, _WALL_LUMA)
            self._picture = next(self._pictures, wall)
            self._left = self._settings.hold_frames
        self._left -= 1
        width_px, height_px = self._picture.size
        return Frame(
            luma=self._picture.tobytes(),
            width_px=width_px,
            height_px=height_px,
            stride_px=width_px,
            captured_ns=now_ns,
            sensor_ns=now_ns,
        )

    def _play(self, paths: tuple[Path, ...]) -> Iterator[Image.Image]:
        while True:
            found = False
            for path in paths:
                try:
                    picture = open_luma(path, self._settings.max_px)
                except NotAPicture:
                    self._passed_over.add(path)
                    continue
                found = True
                yield picture
            # Without this, files that vanish during a loop would keep it turning for ever.
            if not found or not self._settings.loop:
                return


def _source(settings: Settings) -> str:
    if settings.folder is not None:
        return f"[camera] folder {settings.folder}"
    return f"[camera] files (first: {settings.files[0]})"


def _listed(settings: Settings) -> tuple[Path, ...]:
    if settings.folder is None:
        return settings.files
    if not settings.folder.is_dir():
        raise SettingsError(f"{_source(settings)}: no such folder; create it or correct the path")
    return tuple(sorted(path for path in settings.folder.rglob("*") if path.is_file()))


def build(settings: Settings) -> ReplayCamera:
    """Return the camera that the settings describe.

    Raises:
        SettingsError: There is no folder, or not one picture among the files.
    """
    return ReplayCamera(settings)
