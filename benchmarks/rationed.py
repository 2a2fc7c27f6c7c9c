"""A process that gets a part of one core and no more, without control groups.

Its CPU time is watched, to the nanosecond that the kernel counts; once it has used its part of the
time that passed, it is stopped (SIGSTOP) until it has not. Waiting costs it nothing, so a process
that waits for a disk is not slowed down. What it holds while it is stopped, others wait for: that
is as unkind as a scheduler can be.
"""

import os
import signal
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

_LOOK_S = 0.002
_BURST_S = 0.01


class Rationed:
    """Rations the processes `pids` while the `with` lasts; each gets `part` of a core."""

    def __init__(self, pids: list[int], part: float) -> None:
        self._pids = pids
        self._part = part
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="rationed", daemon=True)
        self._stopped: set[int] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
        for pid in self._stopped:
            _signal(pid, signal.SIGCONT)

    def _watch(self) -> None:
        began_s = time.monotonic()
        before_s = {pid: used_s(pid) for pid in self._pids}
        while not self._ended.wait(_LOOK_S):
            allowed_s = (time.monotonic() - began_s) * self._part
            for pid in self._pids:
                over_s = used_s(pid) - before_s[pid] - allowed_s
                if over_s > _BURST_S and pid not in self._stopped:
                    self._stopped.add(pid)
                    _signal(pid, signal.SIGSTOP)
                elif over_s <= 0 and pid in self._stopped:
                    self._stopped.remove(pid)
                    _signal(pid, signal.SIGCONT)


def used_s(pid: int) -> float:
    """Return the CPU seconds of a process and its threads; of one that ended, 0.

    Source: Linux, Documentation/scheduler/sched-stats: the first field is time on a CPU.
    """
    total_ns = 0
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            total_ns += int((task / "schedstat").read_text().split()[0])
    except (OSError, IndexError, ValueError):
        return total_ns / 1e9
    return total_ns / 1e9


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
