"""A copy of the package with one file more, taken from a how-to, and what runs it.

The project is installed in place, so the copy comes first on the path of every process here; a test
asks one of them which package it imports.
"""

import filecmp
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.parts.markdown import ROOT, blocks

PATIENCE_S = 60.0

SETTINGS = """\
[kiosk]
site = "hk-042"
device = "door-1"
direction = "in"
[identity]
site_key = "{key}"
device_key_file = "{folder}/device.key"
[camera]
kind = "synthetic"
stage = "{folder}/stage.json"
[eye]
decoders = ["zxing"]
[gpio]
pins = "mock"
[indicators]
use = ["led"]
[outbox]
kind = "memory"
[uplink]
kind = "stdout"
"""


class Tree:
    """A copy of the package with one file more, and what runs it."""

    def __init__(self, folder: Path, page: str) -> None:
        self.folder = folder
        self.root = folder / "tree"
        self.config = folder / "door.toml"
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "kiosk", self.root / "kiosk", ignore=ignored)
        self.files = [b for b in blocks(ROOT / "docs/howto" / page) if "file" in b.marks]
        for block in self.files:
            target = self.root / block.marks["file"]
            assert not target.exists(), "a how-to adds a file; it does not replace one"
            target.write_text(block.text, encoding="utf-8")
        self.settings(SETTINGS)

    @property
    def names(self) -> list[str]:
        """The files that the page adds."""
        return [block.marks["file"] for block in self.files]

    def settings(self, text: str) -> None:
        """Write the settings file."""
        self.config.write_text(text.format(key="5e" * 32, folder=self.folder), encoding="utf-8")

    def change(self, before: str, after: str) -> None:
        """Change the settings file in one place."""
        text = self.config.read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{before!r} stands {text.count(before)} times"
        self.config.write_text(text.replace(before, after), encoding="utf-8")

    @property
    def environ(self) -> dict[str, str]:
        """The environment in which the copy is the package."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ}
        return {**kept, "PYTHONPATH": str(self.root), "PYTHONDONTWRITEBYTECODE": "1"}

    def python(
        self, *arguments: str, folder: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the copy's Python to its end."""
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=folder or self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def kiosk(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the copy's command to its end."""
        return self.python("-m", "kiosk", *arguments, "--config", str(self.config))

    def suites(self, word: str, *paths: str) -> None:
        """Run the project's own suites in the copy, as far as they are about the new file."""
        ignored = shutil.ignore_patterns("__pycache__", "house", "device")
        shutil.copytree(ROOT / "tests", self.root / "tests", ignore=ignored)
        shutil.copy(ROOT / "pyproject.toml", self.root)
        options = ("-q", "-n0", "-p", "no:randomly", "-c", "pyproject.toml", "-k", word)
        done = self.python("-m", "pytest", *options, *paths, folder=self.root)
        assert done.returncode == 0, done.stdout
        assert " passed" in done.stdout

    def rules(self) -> None:
        """Check the new file as everybody's: what a page shows is a pattern for others."""
        shutil.copy(ROOT / "pyproject.toml", self.root)
        for command in (("check",), ("format", "--check")):
            done = self.python("-m", "ruff", *command, "--no-cache", *self.names, folder=self.root)
            assert done.returncode == 0, done.stdout

    def prove(self, script: str) -> None:
        """Run `script` in the copy; an assertion in it is an assertion here."""
        done = self.python("-c", script)
        assert done.returncode == 0, done.stderr

    @contextmanager
    def running(self) -> Iterator["queue.Queue[dict[str, Any]]"]:
        """Run the door; the queue gets each event that it delivers."""
        with (self.folder / "kiosk.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "kiosk", "run", "--config", str(self.config)],
                cwd=self.folder,
                env=self.environ,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert process.stdout is not None
        events: queue.Queue[dict[str, Any]] = queue.Queue()

        def read(lines: Iterator[str]) -> None:
            for line in lines:
                events.put(json.loads(line))

        reader = threading.Thread(target=read, args=(iter(process.stdout),), daemon=True)
        reader.start()
        try:
            yield events
        finally:
            process.terminate()
            process.wait(PATIENCE_S)
            reader.join(PATIENCE_S)
            process.stdout.close()
        assert process.returncode == 0, (self.folder / "kiosk.log").read_text(encoding="utf-8")

    def differing(self) -> list[str]:
        """Return the files in which the copy differs from the package."""
        return sorted(_differing(ROOT / "kiosk", self.root / "kiosk", "kiosk"))


def _differing(here: Path, there: Path, name: str) -> Iterator[str]:
    compared = filecmp.dircmp(here, there, ignore=["__pycache__"])
    for other in (*compared.left_only, *compared.right_only, *compared.funny_files):
        yield f"{name}/{other}"
    _, unequal, errors = filecmp.cmpfiles(here, there, compared.common_files, shallow=False)
    for other in (*unequal, *errors):
        yield f"{name}/{other}"
    for folder in compared.common_dirs:
        yield from _differing(here / folder, there / folder, f"{name}/{folder}")
