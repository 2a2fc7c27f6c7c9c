"""Tells the service manager how we are: ready, alive, stopping; without one, tells nobody.

Only the process that systemd started may speak (`NotifyAccess=main`), so the socket's name is not
handed on to the eye that a kiosk starts itself.

Source: sd_notify(3) for the datagrams and for `@`, the abstract namespace; sd_watchdog_enabled(3)
for the two variables of the watchdog and for feeding it twice in its time.
"""

import contextlib
import os
import socket
from collections.abc import Mapping

_MOST_STATUS_BYTES = 200


class Notify:
    """The service manager's ear; used by one thread. Never blocks, never raises."""

    def __init__(self, address: str | None, watchdog_s: float | None = None) -> None:
        self.watchdog_s = watchdog_s
        abstract = address is not None and address.startswith("@")
        self._address = f"\0{address[1:]}" if abstract and address else address

    @property
    def listens(self) -> bool:
        """Whether there is a service manager: one that starts again what ends."""
        return self._address is not None

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Notify":
        """Return what this process was given; one that tells nobody where that is nothing.

        >>> Notify.of({}).watchdog_s is None
        True
        """
        address = environ.get("NOTIFY_SOCKET", "")
        if not address.startswith(("/", "@")):
            return cls(None)
        return cls(address, _watchdog_s(environ))

    def ready(self) -> None:
        """Say that starting is over."""
        self._tell("READY=1")

    def feed(self) -> None:
        """Say that work was done: the watchdog's time begins anew."""
        self._tell("WATCHDOG=1")

    def status(self, line: str) -> None:
        """Say in one line how we are, for `systemctl status`."""
        short = " ".join(line.split()).encode()[:_MOST_STATUS_BYTES].decode(errors="ignore")
        self._tell(f"STATUS={short}")

    def stopping(self) -> None:
        """Say that the end has begun, and is meant."""
        self._tell("STOPPING=1")

    def _tell(self, words: str) -> None:
        if self._address is None:
            return
        # Who does not listen, or is behind, cannot be helped from here.
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as ear,
        ):
            ear.sendto(words.encode(), self._address)


def _watchdog_s(environ: Mapping[str, str]) -> float | None:
    """Return within how many seconds the watchdog wants to be fed; None where there is none."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    try:
        watchdog_s = int(environ["WATCHDOG_USEC"]) / 1e6
    except (KeyError, ValueError):
        return None
    return watchdog_s if watchdog_s > 0 else None
