"""`kiosk-provision cards` as a clerk types it, in processes of their own; and a door that reads."""

import fcntl
import json
import resource
import shutil
import signal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.card_prints import cut_out
from kiosk.app.decode import decoders
from kiosk.door.credential import Credential
from kiosk.eye.frame import Frame
from kiosk.payloads import formats, read
from kiosk.payloads.parts.trust import trusting
from provisioning import issuer_file
from provisioning.cards.form import Form
from provisioning.cli import app
from tests.parts.clerk_commands import PASSPHRASE, PEOPLE, Terminal, done, run


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a ward's folder once: its key is dear by design."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "secret").write_text(PASSPHRASE + "\n", encoding="utf-8")
    (folder / "people.csv").write_text(PEOPLE, encoding="utf-8-sig")
    name = ("--name", "Phường Thử", "--passphrase-file", "secret")
    done(folder, "init", "--ward", "vn-00070", "--folder", "ward", *name)
    return folder


@pytest.fixture
def ward(tmp_path: Path, made: Path) -> Path:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path


PRINT = ("--folder", "ward", "--passphrase-file", "secret")


def issue(ward: Path, target: str = "a.pdf") -> str:
    return done(ward, "issue", "people.csv", *PRINT, "--pdf", target, "--valid-days", "30")


def codes(pdf: Path, count: int, form: Form = Form.SHEET) -> list[bytes]:
    """Return what a door reads on the first cards of a file."""
    (reader, *_) = decoders(None, {})
    found = []
    for picture in cut_out(pdf.read_bytes(), form, count):
        frame = Frame(picture.tobytes(), *picture.size, picture.width, 1, 1)
        found += [s.payload for s in reader.decode(frame) if s.payload]
    return found


def listed(ward: Path, *words: str) -> list[dict[str, object]]:
    return [
        json.loads(x) for x in done(ward, "list", "--folder", "ward", "--json", *words).splitlines()
    ]


def test_a_card_s_whole_life(ward: Path) -> None:
    assert "2 cards issued, numbers 1 to 2" in issue(ward)
    context = trusting([issuer_file.read(ward / "ward/issuer.json")])
    first, second = (read(code, formats(), context) for code in codes(ward / "a.pdf", 2))
    assert isinstance(first, Credential)
    assert isinstance(second, Credential)
    assert [row["name"] for row in listed(ward)] == ["Trần Thị Bình", "Đặng Thùy Ý"]
    assert [row["number"] for row in listed(ward, "dang")] == [2]

    done(ward, "reprint", "1", "2", *PRINT, "--pdf", "b.pdf")
    assert (ward / "a.pdf").read_bytes() == (ward / "b.pdf").read_bytes()
    told = done(ward, "replace", "1", "--why", "lost", *PRINT, "--pdf", "c.pdf", "--form", "card")
    assert "card 1 is revoked, card 3 takes its place" in told
    assert first.subject_id not in told
    done(ward, "extend", "2", "--valid-days", "90", *PRINT, "--pdf", "d.pdf")
    longer = read(codes(ward / "d.pdf", 1)[0], formats(), context)
    assert isinstance(longer, Credential)
    assert longer.subject_id == second.subject_id
    done(ward, "revoke", "2", "--folder", "ward")

    done(ward, "revoked", "--folder", "ward", "--out", "gone.txt")
    gone = (ward / "gone.txt").read_text(encoding="ascii")
    assert gone == "".join(f"{x}\n" for x in sorted([first.subject_id, second.subject_id]))
    assert done(ward, "revoked", "--folder", "ward") == gone
    assert [row["state"] for row in listed(ward)] == ["replaced", "revoked", "valid"]


