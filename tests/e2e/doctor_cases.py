"""Every fault that is planted in a kiosk in good health, and what the doctor must find then."""

import contextlib
import json
import sqlite3
import time
from collections.abc import Callable

from PIL import Image

from kiosk.lists.form import ListName
from tests.parts.lists import a_list, operator, pem_of
from tests.parts.patient import HUNG, SOURCE, UNIT, WORD, Patient

DAY_S = 86400
Plant = Callable[[Patient], object]


def picture(grey: int) -> Plant:
    """Return what puts a card of one grey before the camera."""

    def plant(patient: Patient) -> None:
        folder = patient.folder / "pictures"
        folder.mkdir()
        Image.new("L", (320, 240), grey).save(folder / "grey.png")
        patient.sections["camera"] = {"kind": "replay", "folder": folder, "loop": True}

    return plant


def section(name: str, **values: object) -> Plant:
    return lambda patient: patient.sections.setdefault(name, {}).update(values)


def system(path: str, text: str | None) -> Plant:
    return lambda patient: patient.put(path, text)


def firmware(bits: str) -> Plant:
    return lambda patient: patient.give_program("vcgencmd", f"throttled={bits}\n")


def unit(name: str = "kiosk", **values: str) -> Plant:
    known = HUNG if name == "kiosk_hung" else UNIT
    return lambda patient: patient.give_units(**{name: {**known, **values}})


def says(**word: object) -> Plant:
    return lambda patient: patient.say(**word)


def stalls(patient: Patient) -> None:
    patient.sections["camera"]["stall_while"] = patient.config


def freezes(patient: Patient) -> None:
    patient.sections["camera"]["freeze_while"] = patient.config


def damages_the_outbox(patient: Patient) -> None:
    patient.fill_outbox(*(float(n) for n in range(2, 200)))
    raw = bytearray(patient.outbox.read_bytes())
    for place in range(8192, len(raw), 4096):
        raw[place : place + 64] = b"\xff" * 64
    patient.outbox.write_bytes(raw)


def sets_a_file_aside(patient: Patient) -> None:
    patient.outbox.write_bytes(b"no database at all" * 512)
    outbox = patient.open_outbox()
    outbox.probe()
    outbox.close()


def comes_from_the_future(patient: Patient) -> None:
    with contextlib.closing(sqlite3.connect(patient.outbox)) as db:
        db.execute("PRAGMA user_version = 99")


def crowds_the_outbox(patient: Patient) -> None:
    with contextlib.closing(sqlite3.connect(patient.outbox)) as db:
        db.execute("CREATE TABLE ballast AS SELECT zeroblob(900000) AS body")
    patient.sections["outbox"]["max_mb"] = 1


def old_list(days: float) -> Plant:
    at_s = round(time.time() - days * DAY_S)
    return lambda patient: patient.give_list(a_list(ListName.REVOKED, 2, issued_s=at_s))


def another_operator(patient: Patient) -> None:
    patient.operators.write_bytes(pem_of(operator(8)))


def draws_more_than_it_can(patient: Patient) -> None:
    picture(128)(patient)
    Image.effect_noise((2400, 1800), 40).save(patient.folder / "pictures" / "grey.png")
    patient.sections["camera"]["fps"] = 1000


