"""The network socket and what systemd does behind it, here: both steps, for each connection."""

import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from kiosk.network.__main__ import up, write

PATIENCE_S = 20.0


class NetworkUnit:
    """Listens at `path`, writes into `folder`, and runs `program` as nmcli, one after the other."""

    def __init__(self, path: Path, folder: Path, program: Path) -> None:
        self._folder = folder
        self._program = program
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(PATIENCE_S)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                end, _ = self._listener.accept()
            except OSError:
                return
            with end:
                if write(end, self._folder):
                    up(end, self._folder, self._program)
