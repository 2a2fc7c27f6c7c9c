"""How the kiosk asks for a network: it has no right to change one, and asks the one that has.

Blocks for as long as the network takes to come up, so it never runs in the door's own thread.
"""

import contextlib
import socket
import time
from pathlib import Path
from typing import Protocol

from kiosk.errors import NetworkError, PayloadError
from kiosk.network.wifi import Wifi, checked
from kiosk.network.wire import SOCKET, TROUBLE, Answer, read_answer, read_line, request_line

PATIENCE_S = 30.0


class Network(Protocol):
    """What can be told to join a network."""

    def join(self, wifi: Wifi) -> None:
        """Make `wifi` the network of this kiosk, now and after every start; blocks at most 30 s.

        Returns when it is up, or when it is written where nothing can be told to use it. Joining
        the same one again is harmless.

        Raises:
            PayloadError: No network can be like that.
            NetworkError: It is not up. It may be written all the same, and come up later.
        """


class NetworkSocket:
    """The network program behind its socket; stateless, so any thread may use it."""

    def __init__(self, path: Path = Path(SOCKET), patience_s: float = PATIENCE_S) -> None:
        self._path = path
        self._patience_s = patience_s

    def join(self, wifi: Wifi) -> None:
        """Make `wifi` the network of this kiosk: see `Network`."""
        answer = self._asked(request_line(checked(wifi)))
        if answer in TROUBLE:
            raise NetworkError(TROUBLE[answer])

    def _asked(self, line: bytes) -> Answer:
        deadline_s = time.monotonic() + self._patience_s
        with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as end:
            try:
                end.settimeout(self._patience_s)
                end.connect(str(self._path))
                end.sendall(line)
                return read_answer(read_line(end, deadline_s))
            except TimeoutError:
                raise NetworkError("the network program does not answer in time") from None
            except OSError as error:
                raise NetworkError(
                    "the network program cannot be asked: systemctl status kiosk-network.socket"
                    f" ({error.strerror})"
                ) from None
            except PayloadError:
                raise NetworkError("the network program gave no answer") from None
