"""`kiosk run` in the guest: started as a service is, and followed by what it logs."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.device.pi.guest import settings

PATIENCE_S = 60.0
_BANK = next(Path("/sys/devices/platform").glob("*/gpiochip*"))


class KioskRun:
    """The kiosk and its eye; killed when the block ends."""

    def __enter__(self) -> Self:
        settings.write()
        settings.show()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "kiosk", "run", "--config", settings.CONFIG],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, **settings.ENVIRON},
            # A group of its own, which its eye joins.
            start_new_session=True,
        )
        self._events: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def until(self, event: str, patience_s: float = PATIENCE_S) -> None:
        """Read the log until it says that, and show the console what else it said."""
        assert self.says(event, patience_s), f"it never said {event!r}"

    def says(self, event: str, within_s: float) -> bool:
        """Tell whether the log says that from now on, within so many seconds."""
        deadline = time.monotonic() + within_s
        with suppress(queue.Empty):
            while (left_s := deadline - time.monotonic()) > 0:
                if self._events.get(timeout=left_s) == event:
                    return True
        return False

    def rest(self) -> list[str]:
        """Return what events it logged since; only when it has ended."""
        self._reader.join()
        return [self._events.get_nowait() for _ in range(self._events.qsize())]

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            sys.stderr.write(line.decode())
            if line.startswith(b"{"):
                self._events.put(json.loads(line)["event"])

    def kill(self) -> float:
        """End every process of it at once, with SIGKILL; return when (monotonic s)."""
        at_s = time.monotonic()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        return at_s

    def end(self) -> None:
        """Ask it to end, and wait until it has."""
        self._process.terminate()
        self._process.wait()


def press(pin: int, for_s: float) -> None:
    """Connect a pin to ground for so long, as a button does, and let it be pulled up again."""
    pull = _BANK / f"sim_gpio{pin}/pull"
    pull.write_text("pull-down", "ascii")
    threading.Event().wait(for_s)
    pull.write_text("pull-up", "ascii")


def levels() -> dict[int, int]:
    """Return the outputs' levels, as whoever hangs on the pins sees them."""
    return {
        pin: int((_BANK / f"sim_gpio{pin}/value").read_text("ascii")) for pin in (17, 27, 18, 22)
    }
