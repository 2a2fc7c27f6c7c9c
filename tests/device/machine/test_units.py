"""The two services under a real systemd: hardened, watched, and started again."""

import json
from pathlib import Path

import pytest

from tests.device.machine.parts import Machine, put

UNITS = "/etc/systemd/system"
SERVICES = ("kiosk.service", "kiosk-eye.service")
COUNTERS = ("kiosk-hung.service", "kiosk-blind.service", "kiosk-eye-later.timer")
MOST_EXPOSURE = {"kiosk.service": 14, "kiosk-eye.service": 6}
"""In tenths; see `tests/house/test_units.py`."""
BURGLAR = Path(__file__).with_name("burglar.py")


def test_verify_has_nothing_to_say(untouched: Machine) -> None:
    units = [f"{UNITS}/{name}" for name in (*SERVICES, *COUNTERS)]
    done = untouched.run("systemd-analyze", "verify", *units)
    assert (done.stdout + done.stderr, done.returncode) == ("", 0)


@pytest.mark.parametrize("name", SERVICES)
def test_exposure_is_low(untouched: Machine, name: str) -> None:
    command = ("systemd-analyze", "security", "--offline=true", "--no-pager")
    done = untouched.run(*command, f"--threshold={MOST_EXPOSURE[name]}", f"{UNITS}/{name}")
    assert done.returncode == 0, done.stdout.splitlines()[-1:]


def what_it_reached(log: str) -> dict[str, list[str]]:
    """Return what the burglar said in a log."""
    told: dict[str, list[str]] = json.loads(log.partition("burglar: ")[2].splitlines()[0])
    return told


@pytest.mark.threat("leave-the-eye")
def test_a_decoder_that_was_taken_over_reaches_nothing(kiosk: Machine) -> None:
    decoders = kiosk.shell(
        "echo /opt/door-kiosk/current/venv/lib/python3*/site-packages/kiosk/eye/decoders"
    )
    put(kiosk, BURGLAR, f"{decoders}/burglar.py")
    kiosk.shell(
        "echo secret >/etc/kiosk/device.pem.key; echo secret >/etc/credstore/kiosk.uplink.password;"
        "systemd-tmpfiles --create kiosk.conf;"
        'sed -i \'s/^decoders = .*/decoders = ["burglar", "zxing"]/\' /etc/kiosk/config.toml;'
        "sed -i 's/^tls = false/&\\nusername = \"door-1\"/' /etc/kiosk/config.toml;"
        "systemctl restart kiosk kiosk-eye"
    )
    kiosk.until("journalctl -u kiosk-eye -o cat | grep -q burglar:")
    done = what_it_reached(kiosk.log())
    # A piece of memory of its own, which ends with the service; nothing in it can be run.
    assert done.pop("written") == ["/tmp"]
    # The kiosk's own, and systemd's: to say that it is alive, and to log.
    spoken = set(done.pop("spoken to"))
    assert "/run/kiosk/eye.sock" in spoken
    assert spoken <= {
        "/run/kiosk/eye.sock",
        "/run/systemd/notify",
        "/dev/log",
        "/run/systemd/journal/dev-log",
        "/run/systemd/journal/socket",
        "/run/systemd/journal/stdout",
    }
    assert {kind: what for kind, what in done.items() if what} == {}


def test_without_the_sandbox_the_same_burglar_would_reach_much(kiosk: Machine) -> None:
    """Else the test above would pass with a burglar that cannot pick any lock."""
    put(kiosk, BURGLAR, "/srv/burglar.py")
    python = "/opt/door-kiosk/current/venv/bin/python"
    # As the kiosk's user, whose the secrets are.
    become = ("setpriv", "--reuid=kiosk", "--regid=kiosk-link", "--init-groups")
    done = kiosk.run(*become, python, "/srv/burglar.py")
    found = what_it_reached(done.stderr)
    assert {"AF_INET", "AF_INET6"} <= set(found["network"])
    assert {"/var/lib/kiosk/site.key", "/var/lib/kiosk/outbox.db"} <= set(found["read"])
    assert {"/dev/shm", "/tmp", "/var/tmp", "/var/lib/kiosk"} <= set(found["written"])
    assert "/run/dbus/system_bus_socket" in found["spoken to"]
    assert found["seen"]
    assert found["executed"]


