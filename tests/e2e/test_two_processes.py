"""The kiosk and its eye as two services, as systemd runs them: either may come first, or die."""

import json
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from kiosk.eye.people import person
from provisioning.broker import end
from tests.e2e.door import PATIENCE_S, Door, environ

AN, BINH = (person(random.Random(seed)) for seed in (11, 12))


@contextmanager
def eye_of(door: Door, more: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run `kiosk eye` with the door's own settings file; its log goes beside it."""
    command = [sys.executable, "-m", "kiosk", "eye", "--stats", "--config", str(door.config)]
    with door.config.with_name("eye.log").open("ab") as log:
        eye = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stderr=log, env={**environ(), **(more or {})}
        )
    try:
        yield eye
    finally:
        end(eye)


def test_the_door_waits_for_an_eye_that_somebody_else_starts(tmp_path: Path) -> None:
    with TemporaryDirectory(prefix="eye-") as folder:
        sections = {"uplink": {"kind": "stdout"}, "eye": {"socket": f"{folder}/eye.sock"}}
        with Door(tmp_path / "door", sections) as door:
            door.next("starting")
            with eye_of(door) as eye:
                door.next("eye up")
                door.passes(AN)
                eye.kill()
                door.next("eye gone")
            with eye_of(door) as eye:
                door.next("eye up")
                door.passes(BINH)
                # Without its kiosk the eye has nothing to do; systemd starts it again.
                door.stop()
                assert eye.wait(PATIENCE_S) == 0
        lines = door.config.with_name("eye.log").read_text("utf-8").splitlines()
        told = [json.loads(line) for line in lines]
        reads = next(t for t in told if t["event"] == "reads by way of looking")
        assert reads["plain"] + reads.get("follow", 0) > 0
        lines = door.stdout.read_text("utf-8").splitlines()
        assert sum('"verdict":"accepted"' in line for line in lines) == 2
