"""A real mosquitto of one's own: on a free loopback port, ended by the pid that was started."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_PATIENCE_S = 10.0
_PLACES = "/usr/sbin:/usr/local/sbin"


@dataclass(slots=True)
class Broker:
    """A running mosquitto on 127.0.0.1."""

    port: int
    process: subprocess.Popen[bytes]


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start_broker(folder: Path, port: int, extra: str = "") -> Broker:
    """Start mosquitto and return it once it takes connections.

    Raises:
        RuntimeError: It is not installed, or did not start.
    """
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path=_PLACES)
    if program is None:
        raise RuntimeError("mosquitto is not installed: run bash provisioning/setup.sh")
    config = folder / f"mosquitto-{port}.conf"
    anonymous = "" if "allow_anonymous" in extra else "allow_anonymous true\n"
    config.write_text(f"listener {port} 127.0.0.1\n{anonymous}{extra}", "utf-8")
    log = (folder / f"mosquitto-{port}.log").open("ab")
    process = subprocess.Popen(
        [program, "-c", str(config)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
    )
    log.close()
    if not _answers(port, process):
        stop(process)
        raise RuntimeError(f"mosquitto did not start: see {log.name}")
    return Broker(port, process)


@contextmanager
def broker(folder: Path) -> Iterator[Broker]:
    """Run a broker for as long as the block lasts."""
    running = start_broker(folder, free_port())
    try:
        yield running
    finally:
        stop(running.process)


def stop(process: subprocess.Popen[bytes], patience_s: float = 5.0) -> int:
    """End a process that we started: ask, wait, then insist. Returns its exit code."""
    if process.poll() is None:
        process.terminate()
    try:
        return process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _answers(port: int, process: subprocess.Popen[bytes]) -> bool:
    deadline_s = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline_s and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=0.2).close()
        except OSError:
            time.sleep(0.02)
        else:
            return True
    return False
