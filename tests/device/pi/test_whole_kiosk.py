"""The whole kiosk on a virtual Pi: from a picture before the camera to a row at the ledger.

Everything between is what a Pi runs, by the units as they are shipped: systemd, udev, picamera2,
libcamera, the kernel's camera memory and GPIO chip, lgpio, mosquitto, the ledger. Only the sensor's
picture and the electrical end of the pins are not.
"""

import os
import threading
import time
from pathlib import Path

import pytest

from kiosk.door.rules import Reason, Verdict
from tests.device.pi.board import BOARDS
from tests.device.pi.parts import note
from tests.device.pi.pictures import AN
from tests.device.pi.whole_parts import GREEN, RED, SERVICES, InstalledPi

SCAN_S = float(os.environ.get("DEVICE_SCAN_S", "10"))
"""How long memory is watched; the long form takes 300."""
MOST_MEMORY_MB = 110.0
PICTURES_MB = 3 * 8.1
"""What the virtual camera keeps of its three pictures; a sensor has none."""
MOST_GROWTH_MB = 6.0
"""In the first minutes caches fill, once: see docs/explanation/eye.md."""
_NS_PER_S = 1e9
_OWN_DEVICES = {"kiosk.service": "/dev/gpiochip0", "kiosk-eye.service": "/dev/dma_heap/system"}


@pytest.mark.parametrize("board", BOARDS)
def test_a_card_before_the_camera_is_green_and_at_the_ledger(scratch: Path, board: str) -> None:
    with InstalledPi(scratch, board=BOARDS[board]) as pi:
        pi.until_ready()
        pi.watch_the_pins()
        row = pi.passes(AN)
        pi.until_acknowledged()
        lights = {pin: pi.lights(pin) for pin in (GREEN, RED)}
        (event,) = pi.events()
        log = pi.log()
    # Recorded first, then shown: 1.2 s of full green, once.
    (green,) = lights[GREEN]
    assert green.brightness == 1
    assert green.begin_s >= event.data.clock.mono_ns / _NS_PER_S
    assert not [red for red in lights[RED] if red.end_s > green.begin_s > red.begin_s]
    assert (event.data.verdict, event.data.reason) == (Verdict.ACCEPTED, Reason.OK)
    assert event.id.endswith(":1")
    # The ledger has the same; no clock was synchronised, so it knows the order and no time.
    assert (row.seq, row.name, row.verdict) == (1, "checkin", "accepted")
    assert (row.trusted, row.at_s) == (False, None)
    # Neither the log nor the event tells who it was.
    fields = AN.split("|")
    assert not [field for field in (fields[0], fields[2], fields[5]) if field in log]


def test_it_is_ready_soon_and_its_memory_stays_what_it_is(scratch: Path) -> None:
    with InstalledPi(scratch) as pi:
        pi.until_ready()
        pi.put_before_the_camera(AN)
        pi.shell("systemctl stop kiosk kiosk-eye; systemctl start kiosk")
        pi.until_ready()
        began_us = int(pi.unit(SERVICES[0], "InactiveExitTimestampMonotonic"))
        ready_us = max(int(pi.unit(name, "ActiveEnterTimestampMonotonic")) for name in SERVICES)
        note("virtual Pi, both services, start to ready", (ready_us - began_us) / 1e6, "s")
        pi.stored(1)
        samples = watch_memory(pi, SCAN_S)
        charged_mb = [pi.charged_mb(name) for name in SERVICES]
        status = pi.statuses()[-1]
    # It was scanning all the time.
    assert status.eye is not None
    assert status.eye.codes_read > 0
    for service, charged in zip(SERVICES, charged_mb, strict=True):
        note(f"virtual Pi, {service}, memory (counted towards its limit)", charged, "MB")
    assert sum(charged_mb) - PICTURES_MB <= MOST_MEMORY_MB
    for service, used_mb in zip(SERVICES, zip(*samples, strict=True), strict=True):
        note(f"virtual Pi, {service}, memory (PSS)", used_mb[-1], "MB")
        assert max(used_mb) - used_mb[0] <= MOST_GROWTH_MB, (service, used_mb)


def watch_memory(pi: InstalledPi, for_s: float) -> list[tuple[float, float]]:
    """Return what kiosk and eye used at the beginning, again and again, and at the end."""
    pause, end_s = threading.Event(), time.monotonic() + for_s
    samples = [pi.memory_mb()]
    while time.monotonic() < end_s:
        pause.wait(for_s / 10)
        samples.append(pi.memory_mb())
    return samples


def test_each_service_is_behind_its_walls_and_reaches_its_own_devices(scratch: Path) -> None:
    with InstalledPi(scratch) as pi:
        pi.until_ready()
        for name, own in _OWN_DEVICES.items():
            status = pi.shell(f"cat /proc/$(systemctl show --value -p MainPID {name})/status")
            facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
            # A filter for system calls is in force, and no right of root is left or can be had.
            assert (facts["Seccomp"], facts["NoNewPrivs"]) == ("2", "1")
            assert int(facts["CapBnd"], 16) == 0
            # By the kernel, whoever asks: even root, among the service's own processes.
            for device in [*_OWN_DEVICES.values(), "/dev/watchdog"]:
                done = pi.run(
                    f"sh -c 'echo $$ >/sys/fs/cgroup/system.slice/{name}/cgroup.procs;"
                    f" exec 3<>{device}'"
                )
                assert (done.returncode == 0) == (device == own), (name, device, done.stderr)
                assert device == own or "Operation not permitted" in done.stderr
