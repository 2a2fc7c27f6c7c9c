"""`kiosk-provision cards` as somebody types it: in processes and at terminals of their own."""

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

PASSPHRASE = "đúng ngựa pin ghim"
PATIENCE_S = 60.0
PEOPLE = "Họ và tên;Năm sinh;Loại thẻ\nTrần Thị Bình;1950;người dân\nĐặng Thùy Ý;;nhân viên\n"
COMMAND = [sys.executable, "-W", "ignore", "-c", "from provisioning.cli import main; main()"]
ENVIRON = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}


def run(
    folder: Path,
    *words: str,
    before: Callable[[], None] | None = None,
    environ: Mapping[str, str] | None = None,
    without: str = "",
) -> subprocess.CompletedProcess[str]:
    """Run a command about cards to its end; it is never asked anything.

    `without` is a library that this machine does not have.
    """
    *python, code = COMMAND
    if without:
        code = f"import sys; sys.modules[{without!r}] = None; {code}"
    return subprocess.run(
        [*python, code, "cards", *words],
        cwd=folder,
        env={**ENVIRON, **(environ or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=PATIENCE_S,
        check=False,
        preexec_fn=before,
    )


def done(folder: Path, *words: str) -> str:
    ended = run(folder, *words)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    return ended.stdout


class Terminal:
    """A command at a terminal of its own: what it shows, and what is typed there."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.shown = ""
        self._pid, self._fd = pty.fork()
        if self._pid == 0:  # pragma: no cover - the other process
            os.chdir(folder)
            os.execve(sys.executable, [*COMMAND, "cards", *words], ENVIRON)

    def waits_for(self, text: str) -> None:
        """Read until `text` is shown."""
        deadline = time.monotonic() + PATIENCE_S
        while text not in self.shown:
            ready, _, _ = select.select([self._fd], [], [], deadline - time.monotonic())
            assert ready, f"{text!r} was not shown, but {self.shown!r}"
            self.shown += os.read(self._fd, 65536).decode()

    def type(self, line: str) -> None:
        """Type a line."""
        os.write(self._fd, f"{line}\n".encode())

    def ends(self) -> int:
        """Read to the end; return the exit code."""
        while True:
            try:
                part = os.read(self._fd, 65536)
            except OSError:  # A terminal whose program has ended is no file any more.
                part = b""
            if not part:
                break
            self.shown += part.decode()
        os.close(self._fd)
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