def no_lists(patient: Patient) -> None:
    for path in sorted(patient.lists.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()


def no_program(name: str) -> Plant:
    return lambda patient: (patient.programs / name).unlink()


def shortens_the_device_key(patient: Patient) -> None:
    patient.device_key.write_bytes(b"short")


def hangs(patient: Patient) -> None:
    patient.say()
    said = json.loads(patient.status.read_text())
    said["status"]["clock"]["mono_ns"] -= 60 * 10**9
    patient.status.write_text(json.dumps(said))


CASES: list[tuple[str, Plant, str, str]] = [
    # What is found, what was made wrong, answers to the questions, and a word of the fix.
    ("settings.unusable", section("door", hold_of_s=1), "", "kiosk config check"),
    ("settings.without", section("eye", decoders=["zxing"]), "", ""),
    ("camera.lost", stalls, "", "cable"),
    ("camera.frozen", freezes, "", "power off and on"),
    ("camera.dark", picture(0), "", "lens cap"),
    ("camera.bright", picture(255), "", "shade the lens"),
    ("camera.blurred", picture(128), "", "clean the lens"),
    ("camera.slow", draws_more_than_it_can, "", "width_px"),
    ("indicators.light", says_no := lambda _: None, "n\ny\ny\nn\n", "GPIO17, pin 11"),
    ("indicators.buzzer", says_no, "y\ny\nn\nn\n", "GPIO18"),
    (
        "button.dead",
        lambda patient: patient.sections["gpio"].update(button_pin=23),
        "y\ny\ny\nn\ny\ny\n",
        "GPIO23, pin 16",
    ),
    ("indicators.relay", says_no, "y\ny\ny\ny\nn\n", "GPIO22"),
    ("indicators.pins", section("gpio", pins="lgpio"), "", "python3-lgpio"),
    ("disk.forgets", system("proc/self/mounts", "none / tmpfs rw 0 0\n"), "", "outbox.path"),
    ("disk.remote", system("proc/self/mounts", "nas:/a / nfs4 rw 0 0\n"), "", "outbox.path"),
    ("disk.missing", section("outbox", path="/nowhere/kiosk/outbox.db"), "", "systemd-tmpfiles"),
    ("wear.old", system("sys/block/mmcblk0/device/life_time", "0x0a 0x01\n"), "", "weeks"),
    ("wear.spent", system("sys/block/mmcblk0/device/life_time", "0x01 0x0b\n"), "", "now"),
    ("outbox.damaged", damages_the_outbox, "", "kiosk outbox export"),
    ("outbox.unreadable", comes_from_the_future, "", "kiosk outbox status"),
    ("outbox.set-aside", sets_a_file_aside, "", "rescue-events"),
    ("outbox.waiting", lambda p: p.fill_outbox(2.0, 7300.0), "", "network and broker"),
    ("outbox.crowded", crowds_the_outbox, "", "max_mb"),
    ("clock.not-synchronised", section("clock", trust_file="/nowhere/sync"), "", "timedatectl"),
    ("clock.wrong", old_list(-30), "", "timedatectl"),
    ("clock.battery", system("sys/class/rtc/rtc0/since_epoch", "1000000\n"), "", "hwclock"),
    ("keys.site-ahead", lambda p: p.give_site_key(3), "", "kiosk-provision keys kiosk"),
    ("keys.site-behind", lambda p: p.give_site_key(-20), "", "six hours"),
    ("keys.device", shortens_the_device_key, "", "device.key"),
    ("keys.readable", lambda p: p.site_key.chmod(0o644), "", "chmod"),
    ("keys.renewal", says(certificate={"trouble": "no answer"}), "", "enrolment.server"),
    ("lists.none", no_lists, "", "kiosk lists install"),
    ("lists.old", old_list(9), "", "publish"),
    ("lists.refused", another_operator, "", "lists.signers"),
    ("lists.no-issuers", section("payloads", accept=["cccd", "card"]), "", "issuers"),
    ("power.low", firmware("0x50005"), "", "power supply"),
    ("power.was-low", firmware("0x50000"), "", "power supply"),
    ("power.slowed", firmware("0x80000"), "", "heat sink"),
    ("heat.hot", system("sys/class/thermal/thermal_zone0/temp", "79000\n"), "", "heat sink"),
    ("services.down", unit(ActiveState="failed", Result="signal"), "", "journalctl -u kiosk"),
    (
        "services.settings",
        unit("kiosk_eye", ActiveState="failed", ExecMainStatus="78"),
        "",
        "kiosk config check",
    ),
    ("services.restarts", unit(NRestarts="9"), "", "journalctl"),
    ("services.not-at-boot", unit(UnitFileState="disabled"), "", "systemctl enable kiosk"),
    ("services.hung", unit("kiosk_hung", InactiveExitTimestampMonotonic="9"), "", "grep hung"),
    ("versions.differs", says(firmware="0.0.9"), "", "restart kiosk kiosk-eye"),
    ("kiosk.silent", hangs, "", "systemctl restart kiosk"),
    ("kiosk.background", says(background_codes=1), "", "poster"),
    ("eye.silent", says(eye=None, faults=["camera"]), "", "kiosk-link"),
    ("disk.kiosk-says", says(faults=["disk"]), "", "outbox status --check"),
    (
        "broker.delivery",
        says(delivery={"connected": False, "trouble": "not connected"}),
        "",
        "restart kiosk",
    ),
    (
        "broker.undelivered",
        says(delivery={"connected": True, "trouble": "the broker refuses events (0x87)"}),
        "",
        f"allow {SOURCE}/#",
    ),
    (
        "broker.ledger-away",
        says(delivery={"connected": True, "trouble": None, "ledger_online": False}),
        "",
        "run-a-ledger",
    ),
]


def eye_says(**changed: object) -> Plant:
    def plant(patient: Patient) -> None:
        patient.say(eye={**WORD["eye"], **changed})

    return plant


CASES += [
    ("eye.restarts", eye_says(restarts=12), "", "eye restarted"),
    ("camera.lost", eye_says(camera_ok=False), "", "cable"),
    ("camera.slow", eye_says(frames_hz=1.5), "", "width_px"),
]
