"""Tells NetworkManager of the file, through its own command; it is asked for nothing else.

What the command prints is not passed on: it may name the network.
"""

import subprocess
import time
from pathlib import Path

from kiosk.network.keyfile import NAME, UUID
from kiosk.network.wire import Answer

PROGRAM = Path("/usr/bin/nmcli")

_LOAD_S = 5.0
_OWN_S = 1.0
# C: an answer is judged by whether there is any word in it, in a language that is always there.
# The bus by its path: without it nmcli goes through /var/run, which the unit does not show it.
_ENVIRON = {
    "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/run/dbus/system_bus_socket",
    "LC_ALL": "C",
    "PATH": "/usr/bin:/bin",
}

_Done = subprocess.CompletedProcess[bytes]


def bring_up(program: Path, folder: Path, deadline_s: float) -> Answer:
    """Make NetworkManager use the connection in `folder`; return until `deadline_s`, monotonic."""
    load_until_s = min(deadline_s, time.monotonic() + _LOAD_S)
    loaded = _run(program, load_until_s, "connection", "load", str(folder / NAME))
    # It ends with 0 where NetworkManager did not take the file, and only says so.
    if loaded is None or loaded.returncode != 0 or loaded.stderr:
        return Answer.NOT_TAKEN
    # A Pi's radio is off until somebody has chosen a country or turned it on. What this says is
    # of no interest: without a radio the next step fails.
    _run(program, load_until_s, "radio", "wifi", "on")
    # Its own patience ends before ours: what it began is then ended in order.
    wait_s = max(1, int(deadline_s - time.monotonic() - _OWN_S))
    up = _run(program, deadline_s, "--wait", str(wait_s), "connection", "up", "uuid", UUID)
    return Answer.JOINED if up is not None and up.returncode == 0 else Answer.NOT_JOINED


def _run(program: Path, deadline_s: float, *arguments: str) -> _Done | None:
    """Return how the command ended; None when it did not until `deadline_s`, or cannot be run."""
    try:
        return subprocess.run(  # noqa: S603 - a fixed program; nothing of the request is in it
            [str(program), *arguments],
            # An empty pipe: the unit shows it no /dev.
            input=b"",
            capture_output=True,
            env=_ENVIRON,
            timeout=max(0.0, deadline_s - time.monotonic()),
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
