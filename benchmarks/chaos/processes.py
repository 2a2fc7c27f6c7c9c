"""The three programs of a row, as victims: killed, paused, and started again.

A victim that ends without being killed is a finding: it is counted with the end of its log.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.chaos.kiosk import Life
from provisioning.broker import Broker, end

LEDGER = "from ledger.cli import main; main()"
_CONFIG = """\
[storage]
url = "{url}"
[source]
kind = "mqtt"
host = "127.0.0.1"
port = {port}
tls = false
"""
_START_S = 60.0
_STOP_S = 20.0
_LOOK_S = 0.05
_LOG_TAIL_BYTES = 1500


class Victim(ABC):
    """A program that can be hurt; each method may be called by any thread.

    `kills` counts SIGKILLs of it while it lived, `ends` are ends of its own with what it said last.
    """

    def __init__(self, name: str, log: Path | None = None) -> None:
        self.name = name
        self.lock = threading.RLock()
        self.log = log
        self.kills = 0
        self.pauses = 0
        self.ends: list[str] = []
        self.start_s = 0.5

    @abstractmethod
    def _start(self) -> None:
        """Start it; returns when it works or has ended."""

    @abstractmethod
    def _signal(self, number: signal.Signals) -> None:
        """Send a signal to it while it lives."""

    @abstractmethod
    def _alive(self) -> bool:
        """Tell whether it lives."""

    @abstractmethod
    def _stop(self) -> None:
        """Let it end in order, and wait for that; nothing where it has ended."""

    @abstractmethod
    def _bury(self) -> None:
        """Wait for the end of one that was killed."""

    def start(self) -> None:
        """Start it, and learn how long that takes."""
        with self.lock:
            begun_s = time.monotonic()
            self._start()
            self.start_s = time.monotonic() - begun_s

    def kill(self) -> bool:
        """SIGKILL it; False: it had ended by itself."""
        with self.lock:
            if self.note_end():
                return False
            self._signal(signal.SIGKILL)
            self._bury()
            self.kills += 1
            return True

    def pause(self, wait: Callable[[], object]) -> None:
        """Stop it with SIGSTOP for as long as `wait` takes."""
        with self.lock:
            if not self._alive():
                return
            self._signal(signal.SIGSTOP)
            self.pauses += 1
            try:
                wait()
            finally:
                self._signal(signal.SIGCONT)

    def mend(self) -> None:
        """Start it where it has ended by itself."""
        with self.lock:
            if self.note_end():
                self.start()

    def stop(self) -> None:
        """Let it end in order."""
        with self.lock:
            self._stop()

    def note_end(self) -> bool:
        """Tell whether it has ended by itself, and note what it said."""
        if self._alive():
            return False
        self.ends.append(f"{self.name} ended by itself: {self._said()}")
        return True

    def _said(self) -> str:
        if self.log is None or not self.log.exists():
            return ""
        return self.log.read_bytes()[-_LOG_TAIL_BYTES:].decode(errors="replace")


class BrokerVictim(Victim):
    """mosquitto with its own defaults: nothing is persisted, and a queue holds 1,000."""

    def __init__(self, folder: Path) -> None:
        super().__init__("broker")
        self.broker = Broker(folder, "max_queued_messages 1000")
        self._lives = False

    def _start(self) -> None:
        self.broker.start()
        self._lives = True

    def _signal(self, number: signal.Signals) -> None:
        match number:
            case signal.SIGSTOP:
                self.broker.pause()
            case signal.SIGCONT:
                self.broker.resume()
            case _:
                self.broker.kill()
                self._lives = False

    def _alive(self) -> bool:
        return self._lives

    def _stop(self) -> None:
        self.broker.kill()
        self._lives = False

    def _bury(self) -> None:
        """It was waited for already."""


class LedgerVictim(Victim):
    """The real `kiosk-ledger ingest`; `url` is its database."""

    def __init__(self, folder: Path, url: str, port: int) -> None:
        super().__init__("ledger", folder / "ledger.log")
        config = folder / "ledger.toml"
        config.write_text(_CONFIG.format(url=url, port=port), "utf-8")
        self._command = [sys.executable, "-c", LEDGER, "ingest", "--config", str(config)]
        self._process: subprocess.Popen[bytes] | None = None

    def _start(self) -> None:
        log = self.log or Path(os.devnull)
        before = log.stat().st_size if log.exists() else 0
        with log.open("ab") as out:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        until_s = time.monotonic() + _START_S
        while time.monotonic() < until_s and self._process.poll() is None:
            if b"connected" in log.read_bytes()[before:]:
                return
            time.sleep(_LOOK_S)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def _alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _stop(self) -> None:
        if self._process is not None:
            end(self._process, _STOP_S)

    def _bury(self) -> None:
        if self._process is not None:
            self._process.wait(_STOP_S)


class KioskVictim(Victim):
    """A kiosk out of the cradle; `life` says how its next life is to be."""

    def __init__(self, name: str, cradle: "Cradle", life: Callable[[], Life], log: Path) -> None:
        super().__init__(name, log)
        self._cradle = cradle
        self._life = life
        self._process: int | None = None

    def _start(self) -> None:
        self._process = self._cradle.bear(self._life())

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._process, number)

    def _alive(self) -> bool:
        return self._process is not None and not _ended(self._process, 0)

    def _stop(self) -> None:
        if self._alive():
            self._signal(signal.SIGCONT)
            self._signal(signal.SIGTERM)
            if self._process is not None and not _ended(self._process, _STOP_S):
                self.ends.append(f"{self.name} did not end within {_STOP_S:g} s of SIGTERM")
                self._signal(signal.SIGKILL)
        self._bury()

    def _bury(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            _ended(process, _STOP_S)
            os.close(process)


class Cradle:
    """One process that all kiosks are forks of; they die with it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def bear(self, life: Life) -> int:
        """Return a descriptor of a new kiosk's process.

        Raises:
            RuntimeError: The cradle has ended.
        """
        with self._lock:
            process = self._process
            if process is None or process.stdin is None or process.stdout is None:
                raise RuntimeError("the cradle is not there")
            process.stdin.write(life.model_dump_json().encode() + b"\n")
            process.stdin.flush()
            answer = process.stdout.readline()
            if not answer:
                raise RuntimeError("the cradle has ended")
            return os.pidfd_open(int(answer))

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.chaos.kiosk"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        process, self._process = self._process, None
        if process is not None:
            if process.stdin is not None:
                process.stdin.close()
            end(process, _STOP_S)
            if process.stdout is not None:
                process.stdout.close()


def _ended(process: int, patience_s: float) -> bool:
    """Tell whether a process has ended, or ends in time; `process` is its descriptor."""
    return bool(select.select([process], [], [], patience_s)[0])
