"""The enrolment server as somebody starts it: `kiosk-provision serve`, on a free port."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from provisioning.broker import end, free_port
from tests.parts.fleets import PHRASE, Fleet

COMMAND = [sys.executable, "-W", "ignore", "-c", "from provisioning.cli import main; main()"]
ENVIRON = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONUNBUFFERED": "1"}
PATIENCE_S = 60.0
_READY = "enrolment server for"


class Serving:
    """One server for a fleet; `url` is where it is reached, `said` what it logged so far."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self.phrase = fleet.path / "phrase"
        self.phrase.write_text(PHRASE)
        self._process: subprocess.Popen[str] | None = None
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self.log = fleet.path / "serve.log"

    def __enter__(self) -> Self:
        words = ["serve", "--folder", str(self._fleet.path), "--host", "127.0.0.1"]
        words += ["--port", str(self.port), "--passphrase-file", str(self.phrase)]
        with self.log.open("ab") as errors:
            self._process = process = subprocess.Popen(
                [*COMMAND, *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=ENVIRON,
                text=True,
            )
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith(_READY), line + self.log.read_text()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            end(self._process)
            assert self._process.stdout is not None
            self._process.stdout.close()


class Said:
    """What a process that goes on has said so far; its end is the end of that."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._changed = threading.Condition()
        self._lines: list[str] = []
        self._ended = False
        self._thread = threading.Thread(target=self._read, args=(process,), daemon=True)
        self._thread.start()

    def waits_for(self, text: str) -> None:
        """Wait until a line holds `text`."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._holds(text), PATIENCE_S)
            assert self._holds(text), "".join(self._lines)

    def ends(self) -> None:
        """Wait for its end."""
        self._thread.join(PATIENCE_S)

    def _holds(self, text: str) -> bool:
        return any(text in line for line in self._lines)

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                with self._changed:
                    self._lines.append(line)
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()


@contextmanager
def running(folder: Path, *words: str | Path) -> Iterator[Said]:
    """Give what a command says that runs until it is ended."""
    process = subprocess.Popen(
        [*COMMAND, *map(str, words)],
        cwd=folder,
        env=ENVIRON,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = Said(process)
    try:
        yield said
    finally:
        end(process)
        said.ends()


def provision(folder: Path, *words: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run a command of `kiosk-provision` to its end."""
    done = subprocess.run(
        [*COMMAND, *map(str, words)],
        cwd=folder,
        env=ENVIRON,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done
