"""The city's two servers on a clean Debian 13 under a real systemd: installed, run, removed.

On the machine of a kiosk, whose own services are stopped: nothing of theirs may be touched. Such a
machine has this computer's network, so both listen at a port that is free here.
"""

import json
import time

from provisioning.broker import free_port
from tests.device.machine.parts import INSTALL_S, PATIENCE_S, SOURCE, Done, Machine, note
from tests.parts.kiosk_events import SOURCE as KIOSK
from tests.parts.kiosk_events import message

WORKER = "kiosk-ledger@1.service"
ENROLMENT = "kiosk-enrolment.service"
LEDGER_PYTHON = "/opt/kiosk-ledger/current/venv/bin/python"
ENROLMENT_PYTHON = "/opt/kiosk-enrolment/current/venv/bin/python"
SAY = """
import sys, paho.mqtt.publish as p
p.single(sys.argv[1], bytes.fromhex(sys.argv[2]), qos=1, port=int(sys.argv[3]))
"""
ASK = """
import ssl, sys, urllib.request
context = ssl.create_default_context(cafile="/var/lib/kiosk-enrolment/fleet/root.pem")
address = f"https://localhost:{sys.argv[1]}/v1/root"
answer = urllib.request.urlopen(address, context=context, timeout=20)
print(answer.read() == open("/var/lib/kiosk-enrolment/fleet/root.pem", "rb").read())
"""


def installing(machine: Machine, *words: str) -> Done:
    script = f"{SOURCE}/provisioning/install-server.sh"
    return machine.run("bash", script, *words, timeout_s=INSTALL_S)


def publish(machine: Machine, number: int, port: int) -> None:
    """Say an event as a kiosk does, to the machine's broker."""
    said = message(number)
    machine.told(LEDGER_PYTHON, "-c", SAY, said.topic, said.body.hex(), str(port))


def until_stored(machine: Machine, number: int) -> None:
    """Wait until everything up to a number is stored."""
    machine.until(f"kiosk-ledger kiosks --json | grep -q '\"high\": {number},'")
    (line,) = machine.told("kiosk-ledger", "kiosks", "--json").splitlines()
    found = json.loads(line)
    assert (f"kiosk/v1/{found['kiosk']}", found["missing"]) == (KIOSK, 0)


def hardened(machine: Machine, unit: str) -> None:
    path = f"/etc/systemd/system/{unit}"
    done = machine.run("systemd-analyze", "verify", path)
    assert (done.stdout + done.stderr, done.returncode) == ("", 0)
    command = ("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=20")
    assert machine.run(*command, path).returncode == 0


def test_a_ledger_stores_is_started_again_and_is_removed_without_its_data(online: Machine) -> None:
    online.told("systemctl", "stop", "kiosk", "kiosk-eye")
    port = free_port()
    broker = f"listener {port} 127.0.0.1\\nallow_anonymous true\\n"
    online.shell(
        "mkdir -p /etc/mosquitto/conf.d /etc/kiosk-ledger;"
        f"printf '{broker}' >/etc/mosquitto/conf.d/port.conf;"
        f"sed 's/^port = .*/port = {port}/' {SOURCE}/provisioning/ledger.example.toml"
        " >/etc/kiosk-ledger/config.toml;"
        "DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends mosquitto"
    )
    began = time.monotonic()
    done = installing(online, "ledger")
    assert done.returncode == 0, done.stderr + done.stdout
    assert f"install-server: {WORKER}: takes events in\ninstall-server: ready: " in done.stdout
    note("install-server.sh ledger, to ready", time.monotonic() - began, "s")
    hardened(online, "kiosk-ledger@.service")
    assert online.unit(WORKER, "StatusText") == "takes events in"
    pid = online.unit(WORKER, "MainPID")
    assert online.told("ps", "-o", "user=", "-p", pid) == "kiosk-ledger"
    publish(online, 1, port)
    until_stored(online, 1)
    # Killed in the middle of anything, and there again: with its session, its rows and its name.
    before = online.unit(WORKER, "InvocationID")
    online.told("systemctl", "kill", "--signal=KILL", WORKER)
    publish(online, 2, port)
    until_stored(online, 2)
    online.until(f"systemctl --quiet is-active {WORKER}")
    assert online.unit(WORKER, "InvocationID") != before
    assert online.unit(WORKER, "NRestarts") == "1"
    again = installing(online, "ledger")
    assert (again.returncode, again.stderr) == (0, "")
    assert "nothing to do" in again.stdout
    removed(online)


def removed(machine: Machine) -> None:
    """Remove the ledger; what it has stored stays, and so does the kiosk beside it."""
    done = installing(machine, "ledger", "--uninstall")
    assert (done.returncode, done.stderr) == (0, "")
    assert machine.unit(WORKER, "LoadState") == "not-found"
    machine.told("ls", "/var/lib/kiosk-ledger/ledger.db", "/etc/kiosk-ledger/config.toml")
    left = (
        "find /opt /usr/local/bin /usr/lib/sysusers.d /usr/lib/tmpfiles.d /var/cache /etc/systemd"
    )
    assert machine.shell(f"{left} -name '*ledger*' ! -path '/opt/door-kiosk/*'") == ""
    assert machine.unit("kiosk.service", "LoadState") == "loaded"
    assert machine.told("kiosk", "config", "check").startswith("/etc/kiosk/config.toml: ok")


def test_an_enrolment_server_waits_for_its_fleet_and_then_serves_it(online: Machine) -> None:
    online.told("systemctl", "stop", "kiosk", "kiosk-eye")
    # As a page of ours once said: an environment of somebody's own, in the place of our versions.
    online.told("mkdir", "-p", "/opt/kiosk-enrolment/bin")
    done = installing(online, "enrolment")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "/opt/kiosk-enrolment was made by hand" in done.stderr
    online.told("rm", "-r", "/opt/kiosk-enrolment")
    done = installing(online, "enrolment")
    assert done.returncode == 3, done.stderr + done.stdout
    assert "put the fleet's folder" in done.stderr
    port = free_port()
    fleet = "/var/lib/kiosk-enrolment/fleet"
    online.shell(
        "umask 077; echo of every working day >/etc/credstore/enrolment.passphrase;"
        f"sed -i 's/^ENROLMENT_PORT=.*/ENROLMENT_PORT={port}/' /etc/kiosk-enrolment/environment;"
        "echo of the safe in the cellar >/root/phrase;"
        f"kiosk-provision ca init {fleet} --server https://localhost:{port} --root-passphrase-file"
        f" /root/phrase --passphrase-file /etc/credstore/enrolment.passphrase; rm {fleet}/root.key"
    )
    # Root's own until now, as when somebody has copied it here.
    done = installing(online, "enrolment")
    assert done.returncode == 0, done.stderr + done.stdout
    hardened(online, ENROLMENT)
    assert online.told("stat", "-c", "%U %a", fleet) == "kiosk-enrolment 700"
    assert online.told(ENROLMENT_PYTHON, "-c", ASK, str(port)) == "True"
    pid = online.unit(ENROLMENT, "MainPID")
    assert online.told("ps", "-o", "user=", "-p", pid) == "kiosk-enrolment"
    done = installing(online, "enrolment", "--uninstall")
    assert (done.returncode, done.stderr) == (0, "")
    online.told("ls", f"{fleet}/fleet.json")
    assert online.run("ss", "-Htln", f"sport = :{port}", timeout_s=PATIENCE_S).stdout == ""
