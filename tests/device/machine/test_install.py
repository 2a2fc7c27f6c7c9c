"""`install.sh` on a clean Debian 13 under a real systemd: install, upgrade, roll back, remove."""

import pytest

from tests.device.machine.parts import (
    SOURCE,
    Machine,
    change_source,
    install_from_source,
    note,
    versions,
)

INSTALL = f"{SOURCE}/provisioning/install.sh"
COPY = "/var/tmp/source"
OUTBOX = "/var/lib/kiosk/outbox.db"
KEPT = ("/etc/kiosk/config.toml", "/var/lib/kiosk/site.key", OUTBOX)
LEFT_OVER = (
    "find / -xdev -name '*kiosk*' | "
    "grep -vE '^/(proc|run|sys|root|srv|etc/kiosk$|var/lib/kiosk|var/lib/systemd|var/log)'"
)


def test_a_clean_machine_is_a_kiosk_after_a_reboot(untouched: Machine) -> None:
    """It was installed in an earlier boot: its units are enabled and both became ready."""
    pids = " ".join(
        f"-p {untouched.unit(name, 'MainPID')}" for name in ("kiosk.service", "kiosk-eye.service")
    )
    assert untouched.shell(f"ps -o user= {pids} | sort").split() == ["kiosk", "kiosk-eye"]
    assert untouched.told("kiosk", "config", "check").startswith("/etc/kiosk/config.toml: ok")
    assert untouched.told("stat", "-c", "%U %a", "/var/lib/kiosk/site.key") == "kiosk 600"
    for name in ("kiosk.service", "kiosk-eye.service"):
        began, ready = (
            int(untouched.unit(name, key)) / 1e6
            for key in ("ExecMainStartTimestampMonotonic", "ActiveEnterTimestampMonotonic")
        )
        note(f"{name}, start to ready", ready - began, "s")
        pss = f"awk '/^Pss:/ {{ print $2 }}' /proc/{untouched.unit(name, 'MainPID')}/smaps_rollup"
        note(f"{name}, memory", int(untouched.shell(pss)) / 1024, "MB")


def test_a_second_run_changes_nothing_and_says_so(untouched: Machine) -> None:
    before = untouched.starts()
    untouched.shell("touch /run/before")
    done = install_from_source(untouched)
    assert (done.returncode, done.stderr) == (0, "")
    assert "nothing to do" in done.stdout
    # What the kiosk and systemd themselves write goes on.
    theirs = "! -path '/proc/*' ! -path '/var/lib/kiosk/*' ! -path '/var/log/*'"
    assert untouched.shell(f"find / -xdev -newer /run/before -type f {theirs}") == ""
    assert untouched.starts() == before


def test_an_upgrade_gets_a_folder_of_its_own_and_the_version_before_stays(online: Machine) -> None:
    before, _ = versions(online)
    outbox = online.told("kiosk", "outbox", "status").splitlines()[0]
    # As if there had been one more before.
    online.shell("mkdir /opt/door-kiosk/0.0.9-0a1b2c3d")
    change_source(online, "kiosk/__init__.py", '"0.1.0"', '"0.1.1"')
    done = install_from_source(online)
    assert done.returncode == 0, done.stderr
    now, there = versions(online)
    assert now.startswith("0.1.1-")
    assert there == {before, now}
    assert f"install: ready: {now}" in done.stdout
    assert online.told("kiosk", "--version") == "kiosk 0.1.1"
    assert online.told("kiosk", "outbox", "status").splitlines()[0] == outbox


def test_an_upgrade_whose_kiosk_does_not_become_ready_is_rolled_back(online: Machine) -> None:
    """One whose eye does not: see test_package.py."""
    before, _ = versions(online)
    unit = online.told("cat", "/etc/systemd/system/kiosk.service")
    change_source(
        online,
        "kiosk/app/services.py",
        "    return found if isinstance(found, int) else run_kiosk(",
        "    raise SystemExit(7)  # (",
    )
    # A unit of the new version too: it must not stay behind.
    change_source(
        online, "systemd/kiosk.service", "Description=Door kiosk\n", "Description=Newer\n"
    )
    done = install_from_source(online)
    assert done.returncode == 4, done.stdout + done.stderr
    assert f"not upgraded: {before} runs again" in done.stderr
    assert versions(online)[0] == before
    assert online.told("cat", "/etc/systemd/system/kiosk.service") == unit
    online.until_ready()


