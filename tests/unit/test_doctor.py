"""The checks of `kiosk doctor` by themselves: what no machine here can be made to have."""

import json
import os
import re
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

from docs import doctor_page
from kiosk import doctor
from kiosk.app.status import Status
from kiosk.app.status_file import StatusFile
from kiosk.doctor import ASCII_SIGNS, SIGNS, Diagnosis, Mark, Observation, fine
from kiosk.doctor.account import Account, KioskCheck, account
from kiosk.doctor.disk import DiskCheck, commit_times_ms
from kiosk.doctor.examination import as_lines, examine, exit_code
from kiosk.doctor.eye import EyeCheck
from kiosk.doctor.machine import Machine, Ran, run
from kiosk.doctor.settings import SettingsCheck
from kiosk.doctor.versions import VersionsCheck
from kiosk.eye.frame import Frame
from tests.parts.markdown import ROOT

RUNS_NOT = Account(runs=False)
FRAME = Frame(bytes(64), 8, 8, 8, 0, 0)


def diagnoses() -> dict[str, Diagnosis]:
    """Return everything that the doctor can find, by name."""
    modules = [import_module(f"kiosk.doctor.{each.name}") for each in iter_modules(doctor.__path__)]
    values = [value for module in modules for value in vars(module).values()]
    values += [each for value in values if isinstance(value, dict) for each in value.values()]
    return {each.name: each for each in values if isinstance(each, Diagnosis)}


class Breaks:
    """A check that fails, with something in its words that nobody may read."""

    name = "breaks"
    after: tuple[str, ...] = ()

    def __call__(self) -> Iterable[Observation]:
        raise RuntimeError("a number from a card")


class Finds:
    """A check that yields what it was given."""

    def __init__(self, name: str, after: tuple[str, ...], *found: Observation) -> None:
        self.name = name
        self.after = after
        self._found = found

    def __call__(self) -> Iterable[Observation]:
        return self._found


LOST = Diagnosis("first.lost", Mark.FAULT, "it is lost", "find it")


def test_a_check_that_breaks_is_a_fault_and_hides_no_other() -> None:
    broken, after = examine([Breaks(), Finds("second", (), fine("second", "well"))])
    assert (broken.mark, broken.diagnosis) == (Mark.FAULT, "doctor.broken")
    assert broken.found == "the check breaks failed: RuntimeError"
    assert "support-bundle" in (broken.fix or "")
    assert after.mark is Mark.FINE


def test_what_a_fault_explains_is_not_examined() -> None:
    first = Finds("first", (), LOST.found("gone"))
    second = Finds("second", ("first.",), LOST.found("never seen"))
    third = Finds("third", ("other.",), fine("third", "well"))
    assert [o.mark for o in examine([first, second, third])] == [
        Mark.FAULT,
        Mark.SKIPPED,
        Mark.FINE,
    ]


def test_the_worst_decides_the_exit_code() -> None:
    marks = [Observation("a", mark, "") for mark in (Mark.FINE, Mark.SKIPPED, Mark.WARNING)]
    assert exit_code(marks[:2]) == 0
    assert exit_code(marks) == 3
    assert exit_code([*marks, Observation("a", Mark.FAULT, "")]) == 1


def test_no_line_moves_a_terminals_cursor() -> None:
    evil = Observation("a", Mark.FINE, "x\x1b[2J\r\ny ✓")
    (line,) = as_lines(evil)
    assert line.isprintable()
    (line,) = as_lines(evil, ascii_only=True)
    assert line.isascii()
    assert set(SIGNS) == set(ASCII_SIGNS) == set(Mark)


def test_every_diagnosis_is_told_with_one_fix() -> None:
    found = diagnoses()
    assert len(found) > 60
    for name, each in found.items():
        assert re.fullmatch(r"[a-z]+\.[a-z0-9-]+", name), name
        assert each.mark in (Mark.WARNING, Mark.FAULT), name
        assert len(each.means) > 10, name
        assert len(each.fix) > 10 or each.fix == "{remedy}", name


def test_every_diagnosis_stands_in_the_table_of_the_page() -> None:
    assert {each.name for each in doctor_page.diagnoses()} == diagnoses().keys()
    page = (ROOT / doctor_page.PAGE).read_text("utf-8")
    assert [name for name in diagnoses() if f"`{name}`" not in page] == []


def test_every_diagnosis_is_planted_by_a_test() -> None:
    suites = [
        *(ROOT / "tests").glob("*/*doctor*.py"),
        ROOT / "tests/unit/test_onboarding_settings.py",
    ]
    text = "".join(path.read_text("utf-8") for path in suites)
    assert {name for name in diagnoses() if f'"{name}"' not in text} == set()


# Disk, eye, versions -----------------------------------------------------------------------------


def observed(check: Callable[[], Iterable[Observation]]) -> Observation:
    (found,) = check()
    return found


def test_a_card_that_commits_slowly_is_named(tmp_path: Path) -> None:
    def slow(_folder: Path) -> list[float]:
        return [40.0, 150.0, 160.0]

    found = observed(DiskCheck(tmp_path / "outbox.db", RUNS_NOT, Machine(tmp_path), slow))
    assert found.diagnosis == "disk.slow"
    assert "150.0 ms" in found.found


