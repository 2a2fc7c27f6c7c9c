"""Starts the eye as a child, and starts it again when it dies, hangs or loses its camera.

Used off the Pi; on the Pi systemd does this for two units. A hang is a kill and a fresh start at
once. A lost camera is not a hang: it is tried again after a second, or half a minute once there
were five losses within a minute, and it never ends the door.
"""

import contextlib
import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

EXIT_NO_KIOSK = 68
"""EX_NOHOST of sysexits.h: nobody listens for what the eye sees; no fault of the camera."""
EXIT_CAMERA_LOST = 69
"""EX_UNAVAILABLE of sysexits.h: the eye ended because its camera did."""
EXIT_PLANNED = 75
"""EX_TEMPFAIL: the eye had grown and ended while nobody was in view; it starts again at once."""

START_PATIENCE_S = 20.0
"""Until its first word an eye may take longer: importing picamera2 on a Zero 2 W is slow."""
CAMERA_FAILURES = 5
CAMERA_WINDOW_S = 60.0
CAMERA_PAUSE_S = 30.0
RESTART_PAUSE_S = 1.0


class Child(Protocol):
    """The part of `subprocess.Popen` that is needed here."""

    pid: int

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs."""

    def kill(self) -> None:
        """End it without asking."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end."""


@dataclass(frozen=True, slots=True)
class Restarted:
    """What the supervisor did, for the log."""

    why: str
    pause_s: float
    code: int | None = None
    """The exit code, where it ended by itself."""


class Supervisor:
    """Keeps one eye running; owned and ticked by the main thread."""

    def __init__(self, start: Callable[[], Child], *, silent_s: float) -> None:
        self._start = start
        self._silent_s = silent_s
        self._child: Child | None = None
        self._start_at_s = float("-inf")
        self._deadline_s = 0.0
        self._camera_failures_s: deque[float] = deque(maxlen=CAMERA_FAILURES)
        self.restarts = 0

    @property
    def pid(self) -> int | None:
        """The eye's process id while it runs."""
        return self._child.pid if self._child else None

    def heard(self, at_s: float) -> None:
        """Note that the eye spoke."""
        self._deadline_s = at_s + self._silent_s

    def tick(self, at_s: float) -> Restarted | None:
        """Start, or bury and start again; returns what was done, if it was a restart."""
        if self._child is None:
            if at_s >= self._start_at_s:
                self._child = self._start()
                self._deadline_s = at_s + START_PATIENCE_S
            return None
        code = self._child.poll()
        if code is None and at_s < self._deadline_s:
            return None
        if code is None:
            self._bury()
            return self._again(at_s, "silent: killed", 0.0)
        self._child = None
        if code == EXIT_CAMERA_LOST:
            return self._again(at_s, "camera lost", self._camera_pause_s(at_s), code)
        pause_s = 0.0 if code == EXIT_PLANNED else RESTART_PAUSE_S
        return self._again(at_s, f"ended with code {code}", pause_s, code)

    def close(self) -> None:
        """End the eye."""
        self._bury()

    def _again(self, at_s: float, why: str, pause_s: float, code: int | None = None) -> Restarted:
        self.restarts += 1
        self._start_at_s = at_s + pause_s
        return Restarted(why, pause_s, code)

    def _camera_pause_s(self, at_s: float) -> float:
        self._camera_failures_s.append(at_s)
        failures = self._camera_failures_s
        many = len(failures) == CAMERA_FAILURES and at_s - failures[0] < CAMERA_WINDOW_S
        return CAMERA_PAUSE_S if many else RESTART_PAUSE_S

    def _bury(self) -> None:
        if self._child is not None:
            self._child.kill()
            # A process stuck in the kernel cannot be reaped; the door goes on without it.
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(1.0)
            self._child = None


def spawner(command: Sequence[str], environ: Mapping[str, str]) -> Callable[[], Child]:
    """Return what starts `command` with no environment but `environ`."""

    def start() -> Child:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command, stdin=subprocess.DEVNULL, env=dict(environ)
        )

    return start