def test_a_version_that_refuses_the_settings_never_starts(online: Machine) -> None:
    before, starts = versions(online)[0], online.starts()
    change_source(online, "kiosk/app/sections.py", "le=600,", "le=9,")
    done = install_from_source(online)
    assert done.returncode == 1
    assert "door.repeat_s" in done.stderr
    assert f"{before} runs on" in done.stderr
    assert versions(online)[0] == before
    assert online.starts() == starts


def test_an_upgrade_without_a_network_changes_nothing(kiosk: Machine) -> None:
    before, starts = versions(kiosk)[0], kiosk.starts()
    change_source(kiosk, "kiosk/__init__.py", '"0.1.0"', '"0.1.1"')
    done = install_from_source(kiosk)
    assert done.returncode == 1
    assert "pip could not install" in done.stderr
    assert (versions(kiosk)[0], kiosk.starts()) == (before, starts)


def test_without_settings_it_writes_an_example_and_says_what_is_missing(kiosk: Machine) -> None:
    kiosk.shell("systemctl stop kiosk; rm -rf /etc/kiosk /var/lib/kiosk/site.key")
    done = install_from_source(kiosk)
    assert done.returncode == 3
    assert "this is no Pi" in done.stdout
    assert "identity.site_key_file" in done.stderr
    assert "installed, but not ready" in done.stderr
    assert kiosk.told("stat", "-c", "%U %G %a", "/etc/kiosk/config.toml") == "root kiosk-link 640"


def test_uninstall_keeps_settings_keys_and_outbox_and_purge_does_not(kiosk: Machine) -> None:
    # Somebody's own, as for a ledger on the same machine.
    theirs = "/etc/systemd/system/kiosk-ledger.service"
    kiosk.shell(f"printf '[Service]\nExecStart=/bin/true\n' >{theirs}")
    done = kiosk.run("bash", INSTALL, "--uninstall")
    assert done.returncode == 0, done.stderr
    kiosk.told("ls", *KEPT)
    kiosk.told("rm", theirs)
    assert kiosk.run("sh", "-c", LEFT_OVER).stdout == ""
    assert kiosk.unit("kiosk.service", "LoadState") == "not-found"
    again = kiosk.run("bash", INSTALL, "--uninstall")
    assert (again.returncode, again.stdout) == (
        0,
        "install: nothing to do: no kiosk is installed\n",
    )
    kiosk.told("bash", INSTALL, "--uninstall", "--purge")
    assert kiosk.run("ls", "/etc/kiosk").returncode != 0
    assert kiosk.run("ls", "/var/lib/kiosk").returncode != 0
    assert "kiosk" not in kiosk.shell("cat /etc/passwd /etc/group")


# Each says in its own mounts, gone with the command, that it is another system.
OF_SYSTEM = (
    "sed EDIT /etc/os-release >/run/system; mount --bind /run/system /etc/os-release; bash {}"
)
OF_PROCESSOR = (
    "printf '#!/bin/sh\necho armhf\n' >/run/dpkg; chmod 755 /run/dpkg;"
    "mount --bind /run/dpkg /usr/bin/dpkg; bash {}"
)
REFUSED = {
    "user": ("setpriv --reuid 65534 --clear-groups bash {}", "this needs root"),
    "system": (
        OF_SYSTEM.replace("EDIT", "s/^VERSION_CODENAME=.*/VERSION_CODENAME=sid/"),
        "Debian, 12 or 13, and this is debian sid",
    ),
    "32-bit system": (OF_SYSTEM.replace("EDIT", "s/^ID=.*/ID=raspbian/"), "this is raspbian "),
    "32-bit processor": (OF_PROCESSOR, "and this system is armhf"),
    "no systemd": ("mount -t tmpfs tmpfs /run/systemd; bash {}", "systemd does not run here"),
    "read-only": ("mount -o bind,ro /opt /opt; bash {}", "the disk is read-only"),
    "usage": ("bash {} --purge", "usage: "),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_supported_is_refused_in_one_line(untouched: Machine, name: str) -> None:
    script, told = REFUSED[name]
    starts = untouched.starts()
    # A user may not look into root's folder.
    untouched.shell(f"rm -rf {COPY}; cp -r {SOURCE} {COPY}; chmod -R go=rX {COPY}")
    done = untouched.run(
        "unshare", "--mount", "sh", "-c", script.format(f"{COPY}/provisioning/install.sh")
    )
    assert done.returncode in {1, 2}
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
    assert untouched.starts() == starts
