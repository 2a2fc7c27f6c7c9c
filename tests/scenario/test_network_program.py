"""The kiosk asks for a network and the network program sets it: both ends, over a real socket."""

import shlex
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from kiosk.errors import NetworkError, PayloadError
from kiosk.network.__main__ import up, write
from kiosk.network.client import NetworkSocket
from kiosk.network.keyfile import NAME, UUID, keyfile_of
from kiosk.network.nmcli import bring_up
from kiosk.network.wifi import Wifi
from kiosk.network.wire import MAX_LINE_BYTES, TROUBLE, Answer, read_answer, request_line
from tests.parts.network_unit import PATIENCE_S, NetworkUnit

WIFI = Wifi("Quán 9", "xin-chao-99")
LATER = float("inf")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "system-connections"
    made.mkdir()
    return made


@pytest.fixture
def nmcli(tmp_path: Path) -> Callable[[str], Path]:
    """Return what makes an nmcli that notes how it was called, and then does this."""

    def made(script: str = "exit 0") -> Path:
        program = tmp_path / "nmcli"
        calls = shlex.quote(str(tmp_path / "calls"))
        program.write_text(f'#!/bin/sh\necho "$*" >>{calls}\n{script}\n', encoding="utf-8")
        program.chmod(0o700)
        return program

    return made


@contextmanager
def asked(tmp_path: Path, folder: Path, program: Path) -> Iterator[NetworkSocket]:
    """Give the kiosk's end of a network unit that runs."""
    with NetworkUnit(tmp_path / "socket", folder, program):
        yield NetworkSocket(tmp_path / "socket", patience_s=PATIENCE_S)


def test_a_network_is_written_and_brought_up(
    tmp_path: Path, folder: Path, nmcli: Callable[[str], Path]
) -> None:
    with asked(tmp_path, folder, nmcli("exit 0")) as network:
        network.join(WIFI)
    assert (folder / NAME).read_bytes() == keyfile_of(WIFI)
    load, radio, join = (tmp_path / "calls").read_text("utf-8").splitlines()
    assert load == f"connection load {folder / NAME}"
    assert radio == "radio wifi on"
    assert join.startswith("--wait ")
    assert join.endswith(f" connection up uuid {UUID}")


def test_another_one_takes_its_place_over_another_connection(
    tmp_path: Path, folder: Path, nmcli: Callable[[str], Path]
) -> None:
    with asked(tmp_path, folder, nmcli("exit 0")) as network:
        network.join(WIFI)
        network.join(Wifi("kho"))
    assert [path.name for path in folder.iterdir()] == [NAME]
    assert (folder / NAME).read_bytes() == keyfile_of(Wifi("kho"))


def test_without_an_nmcli_it_is_written_and_that_is_all(tmp_path: Path, folder: Path) -> None:
    with asked(tmp_path, folder, tmp_path / "none") as network:
        network.join(WIFI)
    assert (folder / NAME).read_bytes() == keyfile_of(WIFI)


@pytest.mark.parametrize(
    ("script", "answer"),
    [
        # What NetworkManager's own command does with a file that it does not take.
        ('[ "$2" != load ] || echo "Could not load file" >&2', Answer.NOT_TAKEN),
        ("echo 'Error: NetworkManager is not running.' >&2; exit 8", Answer.NOT_TAKEN),
        ('[ "$1" != --wait ] || exit 4', Answer.NOT_JOINED),
        ('[ "$1" != --wait ] || kill -9 $$', Answer.NOT_JOINED),
        ('[ "$1" = connection ] || exit 4', Answer.NOT_JOINED),
    ],
)
def test_what_fails_is_told_and_the_file_stays(
    tmp_path: Path, folder: Path, nmcli: Callable[[str], Path], script: str, answer: Answer
) -> None:
    with (
        asked(tmp_path, folder, nmcli(script)) as network,
        pytest.raises(NetworkError) as failed,
    ):
        network.join(WIFI)
    assert str(failed.value) == TROUBLE[answer]
    assert (folder / NAME).exists()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path, folder: Path) -> None:
    folder.rmdir()
    with (
        asked(tmp_path, folder, tmp_path / "none") as network,
        pytest.raises(NetworkError, match="network-manager"),
    ):
        network.join(WIFI)


def test_what_no_network_can_be_is_not_even_asked(tmp_path: Path) -> None:
    with pytest.raises(PayloadError):
        NetworkSocket(tmp_path / "none").join(Wifi("kho", "short"))


