"""The Debian package on a clean Debian 13 under a real systemd: the same as install.sh does."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.device.machine.parts import INSTALL_S, Done, Machine, note, put, put_settings, versions

PACKAGE = Path(os.environ["DEVICE_PACKAGE"])
AT = "/srv/door-kiosk.deb"
SHARE = "usr/share/door-kiosk"


def apt(machine: Machine, *command: str) -> Done:
    """Run apt-get, as `apt` does for a person."""
    options = ("--yes", "--quiet", "--no-install-recommends")
    return machine.run(
        "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *options, *command, timeout_s=INSTALL_S
    )


@pytest.fixture(scope="session")
def packaged(once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """Return the layer of a clean machine that `apt install ./...deb` has made a ready kiosk."""

    def install(layer: Path) -> None:
        with Machine(layer, offline=False) as machine:
            put_settings(machine)
            put(machine, PACKAGE, AT)
            machine.told("apt-get", "update")
            began = time.monotonic()
            done = apt(machine, "install", AT)
            assert done.returncode == 0, done.stderr + done.stdout
            assert "install: ready: " in done.stdout
            note("apt install, to ready", time.monotonic() - began, "s")

    return once("packaged", install)


@pytest.fixture
def kiosk(packaged: Path, scratch: Path) -> Iterator[Machine]:
    """Boot it again in a layer of its own. Without a network: a package has all that it needs."""
    with Machine(Path(tempfile.mkdtemp(prefix="deb-", dir=scratch)), packaged) as machine:
        machine.until_ready()
        yield machine


def next_package(machine: Machine, broken: str = "") -> str:
    """Make a package of the next version from the one in the machine; return where it is."""
    machine.shell(
        f"dpkg-deb -R {AT} /srv/next;"
        "sed -i 's/^Version: .*/Version: 0.1.1+deb13/' /srv/next/DEBIAN/control;"
        f"echo 0.1.1 >/srv/next/{SHARE}/version; {broken}"
        "dpkg-deb --build --root-owner-group -Znone /srv/next /srv/next.deb >/dev/null"
    )
    return "/srv/next.deb"


def test_it_is_a_kiosk_after_a_reboot_and_needs_no_compiler(kiosk: Machine) -> None:
    assert kiosk.told("kiosk", "config", "check").startswith("/etc/kiosk/config.toml: ok")
    assert kiosk.run("gcc", "--version").returncode != 0
    assert kiosk.told("stat", "-c", "%U %a", "/var/lib/kiosk/site.key") == "kiosk 600"


def test_the_same_package_again_changes_nothing(kiosk: Machine) -> None:
    starts, before = kiosk.starts(), versions(kiosk)
    done = apt(kiosk, "install", "--reinstall", AT)
    assert done.returncode == 0, done.stderr
    assert "install: nothing to do" in done.stdout
    assert (kiosk.starts(), versions(kiosk)) == (starts, before)


def test_an_upgrade_becomes_ready(kiosk: Machine) -> None:
    before, _ = versions(kiosk)
    done = apt(kiosk, "install", next_package(kiosk))
    assert done.returncode == 0, done.stderr + done.stdout
    now, there = versions(kiosk)
    assert now.startswith("0.1.1-")
    assert there == {before, now}


def test_an_upgrade_that_does_not_become_ready_is_rolled_back_and_apt_says_so(
    kiosk: Machine,
) -> None:
    before, _ = versions(kiosk)
    unit = f"/srv/next/{SHARE}/systemd/kiosk-eye.service"
    broken = f"sed -i 's#^ExecStart=.*#ExecStart=/bin/false#' {unit};"
    done = apt(kiosk, "install", next_package(kiosk, broken))
    assert done.returncode != 0
    assert f"not upgraded: {before} runs again" in done.stdout + done.stderr
    assert versions(kiosk)[0] == before
    kiosk.until_ready()


def test_remove_keeps_settings_keys_and_outbox_and_purge_does_not(kiosk: Machine) -> None:
    kept = ("/etc/kiosk/config.toml", "/var/lib/kiosk/site.key", "/var/lib/kiosk/outbox.db")
    assert apt(kiosk, "remove", "door-kiosk").returncode == 0
    kiosk.told("ls", *kept)
    assert kiosk.run("ls", "/opt/door-kiosk").returncode != 0
    assert kiosk.unit("kiosk.service", "LoadState") == "not-found"
    assert apt(kiosk, "purge", "door-kiosk").returncode == 0
    assert kiosk.run("ls", "/var/lib/kiosk").returncode != 0
    assert "kiosk" not in kiosk.shell("cat /etc/passwd /etc/group")