def test_commits_are_timed_by_the_clock_that_is_given_and_leave_nothing(tmp_path: Path) -> None:
    ticks = iter(range(1000))
    times_ms = commit_times_ms(tmp_path, lambda: next(ticks) / 100)
    assert times_ms == pytest.approx([10.0] * 15)
    assert [*tmp_path.iterdir()] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_root_writes_as_whoever_owns_the_folder(tmp_path: Path) -> None:
    nobody = 65534
    os.chown(tmp_path, nobody, nobody)
    been = []

    def timed(_folder: Path) -> list[float]:
        been.append((os.geteuid(), os.getegid()))
        return [1.0]

    check = DiskCheck(tmp_path / "outbox.db", RUNS_NOT, Machine(tmp_path), timed)
    assert observed(check).mark is Mark.FINE
    assert been == [(nobody, nobody)]
    assert (os.geteuid(), os.getegid()) == (0, 0)


@pytest.mark.parametrize(
    ("is_root", "name"), [(False, "settings.not-allowed"), (True, "settings.unusable")]
)
def test_whoever_may_not_read_the_keys_is_told_to_be_root(*, is_root: bool, name: str) -> None:
    problem = "kiosk.toml: identity.site_key_file: cannot be read: Permission denied; ..."
    check = SettingsCheck("kiosk.toml", [problem], {}, is_root=is_root)
    assert observed(check).diagnosis == name


def test_decoders_that_read_nothing_are_named() -> None:
    assert observed(EyeCheck(RUNS_NOT, lambda: FRAME, lambda _: 0)).diagnosis == "eye.blind"
    assert observed(EyeCheck(RUNS_NOT, lambda: FRAME, lambda _: 1)).mark is Mark.FINE


def test_a_system_of_32_bits_is_refused(tmp_path: Path) -> None:
    found = observed(VersionsCheck(Machine(tmp_path), RUNS_NOT, "armv7l"))
    assert found.diagnosis == "versions.32-bit"


def test_a_program_that_is_not_there_is_no_error() -> None:
    assert run(["/nowhere/no-such-program"]) is None


# Whether a kiosk runs -----------------------------------------------------------------------------


def systemd(code: int) -> Callable[[object], Ran]:
    return lambda _command: Ran(code, "")


def machine_with(
    tmp_path: Path, code: int = 3, command: str = "python\0-m\0kiosk\0run\0"
) -> Machine:
    for path, content in {"sys/kernel/random/boot_id": "b1\n", "71/cmdline": command}.items():
        (tmp_path / "proc" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "proc" / path).write_text(content)
    return Machine(tmp_path, systemd(code))


def copy_of(tmp_path: Path, boot: str = "b1", mono_s: float = 100) -> Path:
    path = tmp_path / "status.json"
    clock = {"boot": boot, "mono_ns": round(mono_s * 1e9)}
    path.write_text(json.dumps({"pid": 71, "status": {"phase": "ready", "clock": clock}}))
    return path


def test_a_living_writer_that_spoke_of_late_is_believed(tmp_path: Path) -> None:
    known = account(copy_of(tmp_path), machine_with(tmp_path), lambda: 110.0)
    assert (known.runs, known.age_s) == (True, 10.0)
    assert known.word is not None
    silent = account(copy_of(tmp_path), machine_with(tmp_path), lambda: 131.0)
    assert (silent.runs, silent.word) == (True, None)
    assert observed(KioskCheck(silent)).diagnosis == "kiosk.silent"


@pytest.mark.parametrize(
    "what", ["another boot", "another program", "no file", "no json", "a link"]
)
def test_a_word_that_nobody_stands_for_is_not_believed(tmp_path: Path, what: str) -> None:
    path = copy_of(tmp_path, boot="b0" if what == "another boot" else "b1")
    command = "bash\0" if what == "another program" else "kiosk\0"
    if what == "no file":
        path.unlink()
    elif what == "no json":
        path.write_bytes(b"\xff{")
    elif what == "a link":
        path = path.rename(tmp_path / "elsewhere")
        (tmp_path / "status.json").symlink_to(path)
        path = tmp_path / "status.json"
    known = account(path, machine_with(tmp_path, command=command), lambda: 110.0)
    assert (known.runs, known.word) == (False, None)


def test_a_pipe_in_the_place_of_the_copy_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "status.json")
    assert account(tmp_path / "status.json", machine_with(tmp_path), lambda: 1.0).runs is False


def test_a_service_that_has_not_spoken_yet_runs_all_the_same(tmp_path: Path) -> None:
    machine = machine_with(tmp_path, code=0)
    for path in (None, tmp_path / "status.json"):
        known = account(path, machine, lambda: 110.0)
        assert (known.runs, known.word) == (True, None)
        assert observed(KioskCheck(known)).mark is Mark.SKIPPED
    assert account(None, machine_with(tmp_path), lambda: 110.0).runs is None


# The copy of the status --------------------------------------------------------------------------


def test_the_copy_is_whole_and_goes_with_its_writer(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    copy = StatusFile(path)
    for uptime_s in range(3):
        copy.write(Status(online=True, uptime_s=uptime_s))
        assert json.loads(path.read_text())["status"]["uptime_s"] == uptime_s
    assert [each.name for each in tmp_path.iterdir()] == ["status.json"]
    assert path.stat().st_mode & 0o077 == 0
    copy.close()
    copy.close()
    assert not path.exists()


def test_a_place_that_takes_no_copy_stops_nobody(tmp_path: Path) -> None:
    copy = StatusFile(tmp_path / "nowhere" / "status.json")
    for _ in range(2):
        copy.write(Status(online=True))
    copy.close()
    StatusFile(None).write(Status(online=True))
