"""The network program under a real systemd, before a real NetworkManager, and with a burglar in it.

There is no radio here: NetworkManager judges the file, and finds nothing to join the network with.
"""

import json
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kiosk.network.keyfile import FOLDER, NAME, UUID
from kiosk.network.wire import SOCKET, TROUBLE, Answer
from tests.device.machine.parts import INSTALL_S, Done, Machine, note, put

PYTHON = "/opt/door-kiosk/current/venv/bin/python"
SERVICE = "kiosk-network@.service"
FILE = FOLDER / NAME
SSID, PASSWORD = " 1;2;#=mưa\\", ' hai  b\\a;#"= '
BURGLAR = Path(__file__).with_name("burglar.py")
TOLD = "/run/burglar.json"

JOIN = """
import sys, time
from kiosk.errors import NetworkError
from kiosk.network.client import NetworkSocket
from kiosk.network.wifi import Wifi
began = time.monotonic()
try:
    NetworkSocket().join(Wifi(sys.argv[1], sys.argv[2], hidden=True))
except NetworkError as error:
    print(error)
else:
    print("joined")
print(time.monotonic() - began)
"""
# What the unit's first step would be without its sandbox; capabilities it has none either way.
NO_SANDBOX = (
    "RootDirectory=",
    "BindReadOnlyPaths=",
    "BindPaths=",
    "InaccessiblePaths=",
    "ProtectSystem=no",
    "ProtectProc=default",
    "RestrictAddressFamilies=",
    "RestrictAddressFamilies=AF_UNIX AF_INET",
    "SystemCallFilter=",
)


@pytest.fixture(scope="session")
def with_network_manager(
    once: Callable[[str, Callable[[Path], None]], Path], installed: Path
) -> Path:
    """Return the layer above an installed kiosk's in which NetworkManager is installed too."""

    def install(layer: Path) -> None:
        with Machine(layer, installed, offline=False) as machine:
            done = machine.run(
                "sh",
                "-euc",
                "export DEBIAN_FRONTEND=noninteractive; apt-get -q update;"
                "apt-get -q install -y --no-install-recommends network-manager",
                timeout_s=INSTALL_S,
            )
            assert done.returncode == 0, done.stderr + done.stdout

    return once("network-manager", install)


@pytest.fixture
def networked(with_network_manager: Path, installed: Path, scratch: Path) -> Iterator[Machine]:
    """Boot the installed kiosk with a NetworkManager, until both are ready."""
    folder = Path(tempfile.mkdtemp(prefix="kiosk-", dir=scratch))
    with Machine(folder, with_network_manager, installed) as machine:
        machine.until_ready()
        machine.until("systemctl --quiet is-active NetworkManager")
        yield machine


def join(machine: Machine, user: str = "kiosk", group: str = "kiosk-link") -> str:
    """Ask for the network as this user, and return what the kiosk would be told."""
    become = ("setpriv", f"--reuid={user}", f"--regid={group}", "--init-groups")
    done: Done = machine.run(*become, PYTHON, "-I", "-c", JOIN, SSID, PASSWORD)
    assert done.returncode == 0, done.stderr
    told, took_s = done.stdout.splitlines()
    note(f"a network asked for: {told.partition(':')[0]}", float(took_s), "s")
    return told


def said(machine: Machine) -> str:
    """Return what the network program said to the log."""
    return machine.told("journalctl", "--no-pager", "-o", "cat", "-u", "kiosk-network@*")


def test_networkmanager_takes_the_file_as_it_was_meant(networked: Machine) -> None:
    assert join(networked) == TROUBLE[Answer.NOT_JOINED]
    assert networked.told("stat", "-c", "%U %a", str(FILE)) == "root 600"
    shown = networked.told(
        *("nmcli", "--show-secrets", "--escape", "no", "--get-values"),
        "802-11-wireless.ssid,802-11-wireless.hidden,802-11-wireless-security.key-mgmt,"
        "802-11-wireless-security.psk,connection.autoconnect-retries,connection.id",
        *("connection", "show", "uuid", UUID),
    )
    assert shown.split("\n") == [SSID, "yes", "wpa-psk", PASSWORD, "0", "door-kiosk"]
    log = said(networked)
    assert "network: written" in log
    assert "network: not-joined" in log
    assert not [word for word in (SSID, PASSWORD, "mưa", "hai") if word in log]
    # No unit is left over, whatever became of it.
    left = networked.told(
        "systemctl", "list-units", "--all", "--plain", "--no-legend", "kiosk-network@*"
    )
    assert left == ""


def test_networkmanager_would_tell_a_file_that_it_does_not_take(networked: Machine) -> None:
    """It ends with 0 all the same: so the program counts any word of it."""
    networked.shell(f"umask 077; echo '[wifi]' >{FILE}")
    done = networked.run("nmcli", "connection", "load", str(FILE))
    assert (done.returncode, "Could not load" in done.stderr) == (0, True)


def test_without_its_service_the_file_is_written_and_the_trouble_told(networked: Machine) -> None:
    networked.shell("systemctl stop NetworkManager")
    assert join(networked) == TROUBLE[Answer.NOT_TAKEN]
    assert networked.run("test", "-f", str(FILE)).returncode == 0