def test_nobody_at_the_socket_is_told(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match=r"kiosk-network\.socket"):
        NetworkSocket(tmp_path / "none").join(WIFI)


@pytest.mark.parametrize("said", [b"", b"{}\n", b"joined", b"x" * (MAX_LINE_BYTES + 1)])
def test_an_answer_that_is_none_is_told(tmp_path: Path, said: bytes) -> None:
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(str(tmp_path / "socket"))
        listener.listen()
        kiosk = subprocess.Popen(
            [sys.executable, "-c", ASKS, str(tmp_path / "socket")],
            stdout=subprocess.PIPE,
            text=True,
        )
        stack.enter_context(kiosk)
        listener.settimeout(PATIENCE_S)
        end, _ = listener.accept()
        with end:
            end.settimeout(PATIENCE_S)
            assert end.recv(MAX_LINE_BYTES) == request_line(WIFI)
            end.sendall(said)
        told, _ = kiosk.communicate(timeout=PATIENCE_S)
    assert told == "the network program gave no answer\n"


ASKS = """
import sys
from pathlib import Path
from kiosk.errors import NetworkError
from kiosk.network.client import NetworkSocket
from kiosk.network.wifi import Wifi
try:
    NetworkSocket(Path(sys.argv[1])).join(Wifi("Quán 9", "xin-chao-99"))
except NetworkError as error:
    print(error)
"""


def test_an_answer_that_never_comes_is_not_waited_for(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        listener.listen()
        with pytest.raises(NetworkError, match="in time"):
            NetworkSocket(tmp_path / "socket", patience_s=0.05).join(WIFI)


@pytest.mark.parametrize("line", [b"", b"\n", b"{}\n", b"join kho", b"x" * (2 * MAX_LINE_BYTES)])
def test_a_bad_request_is_refused_and_changes_nothing(folder: Path, line: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(line)
        theirs.shutdown(socket.SHUT_WR)
        assert write(ours, folder) is False
        assert read_answer(theirs.recv(MAX_LINE_BYTES)) is Answer.REFUSED
    assert list(folder.iterdir()) == []


def test_who_asked_and_went_away_gets_its_network_all_the_same(
    tmp_path: Path, folder: Path
) -> None:
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            theirs.sendall(request_line(WIFI))
        assert write(ours, folder) is True
        assert up(ours, folder, tmp_path / "none") is Answer.WRITTEN
    assert (folder / NAME).exists()


def test_an_nmcli_that_hangs_is_ended(folder: Path, nmcli: Callable[[str], Path]) -> None:
    # No time is left at all: as after its patience.
    assert bring_up(nmcli("exec sleep 600"), folder, 0.0) is Answer.NOT_TAKEN


def test_the_log_has_nothing_of_the_network(
    tmp_path: Path,
    folder: Path,
    nmcli: Callable[[str], Path],
    capfd: pytest.CaptureFixture[str],
) -> None:
    talks = nmcli(f"echo 'Error: {WIFI.ssid} {WIFI.password}' >&2; exit 4")
    with asked(tmp_path, folder, talks) as network, pytest.raises(NetworkError) as failed:
        network.join(WIFI)
    said = "".join(capfd.readouterr()) + str(failed.value)
    assert "network: not-taken" in said
    assert WIFI.ssid not in said
    assert str(WIFI.password) not in said


def program(*arguments: str, stdin: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kiosk.network", *arguments],
        stdin=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def test_the_program_serves_its_standard_input_and_refuses_what_is_no_request() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        # Nothing that could be a network: it would become this computer's own.
        theirs.sendall(b"{}\n")
        done = program(stdin=ours.fileno())
        assert read_answer(theirs.recv(MAX_LINE_BYTES)) is Answer.REFUSED
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("network: refused: ")


def test_started_by_hand_the_program_says_who_starts_it() -> None:
    done = program(stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "kiosk-network.socket" in done.stderr


def test_the_program_loads_nothing_but_python_and_a_little_of_ours() -> None:
    told = subprocess.run(
        [sys.executable, "-I", "-X", "importtime", "-c", "import kiosk.network.__main__"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    loaded = {line.rpartition("|")[2].strip() for line in told.stderr.splitlines()}
    ours = {name for name in loaded if name.split(".")[0] == "kiosk"}
    assert {name for name in ours if not name.startswith("kiosk.network")} <= {
        "kiosk",
        "kiosk.errors",
    }
    assert not {"pydantic", "cryptography", "structlog", "typer", "cbor2", "asyncio"} & loaded
