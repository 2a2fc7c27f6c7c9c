"""A decoder that has been taken over: from inside the eye it tries whatever it should not reach.

The test puts this file beside the real decoders, so it runs in the running eye, under its unit. It
logs one line, `burglar: {JSON}`: what it was able to do. Run as a program it does the same outside
of any sandbox, to show that there is something to be kept from.
"""

import ctypes
import json
import os
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

_SECRETS = (
    "/var/lib/kiosk/site.key",
    "/var/lib/kiosk/device.key",
    "/var/lib/kiosk/outbox.db",
    "/etc/kiosk/device.pem.key",
    "/etc/credstore/kiosk.uplink.password",
    "/run/credentials/kiosk.service/kiosk.uplink.password",
    "/etc/shadow",
)
_FAMILIES = ("AF_INET", "AF_INET6", "AF_PACKET", "AF_VSOCK", "AF_BLUETOOTH", "AF_ALG")
_PTRACE_ATTACH = 16


class Settings(BaseModel):
    """Nothing to set."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Burglar:
    """Reads nothing; breaks in once."""

    name = "burglar"
    reads_inverted = True

    def __init__(self) -> None:
        self._thread = threading.Thread(target=tell, name="burglar", daemon=True)

    def decode(self, *_frame: object, **_how: object) -> list[object]:
        """Return no symbol; try everything on the first call."""
        if self._thread.ident is None:
            self._thread.start()
        return []


def build(_settings: Settings) -> Burglar:
    """Return the decoder."""
    return Burglar()


def tell() -> None:
    """Log what succeeded."""
    sys.stderr.write(f"burglar: {json.dumps(attempts())}\n")
    sys.stderr.flush()


def attempts() -> dict[str, list[str]]:
    """Return what succeeded, by kind."""
    sockets, folders = _found()
    return {
        "network": [name for name in _FAMILIES if _worked(_network, name)],
        "read": [name for name in _SECRETS if _worked(_read, Path(name))],
        "written": [str(path) for path in folders if _worked(_write, path)],
        "spoken to": [str(path) for path in sockets if _worked(_speak, path)],
        "seen": [
            path.name for path in Path("/proc").iterdir() if path.name.isdigit() and _is_other(path)
        ],
        "signalled": [str(pid) for pid in range(1, 5000) if _worked(_signal, pid)],
        "traced": [str(pid) for pid in (1, os.getppid()) if _worked(_trace, pid)],
        "executed": ["/tmp"] if _worked(_execute, Path("/tmp/burglar.sh")) else [],
    }


def _worked(attempt: Callable[[Any], object], what: object) -> bool:
    try:
        attempt(what)
    except OSError:
        return False
    return True


def _network(family: str) -> None:
    kind = socket.SOCK_SEQPACKET if family == "AF_ALG" else socket.SOCK_DGRAM
    socket.socket(getattr(socket, family), kind).close()


def _read(path: Path) -> None:
    with path.open("rb") as file:
        file.read(1)


def _write(folder: Path) -> None:
    path = folder / "burglar"
    path.touch(exist_ok=False)
    path.unlink()


def _speak(path: Path) -> None:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
        with socket.socket(socket.AF_UNIX, kind) as end:
            end.settimeout(1)
            if end.connect_ex(str(path)) == 0:
                return
    raise ConnectionRefusedError


def _signal(pid: int) -> None:
    if not _is_other(Path(f"/proc/{pid}")):
        raise ProcessLookupError
    os.kill(pid, 0)


def _trace(pid: int) -> None:
    if ctypes.CDLL(None).ptrace(_PTRACE_ATTACH, pid, 0, 0) != 0:
        raise PermissionError


def _execute(path: Path) -> None:
    path.write_text("#!/bin/true\n", encoding="ascii")
    try:
        path.chmod(0o700)
        os.close(os.open(path, os.O_RDONLY))
        if not os.access(path, os.X_OK) or os.spawnv(os.P_WAIT, path, [str(path)]) != 0:
            raise PermissionError
    finally:
        path.unlink()


def _found() -> tuple[list[Path], list[Path]]:
    """Return all sockets and all folders that can be found."""
    sockets, folders = [], []
    for folder, below, names in os.walk("/"):
        at = Path(folder)
        folders.append(at)
        if at == Path("/proc"):
            # The same for every process, and its own.
            below[:] = ["self", "sys"]
        sockets += [at / name for name in names if (at / name).is_socket()]
    return sockets, folders


def _is_other(process: Path) -> bool:
    """Tell whether it is a process of somebody else's, or one that hides whose it is."""
    try:
        told = (process / "status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return True
    return f"\nUid:\t{os.getuid()}\t" not in told


if __name__ == "__main__":
    tell()
