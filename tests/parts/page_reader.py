"""Follows a page as a reader would: saves its files, types its commands, compares what it sees.

What a page's author may write before a fence is explained at the top of the tutorial.
"""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.parts.markdown import Block

PATIENCE_S = 60.0
_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


class Terminal:
    """A command that runs on, and all that it has printed so far."""

    def __init__(self, command: str, folder: Path, environ: dict[str, str]) -> None:
        self._printed = ""
        self._ended = False
        self._changed = threading.Condition()
        self.process = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # A group of its own, as a terminal's foreground job has: Ctrl-C goes to all of it.
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def shows(self, expected: str) -> None:
        """Wait until the text is there; fail with what is there instead."""
        pattern = as_pattern(expected)
        with self._changed:
            self._changed.wait_for(
                lambda: self._ended or pattern.search(self._printed) is not None, PATIENCE_S
            )
            assert pattern.search(self._printed), f"not shown:\n{expected}\nbut:\n{self._printed}"

    def interrupt(self) -> int:
        """Press Ctrl-C; return the exit code."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
        code = self.process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        return code

    def end(self) -> None:
        """End it whatever it does."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.interrupt()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as pipe:
            for line in pipe:
                with self._changed:
                    self._printed += _ESCAPES.sub("", line)
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()


def as_pattern(expected: str) -> re.Pattern[str]:
    """Return what finds the lines, one after the other; `...` is anything within a line."""
    lines = (re.escape(line).replace(r"\.\.\.", ".*?") for line in expected.splitlines())
    return re.compile("(?:.*\n)*?.*?".join(lines))


class Reader:
    """Does what a page says, block by block, in a folder; the shell remembers between blocks."""

    def __init__(self, folder: Path, replaced: dict[str, str]) -> None:
        self._folder = folder
        self._replaced = replaced
        self._where = str(folder)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("KIOSK_", "PYTHON"))}
        path = f"{Path(sys.executable).parent}:{kept['PATH']}:/usr/sbin"
        self._environ = {**kept, "HOME": str(folder), "PATH": path}
        self._printed = ""
        self._terminals: dict[str, Terminal] = {}
        self._last: Terminal | None = None

    def follow(self, block: Block) -> None:
        """Do what one block says."""
        text = block.text
        for here, there in self._replaced.items():
            text = text.replace(here, there)
        marks = block.marks
        if "ctrl-c" in marks:
            assert self._terminals.pop(marks["ctrl-c"]).interrupt() == 0
        if "save" in marks:
            (Path(self._where) / marks["save"]).write_text(text, encoding="utf-8")
        elif block.language == "text":
            self._compare(text, self._terminals[marks["in"]] if "in" in marks else self._last)
        elif "terminal" in marks:
            self._last = Terminal(text, Path(self._where), self._environ)
            self._terminals[marks["terminal"]] = self._last
        elif block.language == "sh":
            self._run(text, int(marks.get("exit", "0")))
        else:
            raise AssertionError(f"line {block.line}: nobody says what to do with this block")

    def end(self) -> None:
        """End whatever still runs."""
        for terminal in self._terminals.values():
            terminal.end()

    def _compare(self, expected: str, terminal: Terminal | None) -> None:
        if terminal is not None:
            terminal.shows(expected)
            return
        assert as_pattern(expected).search(self._printed), f"{expected}\nbut:\n{self._printed}"

    def _run(self, command: str, expected: int) -> None:
        state = self._folder / ".state"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f'{command}\npwd > "$STATE"; env -0 >> "$STATE"'],
            cwd=self._where,
            env={**self._environ, "STATE": str(state)},
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        self._last, self._printed = None, _ESCAPES.sub("", done.stdout + done.stderr)
        assert done.returncode == expected, f"{command}\n{self._printed}"
        if expected == 0:
            self._where, _, environ = state.read_text(encoding="utf-8").partition("\n")
            pairs = (entry.partition("=") for entry in environ.split("\0") if entry)
            self._environ = {name: value for name, _, value in pairs if name != "STATE"}


@contextmanager
def reading(folder: Path, replaced: dict[str, str]) -> Iterator[Reader]:
    reader = Reader(folder, replaced)
    try:
        yield reader
    finally:
        reader.end()