def test_a_credential_is_a_setting_of_the_kiosk_and_of_nobody_else(kiosk: Machine) -> None:
    kiosk.shell(
        "echo secret >/etc/credstore/kiosk.uplink.password; systemctl restart kiosk || true"
    )
    # Taken, and found to be half of what a broker asks for.
    kiosk.until("test $(systemctl show --value -p ExecMainStatus kiosk) = 78")
    assert "password without username" in kiosk.log()
    kiosk.shell(
        "sed -i 's/^tls = false/&\\nusername = \"door-1\"/' /etc/kiosk/config.toml;"
        "systemctl restart kiosk kiosk-eye"
    )
    kiosk.until_ready()
    services = kiosk.shell("ls /run/credentials").split()
    assert ("kiosk.service" in services, "kiosk-eye.service" in services) == (True, False)
    assert "secret" not in kiosk.log()


def test_the_kiosk_cannot_open_the_camera(untouched: Machine) -> None:
    """Nor can the eye open the pins: each has its own devices, by group and by the kernel."""
    untouched.until_ready()
    groups = {name: untouched.unit(name, "SupplementaryGroups").split() for name in SERVICES}
    assert groups == {
        "kiosk.service": ["kiosk", "gpio"],
        "kiosk-eye.service": ["video", "kiosk-link"],
    }


def test_an_eye_that_hangs_is_started_again_and_nothing_reboots(kiosk: Machine) -> None:
    before = kiosk.starts()
    kiosk.shell("kill -STOP $(systemctl show --value -p MainPID kiosk-eye)")
    kiosk.until("test $(systemctl show --value -p NRestarts kiosk-eye) -ge 1")
    kiosk.until_ready()
    after = kiosk.starts()
    assert after[0] == before[0]
    assert after[1] != before[1]
    assert "Watchdog timeout" in kiosk.told("journalctl", "--no-pager", "-u", "kiosk-eye")
    assert kiosk.is_the_same_boot()


def test_an_unplugged_camera_is_looked_for_again_and_reboots_nothing(kiosk: Machine) -> None:
    kiosk.shell("touch /srv/door/stall")
    kiosk.until("systemctl --quiet is-active kiosk-eye-later.timer")
    assert kiosk.unit("kiosk.service", "ActiveState") == "active"
    kiosk.shell("rm /srv/door/stall")
    kiosk.until_ready()
    assert kiosk.is_the_same_boot()
    assert "camera lost" in kiosk.log()


def test_a_kiosk_that_hangs_is_started_again_and_only_the_fourth_time_reboots(
    kiosk: Machine,
) -> None:
    # The watchdog's time is not what is tested.
    kiosk.shell(
        "mkdir -p /etc/systemd/system/kiosk.service.d;"
        "printf '[Service]\\nWatchdogSec=5\\nTimeoutAbortSec=1\\n'"
        " >/etc/systemd/system/kiosk.service.d/short.conf;"
        "systemctl daemon-reload; systemctl restart kiosk kiosk-eye"
    )
    for hang in range(1, 4):
        kiosk.until_ready()
        kiosk.shell("kill -STOP $(systemctl show --value -p MainPID kiosk)")
        kiosk.until(f"test $(systemctl show --value -p NRestarts kiosk) -ge {hang}")
        assert kiosk.is_the_same_boot()
    kiosk.until_ready()
    kiosk.shell("kill -STOP $(systemctl show --value -p MainPID kiosk)")
    kiosk.until_it_reboots()
