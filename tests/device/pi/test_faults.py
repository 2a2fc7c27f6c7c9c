"""What goes wrong at a door, on a virtual Pi under its own systemd: said, shown, and mended.

Here is what a container has not: a watchdog of the board, limits of memory, a reboot that comes up
again, a disk that is read-only or full, a clock of its own, lights on pins, and a real camera stack
that loses its camera. The rest is in tests/device/machine/test_units.py.
"""

import subprocess
import time
from pathlib import Path

import pytest

from tests.device.pi.parts import note
from tests.device.pi.pictures import AN, BINH, CHI, NOBODY
from tests.device.pi.whole_parts import GREEN, SERVICES, InstalledPi

GLUTTON = Path(__file__).with_name("glutton.py")
SITE_KEY = "5e" * 32
_BOARD_WATCHDOG_S = 15
_STATE_MB = 16


@pytest.fixture
def pi(scratch: Path) -> InstalledPi:
    return InstalledPi(scratch)


def test_the_boards_watchdog_is_fed_and_resets_the_pi_when_systemd_hangs(scratch: Path) -> None:
    # A kernel that is a program cannot start itself again in the middle of an interrupt.
    with InstalledPi(scratch, append="softdog.soft_reboot_cmd=reset") as pi:
        pi.until_ready()
        assert pi.shell("systemctl show --value -p RuntimeWatchdogUSec") == f"{_BOARD_WATCHDOG_S}s"
        # It is systemd that holds it, and so feeds it.
        assert "/dev/watchdog0" in pi.shell("readlink /proc/1/fd/*")
        pi.passes(AN)
        boot = pi.boot_id()
        began = time.monotonic()
        pi.shell("echo 1 >/sys/fs/cgroup/init.scope/cgroup.freeze")
        pi.until_it_boots_again(boot)
        pi.until_ready()
        note("systemd hangs, to ready again", time.monotonic() - began, "s")
        # What was recorded is there, and its number goes on.
        assert pi.passes(BINH).seq == 2
        pi.until_acknowledged()


def test_a_kiosk_that_hangs_too_often_reboots_the_pi_and_it_is_ready_again(pi: InstalledPi) -> None:
    with pi:
        pi.until_ready()
        before, boot = pi.starts(), pi.boot_id()
        # Three hangs within ten minutes are counted already.
        pi.shell("for hang in 1 2 3; do systemctl start kiosk-hung; done")
        pi.shell("kill -STOP $(systemctl show --value -p MainPID kiosk)")
        pi.until_it_boots_again(boot)
        pi.until_ready()
        assert pi.starts()[0] != before[0]


def test_a_frozen_camera_is_said_shown_and_mended_by_a_new_eye(pi: InstalledPi) -> None:
    with pi:
        pi.until_ready()
        kiosk, boot = pi.starts()[0], pi.boot_id()
        pi.show(NOBODY, frozen=True)
        pi.until_status('"faults":\\["camera"]')
        pi.until_blinks(2)
        pi.put_before_the_camera(AN)
        pi.stored(1)
        assert "the camera is frozen" in pi.log()
        assert (pi.starts()[0], pi.boot_id()) == (kiosk, boot)


def test_an_eye_that_hangs_or_eats_memory_is_replaced_and_the_kiosk_goes_on(
    scratch: Path,
) -> None:
    # More than the eye may have: what ends it is its limit.
    with InstalledPi(scratch, memory="1G") as pi:
        decoders = pi.shell(
            "echo /opt/door-kiosk/current/venv/lib/python3*/site-packages/kiosk/eye/decoders"
        )
        (pi.share / "glutton.py").write_bytes(GLUTTON.read_bytes())
        pi.shell(
            f"cp /mnt/glutton.py {decoders};"
            'sed -i \'s/^decoders = .*/decoders = ["glutton", "zxing"]/\' /etc/kiosk/config.toml;'
            "systemctl restart kiosk-eye"
        )
        pi.until_ready()
        kiosk, eye = pi.starts()
        pi.shell("kill -STOP $(systemctl show --value -p MainPID kiosk-eye)")
        pi.until_blinks(2)
        pi.until(f"test $(systemctl show --value -p InvocationID kiosk-eye) != {eye}")
        pi.until_ready()
        eye = pi.starts()[1]
        pi.shell("touch /run/pictures/hungry")
        pi.until_logged("-u kiosk-eye", "oom-kill")
        pi.shell("rm /run/pictures/hungry")
        pi.until(f"test $(systemctl show --value -p InvocationID kiosk-eye) != {eye}")
        pi.until_ready()
        pi.until_status('"phase":"ready"')
        assert pi.starts()[0] == kiosk


