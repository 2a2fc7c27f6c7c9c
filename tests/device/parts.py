"""What the device tests share: pictures before the camera, and programs watched to a point."""

import gc
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from picamera2 import Picamera2

from kiosk.eye.scenes import EMPTY, Scene, SceneCode, draw

PICTURES = Path("/run/pictures")
PATIENCE_S = 60.0
"""For a program that imports picamera2 on a machine that does other things."""
_STOP_S = 20.0


def show(*texts: str, size_px: tuple[int, int] = (1280, 720)) -> None:
    """Put a picture for each text before the camera, played in turn; "nobody" is an empty door.

    Before any camera is opened: libcamera reads the pictures when it starts. So it is started anew,
    as it lives on behind a camera that did not open or close as it should.
    """
    for old in PICTURES.iterdir():
        old.unlink()
    for number, text in enumerate(texts):
        scene = EMPTY if text == "nobody" else Scene(codes=(SceneCode(text=text, size=0.6),))
        # libcamera decodes colour JPEGs into NV12, as a sensor's picture arrives.
        picture = draw(scene, size_px, 1, number).convert("RGB")
        picture.save(PICTURES / f"{number}.jpg", quality=90)
    cameras = Picamera2._cm  # noqa: SLF001 - the only way to it
    assert not cameras.cameras, "a camera is open, and would go on showing the old pictures"
    # picamera2's objects refer to each other and to libcamera: they go when the collector comes.
    gc.collect()
    cameras.reset()


class Program:
    """A program of ours and the lines of one of its streams, read by a thread as they come."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._changed = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read, name="program-lines", daemon=True)
        self._reader.start()

    def until(self, wanted: Callable[[str], bool]) -> str:
        """Return the first line that is wanted; fails when the program ends or stays silent."""

        def found() -> bool:
            return self._ended or any(map(wanted, self.lines))

        with self._changed:
            self._changed.wait_for(found, PATIENCE_S)
            for line in self.lines:
                if wanted(line):
                    return line
        raise AssertionError("the line never came:\n" + "\n".join(self.lines[-40:]))

    def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        self.process.terminate()
        code = self.process.wait(_STOP_S)
        self._reader.join(_STOP_S)
        return code

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._changed:
                self.lines.append(line.rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()


@contextmanager
def kiosk(*arguments: str) -> Iterator[Program]:
    """Run `kiosk ARGUMENTS`, its log and its output in one stream; killed when the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "kiosk", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        try:
            yield Program(process)
        finally:
            process.kill()
