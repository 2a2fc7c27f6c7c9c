"""Onboards kiosks' disks, and dies at the n-th time that it changes a file of the n-th.

Run as a program of its own: `python -m tests.parts.onboarding_cut CONFIG...`. Each disk gets a
process, which is ended by SIGKILL just before the change, so that each state between two changes is
met once; then another, which goes on to the end. The first that was not cut is the last. Both are
forked from one program without threads, because loading it takes longer than all they do. It says
how each process ended.
"""

import json
import os
import signal
import sys
from pathlib import Path

from kiosk.app.onboarding_loop import Trust
from kiosk.app.onboarding_work import Places, Work
from kiosk.app.settings import load_run
from kiosk.clock.system import Settings as ClockSettings
from kiosk.clock.system import build
from kiosk.lists.signers import signers_in
from kiosk.network.client import NetworkSocket
from kiosk.onboarding.form import KIND, Setup
from kiosk.onboarding.kept import KeptCode
from kiosk.onboarding.onboarded import MADE_S
from kiosk.onboarding.stages import Stage

_CHANGES = {"open", "os.rename", "os.remove", "os.link"}


class Plug:
    """Counts what happens to files in a folder; pulled, it ends this process."""

    def __init__(self, folder: Path, at: int) -> None:
        self._folder = str(folder)
        self._at = at
        self._count = 0

    def hear(self, event: str, args: tuple[object, ...]) -> None:
        """Take in what Python is about to do."""
        if event not in _CHANGES or not str(args[0]).startswith(self._folder):
            return
        if event == "open" and not int(str(args[2])) & (os.O_WRONLY | os.O_RDWR):
            return
        self._count += 1
        if self._count == self._at:
            os.kill(os.getpid(), signal.SIGKILL)


def onboard(config: Path, at: int) -> None:
    """Go on with the code on the disk, as a start of the kiosk does; N = 0: to the end."""
    # A cut after the settings were written leaves a door, which goes on with the code all the same.
    found = load_run(config, {})
    places = Places(found.onboarding, found.enrolment, found.identity)
    kept = KeptCode(places.onboarding.code_file)
    raw = kept.read()
    if raw is None:
        return
    setup = Trust(signers_in(places.onboarding.signers, KIND), MADE_S).read(raw)
    assert isinstance(setup, Setup)
    sys.addaudithook(Plug(config.parent, at).hear)
    work = Work(places, NetworkSocket(places.onboarding.network_socket), build(ClockSettings()))
    for stage in (Stage.NETWORK, Stage.ENROLMENT, Stage.FINISHING):
        work.do(stage, setup)


def ended(config: Path, at: int) -> int:
    """Return how a process ended that did this: its code, or less than 0 for a signal."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            onboard(config, at)
            code = 0
        finally:
            # Whatever else the fork has inherited is not its own to end.
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main(configs: list[str]) -> None:
    """Cut each of them once, and let it go on."""
    pairs: list[tuple[int, int]] = []
    for number, config in enumerate(configs, 1):
        pairs.append((ended(Path(config), number), ended(Path(config), 0)))
        if pairs[-1][0] == 0:
            break
    sys.stdout.write(json.dumps(pairs))


if __name__ == "__main__":
    main(sys.argv[1:])
