"""An eye without its kiosk says so and ends as one that has failed; systemd starts it again."""

import json
import socket
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from kiosk.app.eye_process import knock
from kiosk.eye.supervisor import EXIT_NO_KIOSK
from provisioning.broker import end
from tests.e2e.door import PATIENCE_S, Door, environ


def eye_before(door: Door, log: Path, notify: Path) -> "subprocess.Popen[bytes]":
    """Start `kiosk eye` where nobody listens, as systemd would."""
    command = [sys.executable, "-m", "kiosk", "eye", "--config", str(door.config)]
    with log.open("wb") as stderr:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stderr=stderr,
            env={**environ(), "NOTIFY_SOCKET": str(notify)},
        )


def told(ear: socket.socket) -> bytes:
    """Return all that the service manager was told."""
    words = []
    while True:
        try:
            words.append(ear.recv(4096, socket.MSG_DONTWAIT))
        except BlockingIOError:
            return b"\n".join(words)


def test_it_ends_with_a_code_of_its_own_and_one_line(tmp_path: Path) -> None:
    with (
        TemporaryDirectory(prefix="eye-") as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear,
    ):
        ear.bind(f"{folder}/notify")
        path = f"{folder}/eye.sock"
        door = Door(tmp_path / "door", {"uplink": {"kind": "stdout"}, "eye": {"socket": path}})
        log = tmp_path / "eye.log"
        eye = eye_before(door, log, Path(folder) / "notify")
        try:
            assert eye.wait(PATIENCE_S) == EXIT_NO_KIOSK
        finally:
            end(eye)
        assert b"READY" not in told(ear)
    (line,) = [json.loads(each) for each in log.read_text("utf-8").splitlines()]
    assert line["event"] == "no kiosk"
    assert line["what"].startswith(f"{path}: No such file or directory; start kiosk.service")


def test_one_that_is_asked_to_stop_while_it_knocks_has_not_failed(tmp_path: Path) -> None:
    assert knock(tmp_path / "eye.sock", lambda: True) is None
