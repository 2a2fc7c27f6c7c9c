"""`kiosk doctor` on a kiosk in good health, and on one with each fault that can be planted in it.

Each test makes one thing wrong and asks the command; it must find that and nothing else.
"""

import json
from collections.abc import Iterator

import pytest

from tests.e2e.doctor_cases import CASES, Plant, stalls
from tests.parts.broker import Broker, free_port
from tests.parts.disk import small_disk
from tests.parts.patient import SOURCE, Patient, sickroom
from tests.parts.subscriber import Subscriber

ACCESS = f"topic readwrite {SOURCE}/#\n"
DAY_S = 86400


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """Start a broker that lets one kiosk speak, and somebody listen to it."""
    folder = tmp_path_factory.mktemp("broker")
    (folder / "access").write_text(ACCESS)
    with (
        Broker(folder, f"acl_file {folder / 'access'}") as running,
        Subscriber(running.port, f"{SOURCE}/#"),
    ):
        yield running


def uplink_to(port: int) -> dict[str, object]:
    return {"kind": "mqtt", "host": "127.0.0.1", "port": port, "tls": False}


@pytest.fixture
def patient(broker: Broker) -> Iterator[Patient]:
    with sickroom() as folder:
        yield Patient(folder / "patient", uplink_to(broker.port))


def test_nothing_is_wrong_with_a_kiosk_in_good_health(patient: Patient) -> None:
    done = patient.typed("doctor", "--yes")
    lines = done.stdout.decode().splitlines()
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    assert lines[-1].startswith("0 ✗  0 ⚠")
    assert {line[0] for line in lines[:-1]} == {"✓", "·"}
    assert done.stderr == b""
    # Nothing is left behind.
    assert {path.name for path in patient.state.iterdir()} >= {"outbox.db", "site.key", "lists"}
    assert not list(patient.folder.rglob("*doctor*"))


def test_an_old_terminal_gets_ascii(patient: Patient) -> None:
    done = patient.typed("doctor", "--yes", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert done.stdout.splitlines()[-1].startswith(b"0 XX  0 !!")


def test_the_report_for_programs_says_the_same(patient: Patient) -> None:
    patient.put("sys/class/thermal/thermal_zone0/temp", "90000\n")
    done = patient.run("doctor", "--json", "--yes")
    report = json.loads(done.stdout)
    assert done.exit_code == report["exit_code"] == 1
    (fault,) = [o for o in report["observations"] if o["mark"] == "fault"]
    assert (fault["check"], fault["diagnosis"]) == ("heat", "heat.too-hot")


def test_a_broken_library_leaves_no_traceback(patient: Patient) -> None:
    (patient.programs / "cbor2.py").write_text("raise RuntimeError('a number from a card')\n")
    done = patient.typed("doctor", "--yes", PYTHONPATH=str(patient.programs))
    assert done.returncode == 1
    first, fix, last = done.stdout.decode().splitlines()
    assert first == "✗ doctor       the check doctor failed: RuntimeError"
    assert "support-bundle" in fix
    assert last.startswith("1 ✗")
    assert done.stderr == b""


def test_a_warning_alone_has_an_exit_code_of_its_own(patient: Patient) -> None:
    patient.put("sys/class/thermal/thermal_zone0/temp", "78000\n")
    assert patient.run("doctor", "--yes").exit_code == 3


IDS = [f"{name}-{number}" for number, (name, *_) in enumerate(CASES)]


@pytest.mark.parametrize(("name", "plant", "answers", "word"), CASES, ids=IDS)
def test_a_planted_fault_is_found_and_nothing_else(
    patient: Patient, name: str, plant: Plant, answers: str, word: str
) -> None:
    if name == "settings.without":
        patient.sections["identity"] = {
            "site_key": "5a" * 32,
            "device_key_file": patient.device_key,
        }
    plant(patient)
    found = patient.wrong(answers)
    assert set(found) == {name}
    assert word in found[name]


@pytest.mark.parametrize("full", ["disk.full", "disk.unwritable"])
def test_a_disk_that_takes_nothing_is_told_from_one_that_is_full(
    patient: Patient, full: str
) -> None:
    with small_disk(patient.folder / "disk", 8192) as disk:
        patient.sections["outbox"]["path"] = disk.folder / "outbox.db"
        if full == "disk.full":
            disk.fill()
        else:
            disk.read_only(on=True)
        found = patient.wrong()
    assert set(found) == {full}
    assert ("free some space" if full == "disk.full" else "replace the card") in found[full]


def test_little_space_is_a_warning(patient: Patient) -> None:
    with small_disk(patient.folder / "disk", 65536) as disk:
        (disk.folder / "ballast").write_bytes(bytes(52 * 1024 * 1024))
        patient.sections["outbox"]["path"] = disk.folder / "outbox.db"
        assert set(patient.wrong()) == {"disk.nearly-full"}


def test_nobody_at_the_address_is_told_from_a_name_that_nobody_knows(patient: Patient) -> None:
    patient.sections["uplink"]["port"] = free_port()
    assert set(patient.wrong()) == {"broker.unreachable"}


@pytest.mark.parametrize(
    ("name", "path", "text"),
    [
        ("network.down", "sys/class/net/eth0/operstate", "down\n"),
        ("network.no-route", "proc/net/route", "Iface Destination Gateway Flags\n"),
        ("network.no-name", "proc/device-tree/model", "Raspberry Pi 4 Model B\0"),
    ],
)
def test_a_network_that_ends_early_explains_the_broker(
    patient: Patient, name: str, path: str, text: str
) -> None:
    # By RFC 2606 nobody has this name.
    patient.sections["uplink"]["host"] = "broker.invalid"
    patient.put(path, text)
    assert set(patient.wrong()) == {name}


def test_whoever_answers_nothing_is_not_waited_for(patient: Patient) -> None:
    done = patient.run("doctor", "--json", answers="")
    report = json.loads(done.stdout)
    tried = [o["found"] for o in report["observations"] if o["check"] == "indicators"]
    assert tried[0] == "green light: its pin can be driven; nobody was asked"
    assert tried[-1] == "relay: not tried, nobody asked for it"


def test_while_a_kiosk_runs_its_camera_and_pins_are_its_own(patient: Patient) -> None:
    # Were the camera opened, it would be found lost; were the pins, they could not be had.
    stalls(patient)
    patient.sections["gpio"]["pins"] = "lgpio"
    patient.say()
    done = patient.run("doctor", "--yes")
    assert done.exit_code == 0, done.stdout
    assert "12.0 frames a second, sharpness 80, brightness 120" in done.stdout
    assert "the running kiosk has the pins" in done.stdout
