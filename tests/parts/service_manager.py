"""A service manager's ear: a real notify socket, and what was said into it, in order."""

import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

PATIENCE_S = 40.0


class ServiceManager:
    """Listens where `environ` says; `words` are the datagrams so far, with when they came."""

    def __init__(self, path: Path, watchdog_s: float | None = None) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._changed = threading.Condition()
        self._words: list[tuple[float, str]] = []
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self.environ = {"NOTIFY_SOCKET": str(path)}
        if watchdog_s is not None:
            self.environ["WATCHDOG_USEC"] = str(round(watchdog_s * 1e6))

    @property
    def words(self) -> list[str]:
        with self._changed:
            return [word for _, word in self._words]

    def wait_for(self, word: str, *, times: int = 1) -> None:
        """Wait until `word` was said so often."""
        self.wait(lambda words: words.count(word) >= times, f"{times} of {word}")

    def wait(self, wanted: Callable[[list[str]], bool], what: str) -> None:
        """Wait until what was said so far is like this."""
        with self._changed:
            there = self._changed.wait_for(
                lambda: wanted([word for _, word in self._words]), PATIENCE_S
            )
            assert there, f"waited in vain for {what}; said: {[w for _, w in self._words][-20:]}"

    def is_silent(self, word: str, for_s: float) -> bool:
        """Tell whether `word` is not said for so long, waiting for that, but not for ever."""
        deadline_s = time.monotonic() + PATIENCE_S
        with self._changed:
            while (now_s := time.monotonic()) < deadline_s:
                last_s = max((at_s for at_s, w in self._words if w == word), default=0.0)
                if now_s - last_s >= for_s:
                    return True
                self._changed.wait(last_s + for_s - now_s)
        return False

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # A datagram of our own ends the thread; closing alone would not wake it.
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as own:
            own.sendto(b"", self.environ["NOTIFY_SOCKET"])
        self._thread.join(PATIENCE_S)
        self._socket.close()
        os.unlink(self.environ["NOTIFY_SOCKET"])  # noqa: PTH108 - a socket's name, made by bind

    def _listen(self) -> None:
        while said := self._socket.recv(4096):
            with self._changed:
                at_s = time.monotonic()
                self._words += [(at_s, word) for word in said.decode().splitlines()]
                self._changed.notify_all()