def test_without_an_nmcli_it_is_written_and_that_is_all(networked: Machine) -> None:
    networked.shell("mv /usr/bin/nmcli /usr/bin/nmcli.away")
    assert join(networked) == "joined"
    assert networked.run("test", "-f", str(FILE)).returncode == 0


def test_a_kiosk_without_networkmanager_says_so(kiosk: Machine) -> None:
    assert kiosk.run("test", "-e", str(FOLDER)).returncode != 0
    assert join(kiosk) == TROUBLE[Answer.NOT_WRITTEN]
    assert kiosk.run("test", "-e", str(FOLDER)).returncode != 0


@pytest.mark.threat("misuse-network-unit")
def test_nobody_but_the_door_may_ask(networked: Machine) -> None:
    for user, group in (("kiosk-eye", "kiosk-eye"), ("nobody", "nogroup")):
        assert "Permission denied" in join(networked, user, group)
    assert networked.run("test", "-e", str(FILE)).returncode != 0


def test_the_door_may_ask_out_of_its_own_sandbox(networked: Machine) -> None:
    """Its own group is one of its supplementary ones, and other users are nobody's there."""
    folder = "/etc/systemd/system/kiosk.service.d"
    lines = (
        *(
            "[Service]",
            "Type=exec",
            "WatchdogSec=0",
            "Restart=no",
            "ExecStopPost=",
            "ExecStart=",
        ),
        f"ExecStart={PYTHON} -I /opt/door-kiosk/join.py kho xin-chao-99",
    )
    networked.shell(
        f"cat >/opt/door-kiosk/join.py <<'END'\n{JOIN}\nEND\n"
        f"mkdir {folder}; cat >{folder}/join.conf <<'END'\n" + "\n".join(lines) + "\nEND\n"
        "systemctl daemon-reload; systemctl restart kiosk"
    )
    networked.until(f"journalctl -u kiosk -o cat | grep -qxF '{TROUBLE[Answer.NOT_JOINED]}'")


def test_the_socket_lives_and_ends_with_the_door(networked: Machine) -> None:
    networked.shell("systemctl restart kiosk")
    networked.until_ready()
    assert networked.run("test", "-S", SOCKET).returncode == 0
    networked.shell("systemctl stop kiosk")
    assert networked.run("test", "-e", SOCKET).returncode != 0


def burgled(machine: Machine, *change: str) -> dict[str, list[str]]:
    """Return what a burglar in the place of the first step reaches, with the unit changed so."""
    folder = f"/etc/systemd/system/{SERVICE}.d"
    put(machine, BURGLAR, "/opt/door-kiosk/burglar.py")
    lines = (
        *("[Service]", "ExecStart=", f"ExecStart={PYTHON} -I /opt/door-kiosk/burglar.py"),
        *(f"StandardError=truncate:{TOLD}", *change),
    )
    text = "\n".join(lines)
    machine.shell(
        "echo secret >/etc/kiosk/device.pem.key;"
        f"mkdir -p {folder}; cat >{folder}/burglar.conf <<'END'\n{text}\nEND\n"
        "systemctl daemon-reload"
    )
    # Returns when the other end has closed: the burglar is done.
    ask = f"import socket; s = socket.socket(socket.AF_UNIX); s.connect({SOCKET!r}); s.recv(1)"
    machine.told(PYTHON, "-I", "-c", ask)
    said_so = re.search(r"^burglar: (.+)$", machine.told("cat", TOLD), re.MULTILINE)
    assert said_so, machine.told("cat", TOLD)
    told: dict[str, list[str]] = json.loads(said_so[1])
    return told


@pytest.mark.threat("misuse-network-unit")
def test_who_takes_it_over_reaches_the_folder_of_networks_and_nothing_else(
    networked: Machine,
) -> None:
    done = burgled(networked)
    # /run is a piece of memory of its own, which ends with the service.
    written = {path for path in done.pop("written") if not (path + "/").startswith("/run/")}
    assert written == {str(FOLDER)}
    assert {kind: what for kind, what in done.items() if what} == {}


def test_without_the_sandbox_the_same_burglar_would_reach_much(networked: Machine) -> None:
    """Else the test above would pass with a burglar that cannot pick any lock."""
    done = burgled(networked, *NO_SANDBOX)
    assert "AF_INET" in done["network"]
    assert "/etc/shadow" in done["read"]
    assert {"/etc", "/etc/systemd/system", "/dev/shm"} <= set(done["written"])
    assert "/run/dbus/system_bus_socket" in done["spoken to"]
    assert done["seen"]


def test_verify_has_nothing_to_say(networked: Machine) -> None:
    units = [f"/etc/systemd/system/{name}" for name in ("kiosk-network.socket", SERVICE)]
    done = networked.run("systemd-analyze", "verify", *units)
    assert (done.stdout + done.stderr, done.returncode) == ("", 0)


def test_exposure_is_low(networked: Machine) -> None:
    command = ("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=8")
    done = networked.run(*command, f"/etc/systemd/system/{SERVICE}")
    assert done.returncode == 0, done.stdout.splitlines()[-1:]
