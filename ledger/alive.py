"""Tells the service manager that we are ready and at work; where there is none, tells nobody.

Ready is whoever has reached what it serves once; or has tried for a while, because what is away
then is somebody else's to mend, and a boot does not wait for it. Only a turn of the program's own
loop says a word, so that one that hangs is silent, and is started again.

Source: sd_notify(3) for the datagrams and for `@`, the abstract namespace.
"""

import contextlib
import socket
import time
from collections.abc import Callable, Mapping

PATIENCE_S = 30.0
_EVERY_S = 1.0


class Alive:
    """The service manager's ear; used by one thread. Never blocks, never raises."""

    def __init__(
        self, environ: Mapping[str, str], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._monotonic = monotonic
        self._ready = False
        self._ready_by_s = monotonic() + PATIENCE_S
        self._quiet_until_s = 0.0

    def turned(self, status: str, *, reached: bool) -> None:
        """Say that the loop turned, once a second at most, with one line for `systemctl status`."""
        now_s = self._monotonic()
        is_new = not self._ready and (reached or now_s >= self._ready_by_s)
        if now_s < self._quiet_until_s and not is_new:
            return
        self._quiet_until_s = now_s + _EVERY_S
        self._ready = self._ready or is_new
        # Each time: a word that came while the ear was full is lost.
        ready = ["READY=1"] if self._ready else []
        self._tell(["WATCHDOG=1", f"STATUS={status}", *ready])

    def _tell(self, words: list[str]) -> None:
        if not self._address:
            return
        # Who does not listen, or is behind, cannot be helped from here.
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as ear,
        ):
            ear.sendto("\n".join(words).encode(), self._address)
