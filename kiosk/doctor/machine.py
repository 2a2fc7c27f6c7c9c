"""The machine around a kiosk: its system files below one root, and the programs that it has.

Whoever plants a fault gives another root, or puts another program first in `PATH`.
"""

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

_PROGRAM_S = 10.0
_MOST_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Ran:
    """How a program ended, and what it wrote to its output."""

    code: int
    text: str


Run = Callable[[Sequence[str]], Ran | None]


def run(command: Sequence[str]) -> Ran | None:
    """Run a program to its end; None where it is not there or does not end."""
    try:
        done = subprocess.run(  # noqa: S603 - the commands stand in this package
            command,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_PROGRAM_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return Ran(done.returncode, done.stdout[:_MOST_BYTES].decode(errors="replace"))


@dataclass(frozen=True, slots=True)
class Machine:
    """`root` is `/`, or where a likeness of it lies."""

    root: Path = Path("/")
    run: Run = run

    def text(self, path: str) -> str | None:
        """Return the text of a system file, stripped; None where it is not there."""
        try:
            return (self.root / path).read_text("utf-8", "replace").strip().strip("\0")
        except OSError:
            return None

    def number(self, path: str) -> int | None:
        """Return the whole number in a system file; None where there is none."""
        text = self.text(path)
        try:
            return None if text is None else int(text, 0)
        except ValueError:
            return None

    def paths(self, pattern: str) -> list[str]:
        """Return the system files of a pattern, from the root, in order."""
        return sorted(str(each.relative_to(self.root)) for each in self.root.glob(pattern))
