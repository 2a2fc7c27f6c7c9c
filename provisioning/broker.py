"""A real mosquitto of one's own: on a free loopback port, ended by the pid that was started.

The demonstration and the tests use this one. Its log is read by a thread, so that waiting for it is
waiting for a line and not for a while. Nothing is persisted: what a broker remembers would hide
what a kiosk lost.
"""

import os
import shutil
import signal
import socket
import subprocess
import threading
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Self

_START_S = 20.0
_STOP_S = 5.0
_ATTEMPTS = 5
_LINES_KEPT = 2000
_RUNNING = " running"
_RELOADING = "Reloading config"


def program() -> str | None:
    """Return where mosquitto is; Debian keeps it where only root's PATH looks."""
    return shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Broker:
    """One mosquitto, used as `with Broker(folder) as broker`; `port` stays when it restarts.

    `options` are lines for its configuration, put before the listener; `tls` are lines for the
    listener itself. `lines` are the last of its log, each packet among them unless `verbose` is
    off.
    """

    def __init__(
        self, folder: Path, *options: str, tls: tuple[str, ...] = (), verbose: bool = True
    ) -> None:
        self._config = folder / "mosquitto.conf"
        self._options = options
        self._tls = tls
        self._verbose = ["-v"] if verbose else []
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._said = threading.Condition()
        self._reloads = 0
        self.port = 0
        self.lines: deque[str] = deque(maxlen=_LINES_KEPT)

    def start(self) -> None:
        """Start it; returns when it listens.

        Raises:
            RuntimeError: It is not installed, or does not start.
        """
        for _ in range(_ATTEMPTS):
            port = self.port or free_port()
            if self._starts_on(port):
                self.port = port
                return
        raise RuntimeError("mosquitto does not start:\n" + "\n".join([*self.lines][-5:]))

    def stop(self) -> None:
        """Let it end in order; returns when it has."""
        self._end(kill=False)

    def kill(self) -> None:
        """SIGKILL it: sockets close, nothing is said to anybody."""
        self._end(kill=True)

    def pause(self) -> None:
        """Stop it with SIGSTOP: connections stay open and nobody answers on them."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after `pause`."""
        self._signal(signal.SIGCONT)

    def reload(self) -> None:
        """Have it read its files again; returns when nothing is decided by the old ones any more.

        Raises:
            TimeoutError: It does not say that it does.
        """
        with self._said:
            before = self._reloads
            self._signal(signal.SIGHUP)
            if not self._said.wait_for(lambda: self._reloads > before, _START_S):
                raise TimeoutError("mosquitto does not read its files again")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is None:
            raise RuntimeError("mosquitto is not running")
        self._process.send_signal(number)

    def _starts_on(self, port: int) -> bool:
        name = program()
        if name is None:
            raise RuntimeError("mosquitto is not installed: run bash provisioning/setup.sh")
        self._config.write_text("\n".join(self._config_lines(port)) + "\n", "utf-8")
        running = threading.Event()
        # It says "running" when every listener is open, and ends when one cannot be.
        self._process = process = subprocess.Popen(
            [name, *self._verbose, "-c", str(self._config)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            # Ctrl-C in a terminal is for whoever started it, who ends it in order.
            start_new_session=True,
        )
        self._reader = threading.Thread(
            target=self._read, args=(process, running), name="broker-log", daemon=True
        )
        self._reader.start()
        if running.wait(_START_S) and process.poll() is None:
            return True
        self._end(kill=True)
        return False

    def _config_lines(self, port: int) -> list[str]:
        defaults = ["persistence false", "log_dest stderr", "max_queued_messages 0"]
        if os.getuid() == 0:
            # It would give up root and then could not read what lies in a private folder.
            defaults.append("user root")
        if not any(option.startswith("allow_anonymous") for option in self._options):
            defaults.append("allow_anonymous true")
        return [*defaults, *self._options, f"listener {port} 127.0.0.1", *self._tls]

    def _read(self, process: subprocess.Popen[str], running: threading.Event) -> None:
        if process.stderr is None:
            raise RuntimeError("mosquitto has no log")
        with process.stderr as log:
            for line in log:
                self.lines.append(line.rstrip())
                if _RELOADING in line:
                    with self._said:
                        self._reloads += 1
                        self._said.notify_all()
                if line.rstrip().endswith(_RUNNING):
                    running.set()
        # The end of the log is the end of the process: nobody need wait any longer.
        running.set()

    def _end(self, *, kill: bool) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        end(process, kill=kill)
        if self._reader is not None:
            self._reader.join(_STOP_S)


def end(
    process: subprocess.Popen[bytes] | subprocess.Popen[str],
    patience_s: float = _STOP_S,
    *,
    kill: bool = False,
) -> int:
    """End a process that we started: ask, wait, then insist. Returns its exit code."""
    if kill:
        process.kill()
    elif process.poll() is None:
        process.terminate()
    try:
        return process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
