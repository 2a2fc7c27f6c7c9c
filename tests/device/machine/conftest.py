"""The machine tests: collected only where run.sh names the tree that they boot.

They start containers with systemd as root, so they run on this computer and not in the device tree.
"""

import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

collect_ignore_glob = [] if "DEVICE_MACHINE" in os.environ else ["*.py"]

if not collect_ignore_glob:
    from tests.device.machine.parts import (
        Machine,
        install_from_source,
        note,
        put_settings,
        put_source,
    )

    @pytest.fixture(scope="session")
    def scratch() -> Path:
        """Return the folder for what machines write; all workers have the same, run.sh's own."""
        return Path(os.environ["DEVICE_SCRATCH"])

    @pytest.fixture(scope="session")
    def once(scratch: Path) -> Callable[[str, Callable[[Path], None]], Path]:
        """Return what makes a layer once for all workers: `once(name, make)` is where it is."""

        def made(name: str, make: Callable[[Path], None]) -> Path:
            layer, mark = scratch / name, scratch / f"{name}.made"
            with (scratch / f"{name}.lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                # Made and found wanting: once is enough for everybody.
                assert mark.exists() or not layer.exists(), f"{name} was made, and is not ready"
                if not mark.exists():
                    make(layer)
                    mark.touch()
            return layer

        return made

    @pytest.fixture(scope="session")
    def installed(once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
        """Return the layer of a clean machine that install.sh has made a ready kiosk."""

        def install(layer: Path) -> None:
            with Machine(layer, offline=False) as machine:
                put_settings(machine)
                put_source(machine)
                began = time.monotonic()
                done = install_from_source(machine)
                assert done.returncode == 0, done.stderr + done.stdout
                assert "install: ready: " in done.stdout
                note("install.sh, to ready", time.monotonic() - began, "s")

        return once("installed", install)

    def _booted(installed: Path, scratch: Path, *, offline: bool) -> Iterator[Machine]:
        folder = Path(tempfile.mkdtemp(prefix="kiosk-", dir=scratch))
        with Machine(folder, installed, offline=offline) as machine:
            machine.until_ready()
            yield machine

    @pytest.fixture
    def kiosk(installed: Path, scratch: Path) -> Iterator[Machine]:
        """Boot the installed kiosk in a layer of its own, without a network, until it is ready."""
        yield from _booted(installed, scratch, offline=True)

    @pytest.fixture(scope="session")
    def untouched(installed: Path, scratch: Path) -> Iterator[Machine]:
        """Return the same for tests that leave the machine as it is: each worker boots it once."""
        yield from _booted(installed, scratch, offline=True)

    @pytest.fixture
    def online(installed: Path, scratch: Path) -> Iterator[Machine]:
        """Boot the same, with this computer's network and package index: upgrades fetch."""
        yield from _booted(installed, scratch, offline=False)
