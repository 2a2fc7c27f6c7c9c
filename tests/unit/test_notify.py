"""The service manager is told in datagrams; where there is none, nobody is."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.app.eye_process import proving
from kiosk.app.notify import Notify
from kiosk.eye.messages import Bye, Heartbeat, Hello, Message

HELLO = Hello(camera="replay", decoders=("zxing",))
BEAT = Heartbeat(
    camera_ok=True,
    frames=1,
    frames_read=0,
    codes_read=0,
    sensor_ns=0,
    sharpness=100,
    brightness=120,
)


@pytest.fixture
def ear() -> Iterator[socket.socket]:
    """A socket in the abstract namespace, with a name that the kernel chose."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind("")
        bound.settimeout(20)
        yield bound


def address(ear: socket.socket) -> str:
    name = ear.getsockname()
    assert name[:1] == b"\0"
    return f"@{name[1:].decode()}"


def test_each_word_is_one_datagram(ear: socket.socket) -> None:
    notify = Notify(address(ear))
    notify.ready()
    notify.feed()
    notify.status("out-of-order:\n disk")
    notify.stopping()
    said = [ear.recv(1000) for _ in range(4)]
    assert said == [b"READY=1", b"WATCHDOG=1", b"STATUS=out-of-order: disk", b"STOPPING=1"]


def test_a_socket_with_a_path_is_heard_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A test's folder may be too deep for the 107 bytes of a socket's name.
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind("notify")
        Notify("notify").ready()
        assert bound.recv(100) == b"READY=1"


def test_a_long_status_is_cut_between_letters(ear: socket.socket) -> None:
    Notify(address(ear)).status("đ" * 300)
    said = ear.recv(1000).decode()
    assert said == f"STATUS={'đ' * 100}"


def test_nobody_listening_is_no_trouble(tmp_path: Path) -> None:
    Notify(str(tmp_path / "nobody")).ready()
    Notify.of({}).ready()
    assert Notify.of({"NOTIFY_SOCKET": "", "WATCHDOG_USEC": "1000000"}).watchdog_s is None


def test_a_manager_that_is_behind_does_not_block(ear: socket.socket) -> None:
    notify = Notify(address(ear))
    for _ in range(10_000):
        notify.feed()
    assert ear.recv(100) == b"WATCHDOG=1"


@pytest.mark.parametrize(
    ("given", "watchdog_s"),
    [
        ({"WATCHDOG_USEC": "20000000"}, 20.0),
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": str(os.getpid())}, 20.0),
        # Meant for another process, such as the one that started us.
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_this_process_s_own(
    given: dict[str, str], watchdog_s: float | None
) -> None:
    assert Notify.of({"NOTIFY_SOCKET": "@somewhere", **given}).watchdog_s == watchdog_s


def test_the_eye_proves_its_work_with_what_the_kiosk_has_taken(ear: socket.socket) -> None:
    sent: list[Message] = []

    def take(message: Message) -> None:
        sent.append(message)

    send = proving(take, Notify(address(ear)))
    for message in (HELLO, BEAT, Bye(why="planned"), BEAT):
        send(message)
    said = [ear.recv(1000) for _ in range(4)]
    assert said == [b"READY=1", b"STATUS=watching", b"WATCHDOG=1", b"WATCHDOG=1"]
    assert sent == [HELLO, BEAT, Bye(why="planned"), BEAT]


def test_a_kiosk_that_is_gone_is_no_proof(ear: socket.socket) -> None:
    def gone(message: Message) -> None:
        raise BrokenPipeError(message.type)

    with pytest.raises(BrokenPipeError):
        proving(gone, Notify(address(ear)))(BEAT)
    ear.settimeout(0)
    with pytest.raises(BlockingIOError):
        ear.recv(100)