def test_an_unplugged_camera_reboots_nothing_and_works_again_when_plugged_in(
    pi: InstalledPi,
) -> None:
    with pi:
        pi.until_ready()
        kiosk, boot = pi.starts()[0], pi.boot_id()
        # Four losses within a minute are counted already.
        pi.shell("for loss in 1 2 3 4; do systemctl start kiosk-blind; done")
        pi.shell("touch /run/pictures/pulled; mv /run/pictures/*.jpg /run")
        pi.until_blinks(2)
        pi.until("systemctl --quiet is-active kiosk-eye-later.timer")
        assert "the camera gave no frame within" in pi.log()
        pi.put_before_the_camera(AN)
        pi.stored(1)
        pi.until_ready()
        assert (pi.starts()[0], pi.boot_id()) == (kiosk, boot)


def test_times_of_1970_are_marked_and_set_right_when_the_clock_is(pi: InstalledPi) -> None:
    with pi:
        pi.until_ready()
        pi.shell("systemctl stop kiosk kiosk-eye; date -s @3600; systemctl start kiosk")
        pi.until_ready()
        row = pi.passes(AN)
        event = pi.events()[0]
        assert event.data.clock.utc.year == 1970
        assert (event.data.clock.trusted, row.trusted, row.at_s) == (False, False, None)
        # As systemd-timesyncd does it.
        pi.shell(
            f"date -s @{time.time():.3f}; mkdir -p /run/systemd/timesync;"
            "touch /run/systemd/timesync/synchronized"
        )
        stored = pi.stored(2, timed=2)
        up_s = float(pi.shell("cut -d ' ' -f 1 /proc/uptime"))
        passed_s = time.time() - up_s + event.data.clock.mono_ns / 1e9
    assert "clock" in {row.name for row in stored}
    # The row keeps what it said of itself, and now has the time at which it was.
    assert not stored[0].trusted
    assert stored[0].at_s == pytest.approx(passed_s, abs=5)


def test_a_read_only_disk_is_enough_and_a_full_one_is_said_and_recovers(scratch: Path) -> None:
    state = scratch / "state.img"
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-m", "0", state, f"{_STATE_MB}M"], check=True)
    memory = " ".join(
        f"systemd.mount-extra=tmpfs:{folder}:tmpfs"
        # Not the kiosk's: the broker and the ledger of these tests write there.
        for folder in ("/var/log", "/var/lib/mosquitto", "/var/lib/private")
    )
    append = f"ro systemd.mount-extra=/dev/ubdb:/var/lib/kiosk:ext4 {memory}"
    with InstalledPi(scratch, disks=(state,), append=append) as pi:
        assert pi.run("touch /etc/kiosk/here").returncode != 0
        pi.shell(
            "install -o kiosk -g kiosk -m 600 /dev/null /var/lib/kiosk/site.key;"
            f"echo {SITE_KEY} >/var/lib/kiosk/site.key; systemctl restart kiosk"
        )
        pi.until_ready()
        boot = pi.boot_id()
        pi.passes(AN)
        pi.shell("dd if=/dev/zero of=/var/lib/kiosk/full bs=4k status=none || true")
        pi.until_status('"faults":\\["disk"]')
        # An eye that has read nothing yet: what it counts is the card that is shown next.
        pi.show(NOBODY)
        pi.until_status('"codes_read":0')
        pi.watch_the_pins()
        pi.show(BINH)
        pi.until_status('"codes_read":[1-9]')
        assert not pi.lights(GREEN)
        pi.until_blinks(3)
        assert [row.seq for row in pi.stored()] == [1]
        pi.put_before_the_camera(NOBODY)
        pi.shell("rm /var/lib/kiosk/full")
        pi.until_status('"phase":"ready"')
        pi.passes(CHI)
        assert (pi.boot_id(), pi.unit(SERVICES[0], "NRestarts")) == (boot, "0")