def test_nobody_else_reads_the_key_the_register_and_the_cards(ward: Path) -> None:
    issue(ward)
    for name in ("ward/issuer.pem", "ward/register.db", "a.pdf"):
        assert (ward / name).stat().st_mode & 0o777 == 0o600
    assert (ward / "ward").stat().st_mode & 0o777 == 0o700
    assert b"ENCRYPTED" in (ward / "ward/issuer.pem").read_bytes()


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file but the lock and the register, of which the cards are what counts."""
    files = [p for p in folder.rglob("*") if p.is_file() and p.name not in ("lock", "register.db")]
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


REFUSED = {
    "wrong passphrase": (
        "issue people.csv --pdf x.pdf --valid-days 9 --passphrase-file people.csv",
        "wrong passphrase",
    ),
    "short passphrase": ("init --ward w --folder new --passphrase-file short", "too short"),
    "second init": ("init --ward w --passphrase-file secret", "is there already"),
    "bad ward": ("init --ward Ward! --folder new --passphrase-file secret", "--ward"),
    "no terminal": ("issue people.csv --pdf x.pdf --valid-days 9", "no terminal"),
    "bad rows": (
        "issue bad.csv --pdf x.pdf --valid-days 9 --passphrase-file secret",
        "bad.csv:3: name",
    ),
    "no list": (
        "issue nobody.csv --pdf x.pdf --valid-days 9 --passphrase-file secret",
        "cannot be read",
    ),
    "a picture": (
        "issue ward/register.db --pdf x.pdf --passphrase-file secret",
        "ward/register.db:",
    ),
    "no end": (
        "issue people.csv --pdf x.pdf --passphrase-file secret",
        "people.csv:2: valid until",
    ),
    "two ends": (
        "issue people.csv --pdf x.pdf --until 1/1/2030 --valid-days 3 --passphrase-file secret",
        "give one",
    ),
    "bad day": (
        "issue people.csv --pdf x.pdf --until soon --passphrase-file secret",
        "--until: write",
    ),
    "bad class": (
        "issue people.csv --pdf x.pdf --valid-days 9 --class vip --passphrase-file secret",
        "--class: not",
    ),
    "present": (
        "issue people.csv --pdf secret --valid-days 9 --passphrase-file secret",
        "is there already",
    ),
    "no place": (
        "issue people.csv --pdf no/x.pdf --valid-days 9 --passphrase-file secret",
        "No such file",
    ),
    "no folder": ("list --folder nowhere", "no such folder"),
    "empty folder": ("list --folder empty", "no register"),
    "no such card": ("revoke 99", "no card with the number 99"),
    "a huge number": ("revoke 99999999999999999999999", "no card with the number"),
    "below all numbers": (
        "revoke --folder ward -- -99999999999999999999",
        "no card with the number",
    ),
    "a huge printing": ("reprint --printing 99999999999999999999 --pdf x.pdf", "no printing"),
    "no such printing": (
        "reprint --printing 7 --pdf x.pdf --passphrase-file secret",
        "no printing",
    ),
    "neither": ("reprint --pdf x.pdf --passphrase-file secret", "name cards, or a printing"),
    "no such state": ("list --state lost", "lost"),
    "no such form": ("reprint 1 --form a5 --pdf x.pdf", "a5"),
    "no number": ("revoke one", "valid integer"),
    "nothing ends": (
        "extend --ending-by 1/1/2026 --valid-days 9 --pdf x.pdf --passphrase-file secret",
        "no card",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_done_is_said_and_changes_nothing(
    ward: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    words, told = REFUSED[name]
    (ward / "short").write_text("x")
    (ward / "bad.csv").write_text("name\nLê An\nTrần 2\n", encoding="utf-8")
    (ward / "empty").mkdir()
    before = tree(ward)
    folder = [] if "--folder" in words else ["--folder", "ward"]
    monkeypatch.chdir(ward)
    ended = CliRunner().invoke(app, ["cards", *words.split(), *folder])
    assert ended.exit_code != 0
    assert isinstance(ended.exception, SystemExit)  # Anything else would be a traceback.
    assert told in ended.output
    assert "Bình" not in ended.output
    assert tree(ward) == before
    assert CliRunner().invoke(app, ["cards", "list", "--folder", "ward"]).output == ""


def test_a_wrong_passphrase_is_one_line(ward: Path) -> None:
    ended = run(
        ward,
        *("issue", "people.csv", "--folder", "ward", "--pdf", "x.pdf", "--valid-days", "9"),
        *("--passphrase-file", "people.csv"),
    )
    assert ended.stderr == "ward/issuer.pem: wrong passphrase, or no key file of ours\n"


def test_a_full_disk_issues_nothing(ward: Path) -> None:
    """No file may grow beyond 48 kB: the register can, the cards of forty people cannot."""

    def small() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (48 * 1024, 48 * 1024))

    names = "".join(f"Lê An,{1950 + number}\n" for number in range(40))
    (ward / "many.csv").write_text("name,birth year\n" + names, encoding="utf-8")
    words = ("issue", "many.csv", *PRINT, "--pdf", "x.pdf", "--valid-days", "9")
    ended = run(ward, *words, before=small)
    assert ended.returncode == 1
    assert ended.stderr == f"{ward}/x.pdf: cannot be written: File too large; nothing was changed\n"
    assert listed(ward) == []
    assert not list(ward.glob("x.pdf*"))
    assert "40 cards issued, numbers 1 to 40" in done(ward, *words)


def test_one_command_at_a_time(ward: Path) -> None:
    with (ward / "ward/lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = run(ward, "list", "--folder", "ward")
    assert (ended.returncode, ended.stderr) == (1, "ward: another command is at work here\n")
    assert listed(ward) == []


def test_a_passphrase_is_asked_for_twice_and_never_shown(tmp_path: Path) -> None:
    for again, code in (("another passphrase", 1), (PASSPHRASE, 0)):
        terminal = Terminal(tmp_path, "init", "--ward", "vn-00070", "--folder", "ward")
        terminal.waits_for("Passphrase of the new key: ")
        terminal.type(PASSPHRASE)
        terminal.waits_for("The same again: ")
        terminal.type(again)
        assert terminal.ends() == code, terminal.shown
        assert PASSPHRASE not in terminal.shown
        assert ("differ; nothing was made" in terminal.shown) == bool(code)
        assert (tmp_path / "ward").exists() == (code == 0)


def test_at_a_terminal_progress_is_shown(ward: Path) -> None:
    words = ("issue", "people.csv", "--folder", "ward", "--pdf", "a.pdf", "--valid-days", "9")
    terminal = Terminal(ward, *words)
    terminal.waits_for("Passphrase of ward/issuer.pem: ")
    terminal.type(PASSPHRASE)
    assert terminal.ends() == 0, terminal.shown
    assert "] 1 of 2\rprinting [" in terminal.shown
    assert "] 2 of 2" in terminal.shown
    assert "2 cards issued" in terminal.shown


def test_a_terminal_without_vietnamese_letters_shows_names_with_gaps(ward: Path) -> None:
    issue(ward)
    ended = run(ward, "list", "--folder", "ward", environ={"PYTHONIOENCODING": "latin-1"})
    assert ended.returncode == 0, ended.stderr
    assert "Tr?n Th? B" in ended.stdout


def test_a_machine_that_cannot_print_says_what_is_missing(ward: Path) -> None:
    """And does all that needs no printing."""
    words = ("issue", "people.csv", *PRINT, "--pdf", "a.pdf", "--valid-days", "9")
    ended = run(ward, *words, without="reportlab")
    assert (ended.returncode, ended.stderr) == (
        *(1, "reportlab is not installed: bash provisioning/setup.sh cards\n"),
    )
    assert run(ward, "list", "--folder", "ward", without="reportlab").returncode == 0
